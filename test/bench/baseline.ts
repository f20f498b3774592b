import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { PROJECT_FOLDER } from "../../src/projectFolder";
import type { Figure } from "./figure";

const FILE = join(PROJECT_FOLDER, "test", "bench", "baseline.json");

/** Figures of an earlier run, and the machine that speeds and times depend on. */
export interface Baseline {
  readonly machine: string;
  /** By what they are. */
  readonly figures: Readonly<Record<string, { readonly ours: number; readonly unit: string }>>;
}

/** The baseline that was recorded last, or undefined. */
export function readBaseline(): Baseline | undefined {
  return existsSync(FILE) ? (JSON.parse(readFileSync(FILE, "utf8")) as Baseline) : undefined;
}

/** Makes these figures the baseline. */
export function recordBaseline(figures: readonly Figure[]): void {
  const baseline: Baseline = {
    machine: `${cpus().length} cores of ${cpus()[0]?.model ?? "an unknown kind"}, Node.js ${process.version}`,
    figures: Object.fromEntries(figures.map(({ what, ours, unit }) => [what, { ours, unit }])),
  };
  writeFileSync(FILE, `${JSON.stringify(baseline, null, 2)}\n`);
}
