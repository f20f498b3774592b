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

const isText = (value: unknown) => typeof value === "string";
const isNumber = (value: unknown) => typeof value === "number";
const isList = (value: unknown) => Array.isArray(value);
const isFlag = (value: unknown) => typeof value === "boolean";
const isObject = (value: unknown) => typeof value === "object" && value !== null;

/** What a plan must have, and of what kind it is; the rest is absent in some. */
const PLAN_FIELDS: Partial<Record<keyof RunPlan, (value: unknown) => boolean>> = {
  city: isText,
  nodes: isList,
  seed: isNumber,
  startUtcMs: isNumber,
  durationMs: isNumber,
  speed: isNumber,
  configuration: isObject,
  bytecode: isText,
  replays: isList,
  cues: isList,
  warmerCel: isNumber,
  judged: isFlag,
  lateAfterMs: isNumber,
  log: isFlag,
};

/**
 * Reads a recorded run.
 *
 * @throws InputError when the file is none
 */
export function readRecordedRun(file: string): RecordedRun {
  let packed: Uint8Array;
  try {
    packed = readFileSync(file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new InputError(
      `--play ${file}${code === "ENOENT" ? ": no such file" : ` cannot be read: ${code ?? String(error)}`}`,
    );
  }
  let recorded: Partial<Recorded> | null;
  try {
    recorded = JSON.parse(gunzipSync(packed).toString(), (_key, value: unknown) =>
      value === "Infinity" || value === "NaN" || value === "-Infinity" ? Number(value) : value,
    ) as Partial<Recorded> | null;
  } catch {
    // A file that was cut off has no check sum either.
    throw new InputError(`--play ${file}: expected a whole file that --record has written`);
  }
  if (recorded?.format !== FORMAT)
    throw new InputError(`--play ${file}: expected the format ${FORMAT}`);
  const { plan, digest } = recorded;
  const wrong = Object.entries(PLAN_FIELDS).find(
    ([name, fits]) => !fits((plan as Record<string, unknown> | undefined)?.[name]),
  );
  if (wrong || !plan || digest === undefined)
    throw new InputError(
      `--play ${file}: expected a file that --record has written; ${wrong ? `plan.${wrong[0]}` : "digest"} is missing or wrong`,
    );
  return { plan: { ...plan, bytecode: Buffer.from(plan.bytecode, "base64") }, digest };
}
