import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { PROJECT_FOLDER } from "../../../src/projectFolder";
import { nodeName } from "../../../src/sim/citySimulation";
import { runFleet } from "../../../src/sim/run/fleet";
import { cuesOf } from "../../../src/sim/scenario/cues";
import { durationMs, parseScenario } from "../../../src/sim/scenario/scenario";
import { shortcomings, totals, type Verdict } from "../../../src/sim/verdict/verdict";
import { compileProgram } from "../../../src/toolchain/compile";
import { modulesParentFolder } from "../../../src/toolchain/devicescriptBundle";
import { loadFirmware } from "../../../src/toolchain/firmware";
import { START_UTC_MS } from "../../support/simulatedCity";

/** An outage of the broker, and a cloud of dust that every node must see and tell of. */
const SCENARIO = parseScenario(
  `{ "description": "dust", "for": "18m",
     "steps": [{ "do": "broker-down", "at": "7m", "for": "2m" }] }`,
  "dust",
);
const DUST = [
  { timeMs: 0, value: 20 },
  { timeMs: 599_000, value: 20 },
  { timeMs: 600_000, value: 160 },
  { timeMs: 780_000, value: 160 },
  { timeMs: 781_000, value: 20 },
  { timeMs: 1_500_000, value: 20 },
];

const folders: string[] = [];

afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

/** The firmware with a fault put into one of its files. */
function mutant(file: string, healthy: string, broken: string, more = ""): Uint8Array {
  const folder = mkdtempSync(join(tmpdir(), "streetnode-mutant-"));
  folders.push(folder);
  for (const part of ["devs", "boards", "package.json", "devsconfig.json"])
    cpSync(join(PROJECT_FOLDER, part), join(folder, part), { recursive: true });
  symlinkSync(join(modulesParentFolder(), "node_modules"), join(folder, "node_modules"));
  const path = join(folder, file);
  const text = readFileSync(path, "utf8");
  expect(text, `${file} has changed: this mutant needs a new place`).toContain(healthy);
  writeFileSync(path, text.replace(healthy, broken) + more);
  return compileProgram("devs/main.ts", { projectFolder: folder, version: "0.0.0", compact: true })
    .bytecode;
}

async function judge(bytecode: Uint8Array): Promise<Verdict> {
  const nodes = [nodeName("berkane", 1)];
  const { verdict } = await runFleet(
    {
      city: "berkane",
      nodes,
      seed: 3,
      startUtcMs: START_UTC_MS,
      durationMs: durationMs(SCENARIO.for),
      speed: Infinity,
      configuration: { channels: { LAF: { periodS: 10 } } },
      replays: [{ metric: "pm10", rows: DUST }],
      bytecode,
      cues: cuesOf(SCENARIO, nodes, 3),
      warmerCel: 0,
      judged: true,
      lateAfterMs: 300_000,
      log: false,
    },
    {},
    { threads: 1 },
  );
  if (!verdict) throw new Error("a judged run gives a verdict");
  return verdict;
}

describe("the verdict", () => {
  it("finds nothing wrong with the firmware, and says the same again", async () => {
    const { bytecode } = loadFirmware();
    const verdict = await judge(bytecode);
    expect(shortcomings(verdict), verdict.nodes[0]?.notes.join()).toEqual([]);
    const { readings, truth } = totals(verdict);
    expect(readings.delivered).toBeGreaterThan(20);
    expect(truth.compared).toBeGreaterThan(20);
    expect(readings.reported).toBe(
      readings.delivered + readings.droppedAndSaid + readings.lostWithPower + readings.waiting,
    );
    expect(JSON.stringify(await judge(bytecode))).toBe(JSON.stringify(verdict));
  }, 120_000);

  it("catches a filter that swallows a peak", async () => {
    const verdict = await judge(
      mutant(
        "devs/filter/trendChain.ts",
        "override accept(value: number, timeS: number): number {",
        "override accept(value: number, timeS: number): number {\n    if (value > 120) return 1;",
      ),
    );
    expect(totals(verdict).truth.swallowed).toBeGreaterThan(0);
    expect(verdict.nodes[0]?.notes.join()).toMatch(/pm10 at 6\d\d/);
    expect(shortcomings(verdict).join()).toContain("ought to have been reported");
  }, 120_000);

  it("catches an outbox that forgets one reading", async () => {
    const verdict = await judge(
      mutant(
        "devs/outbox/outbox.ts",
        "    while (!log.append(",
        "    if (++forgetful === 30) return true;\n    while (!log.append(",
        "let forgetful = 0;\n",
      ),
    );
    expect(totals(verdict).readings.unexplained).toBe(1);
  }, 120_000);
});
