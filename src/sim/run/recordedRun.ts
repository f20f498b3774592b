import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { gunzipSync, gzipSync } from "node:zlib";
import { InputError } from "../../inputError";
import type { Verdict } from "../verdict/verdict";
import type { RunPlan } from "./runPlan";
import type { ShardResult } from "./shard";

const FORMAT = "streetnode-run-1";

interface Recorded {
  readonly format: string;
  /** The plan, its bytecode as base64, and what JSON has no number for as a word. */
  readonly plan: Omit<RunPlan, "bytecode"> & { readonly bytecode: string };
  readonly digest: string;
}

/** A run that was recorded. */
export interface RecordedRun {
  readonly plan: RunPlan;
  /** What its result hashed to. */
  readonly digest: string;
}

/** A hash of all that came out of a run and does not depend on the machine. */
export function digestOf({ virtualMs, nodes, broker, verdict }: ShardResult): string {
  const judged: Partial<Verdict> = verdict
    ? { nodes: verdict.nodes, series: verdict.series, duplicates: verdict.duplicates }
    : {};
  return createHash("sha256")
    .update(JSON.stringify({ virtualMs, nodes, broker, judged }))
    .digest("hex");
}

/**
 * Writes down a run in virtual time: its plan with the very bytecode, and a hash of what came
 * out. That is all it takes to repeat it, also after the firmware has changed.
 */
export function recordRun(file: string, plan: RunPlan, result: ShardResult): void {
  const recorded: Recorded = {
    format: FORMAT,
    plan: { ...plan, bytecode: Buffer.from(plan.bytecode).toString("base64") },
    digest: digestOf(result),
  };
  const text = JSON.stringify(recorded, (_key, value: unknown) =>
    typeof value === "number" && !Number.isFinite(value) ? String(value) : value,
  );
  writeFileSync(file, gzipSync(text));
}

/**
 * Reads a recorded run.
 *
 * @throws InputError when the file is none
 */
export function readRecordedRun(file: string): RecordedRun {
  let recorded: Recorded;
  try {
    recorded = JSON.parse(gunzipSync(readFileSync(file)).toString(), (_key, value: unknown) =>
      value === "Infinity" || value === "NaN" || value === "-Infinity" ? Number(value) : value,
    ) as Recorded;
  } catch {
    throw new InputError(`--play ${file}: expected a file that --record has written`);
  }
  if (recorded.format !== FORMAT)
    throw new InputError(`--play ${file}: expected the format ${FORMAT}`);
  return {
    plan: { ...recorded.plan, bytecode: Buffer.from(recorded.plan.bytecode, "base64") },
    digest: recorded.digest,
  };
}
