import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { digestOf, readRecordedRun, recordRun } from "../../../src/sim/run/recordedRun";
import type { RunPlan } from "../../../src/sim/run/runPlan";
import type { ShardResult } from "../../../src/sim/run/shard";

const PLAN: RunPlan = {
  city: "berkane",
  nodes: ["bk-0001"],
  seed: 7,
  startUtcMs: 1_773_982_800_000,
  durationMs: 60_000,
  speed: Infinity,
  configuration: { noise: { on: false } },
  replays: [{ metric: "pm25", rows: [{ timeMs: 0, value: NaN }] }],
  bytecode: Uint8Array.of(1, 2, 255),
  scenario: { name: "night", description: "one night" },
  cues: [{ atMs: 5, untilMs: Infinity, node: "bk-0001", action: { do: "lamp-out" } }],
  warmerCel: -0.5,
  judged: true,
  lateAfterMs: 600_000,
  log: false,
};
const RESULT: ShardResult = { virtualMs: 60_000, nodes: [], latest: { lateMs: 0, atMs: 0 } };

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "streetnode-recorded-"));
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** A file with that content. */
function fileOf(content: string | Uint8Array): string {
  const file = join(folder, "run.rec");
  writeFileSync(file, content);
  return file;
}

const packed = (value: unknown) => gzipSync(JSON.stringify(value));

describe("a recorded run", () => {
  it("is read as it was written, with its bytecode and what JSON has no number for", () => {
    const file = join(folder, "whole.rec");
    recordRun(file, PLAN, RESULT);
    const { plan, digest } = readRecordedRun(file);
    expect(plan).toEqual({ ...PLAN, bytecode: Buffer.from(PLAN.bytecode) });
    expect(digest).toBe(digestOf(RESULT));
    expect(digestOf({ ...RESULT, virtualMs: 59_999 })).not.toBe(digest);
  });

  it("is refused, with the file's name and what was expected, where it is none", () => {
    const whole = join(folder, "whole.rec");
    recordRun(whole, PLAN, RESULT);
    const format = "streetnode-run-1";
    const { bytecode, ...rest } = PLAN;
    const plan = { ...rest, speed: 1, bytecode: Buffer.from(bytecode).toString("base64") };
    const cases: [string | Uint8Array, string][] = [
      ["", ": expected a whole file that --record has written"],
      ["t_s,lux\n0,1\n", ": expected a whole file that --record has written"],
      [readFileSync(whole).subarray(0, -9), ": expected a whole file that --record has written"],
      [gzipSync("not JSON"), ": expected a whole file that --record has written"],
      [packed(null), ": expected the format streetnode-run-1"],
      [packed([]), ": expected the format streetnode-run-1"],
      [packed({ format: "streetnode-run-0" }), ": expected the format streetnode-run-1"],
      [packed({ format }), "; plan.city is missing or wrong"],
      [packed({ format, plan: 5, digest: "" }), "; plan.city is missing or wrong"],
      [packed({ format, plan: { ...plan, cues: null }, digest: "" }), "; plan.cues is missing or"],
      [packed({ format, plan: { ...plan, seed: "1" }, digest: "" }), "; plan.seed is missing or"],
      [packed({ format, plan }), "; digest is missing or wrong"],
    ];
    for (const [content, message] of cases) {
      const file = fileOf(content);
      expect(() => readRecordedRun(file), message).toThrow(`--play ${file}: expected `);
      expect(() => readRecordedRun(file)).toThrow(message);
    }
    expect(() => readRecordedRun(join(folder, "none.rec"))).toThrow("none.rec: no such file");
    expect(() => readRecordedRun(folder)).toThrow("cannot be read: EISDIR");
  });
});
