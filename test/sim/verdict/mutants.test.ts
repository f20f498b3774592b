import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { PROJECT_FOLDER } from "../../../src/projectFolder";
import { nodeName } from "../../../src/sim/citySimulation";
import { runFleet } from "../../../src/sim/run/fleet";
import { cuesOf } from "../../../src/sim/scenario/cues";
import { durationMs } from "../../../src/duration";
import { parseScenario } from "../../../src/sim/scenario/scenario";
import { verdictHtml } from "../../../src/sim/verdict/html";
import { shortcomings, totals, type Verdict } from "../../../src/sim/verdict/verdict";
import { loadFirmware } from "../../../src/toolchain/firmware";
import { SourceLines } from "../../../src/toolchain/sourceLines";
import { mutant } from "../../support/mutant";
import { START_UTC_MS } from "../../support/simulatedCity";

/** A dead chip, an outage of the broker, and a cloud of dust that every node must see and tell of. */
const SCENARIO = parseScenario(
  `{ "description": "dust", "for": "18m",
     "steps": [
       { "do": "chip-fault", "at": "150s", "for": "3m", "chip": "ina226", "fault": { "noAnswer": true } },
       { "do": "broker-down", "at": "7m", "for": "2m" }
     ] }`,
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

/** Told within the dust, and no reading of a level that is most of the work. */
const CONFIGURATION = {
  channels: {
    LAF: { periodS: 10 },
    pm10: { alarms: [{ above: 90, clear: 70, raiseDelayS: 30 }] },
  },
};

/** What a run of the scenario said, as a verdict and as a report. */
async function judge(
  bytecode: Uint8Array,
  { forMs = durationMs(SCENARIO.for), count = 1, threads = 1 } = {},
): Promise<{ verdict: Verdict; report: string }> {
  const nodes = Array.from({ length: count }, (_, i) => nodeName("berkane", i + 1));
  const { verdict, virtualMs } = await runFleet(
    {
      city: "berkane",
      nodes,
      seed: 3,
      startUtcMs: START_UTC_MS,
      durationMs: forMs,
      speed: Infinity,
      configuration: CONFIGURATION,
      replays: [{ metric: "pm10", rows: DUST }],
      bytecode,
      cues: cuesOf(SCENARIO, nodes, 3),
      warmerCel: 0,
      judged: true,
      lateAfterMs: 300_000,
      log: false,
    },
    {},
    { threads },
  );
  if (!verdict) throw new Error("a judged run gives a verdict");
  const facts = {
    name: "dust",
    description: SCENARIO.description,
    seed: 3,
    startUtcMs: START_UTC_MS,
    virtualSeconds: virtualMs / 1000,
  };
  return { verdict, report: verdictHtml(verdict, facts) };
}

describe("the verdict", () => {
  it("finds nothing wrong with the firmware, and says the same again on several threads", async () => {
    const { bytecode } = loadFirmware();
    const { verdict, report } = await judge(bytecode, { count: 2 });
    expect(shortcomings(verdict), verdict.nodes[0]?.notes.join()).toEqual([]);
    const { readings, truth, alarms, faultsExpected, faultsNoticed } = totals(verdict);
    expect([faultsExpected, faultsNoticed]).toEqual([2, 2]);
    expect(alarms).toMatchObject({ due: 2, missed: 0, false: 0 });
    expect(readings.delivered).toBeGreaterThan(20);
    expect(truth.compared).toBeGreaterThan(20);
    expect(readings.reported).toBe(
      readings.delivered + readings.droppedAndSaid + readings.lostWithPower + readings.waiting,
    );
    const again = await judge(bytecode, { count: 2, threads: 2 });
    expect(again.report === report, "two reports of one seed are equal to the last byte").toBe(
      true,
    );
  }, 300_000);

  it("catches a filter that swallows a peak, an outbox that forgets one reading, a wrong count and a wrong mean level", async () => {
    const { bytecode } = mutant(
      {
        file: "devs/acoustics/noiseWindow.ts",
        healthy: "this.laeqDb = Math.log(this.energy / this.samples) / NEPERS_PER_DB;",
        broken: "this.laeqDb = Math.log(this.energy / this.samples) / NEPERS_PER_DB + 3;",
      },
      {
        file: "devs/filter/trendChain.ts",
        healthy: "override accept(value: number, timeS: number): number {",
        broken:
          "override accept(value: number, timeS: number): number {\n    if (value > 120) return 1;",
      },
      {
        file: "devs/outbox/outbox.ts",
        healthy: "    while (!log.append(",
        broken: "    if (++forgetful === 30) return true;\n    while (!log.append(",
        more: "let forgetful = 0;\n",
      },
      {
        file: "devs/node/sensing.ts",
        healthy: "    this.reported++;",
        broken: "    if (timeS < 600) this.reported++;",
      },
    );
    const { verdict } = await judge(bytecode);
    expect(totals(verdict).counters.wrong).toBeGreaterThan(0);
    expect(shortcomings(verdict).join()).toContain("wrong count");
    expect(totals(verdict).truth.swallowed).toBeGreaterThan(0);
    expect(verdict.nodes[0]?.notes.join()).toMatch(/pm10 at 6\d\d/);
    expect(totals(verdict).truth.wrong).toBeGreaterThan(0);
    expect(verdict.nodes[0]?.notes.join()).toMatch(/LAeq at 600/);
    expect(shortcomings(verdict).join()).toContain("ought to have been reported");
    expect(totals(verdict).readings.unexplained).toBe(1);
  }, 300_000);

  it("catches alarms and faults that are not told, wrong values, wrong times and a reading sent twice", async () => {
    const { bytecode } = mutant(
      {
        file: "devs/node/sensing.ts",
        healthy: "if (!(alarms.changed & (1 << i))) continue;",
        broken: "if ((alarms.changed & (1 << i)) < 99) continue;",
      },
      {
        file: "devs/node/sensing.ts",
        healthy: "    if (fault || sampler.told())\n",
        broken: "    if (!fault && sampler.told())\n",
      },
      {
        file: "devs/node/sensing.ts",
        healthy: "    else this.take(channel, value, timeS);",
        broken: "    else this.take(channel, channel === DUSTY ? value * 1.5 : value, timeS);",
        more: 'const DUSTY = metricIndex("pm10");\n',
      },
      {
        file: "devs/report/packSource.ts",
        healthy: "if (times === PackTimes.Relative) shiftS = -nowS;",
        broken: "if (times === PackTimes.Relative) shiftS = -nowS;\n    shiftS += 5;",
      },
      {
        file: "devs/outbox/outbox.ts",
        healthy: "    while (!log.append(",
        broken:
          "    if (++eager === 30) log.append(channel, scaled, Math.round(timeS));\n    while (!log.append(",
        more: "let eager = 0;\n",
      },
    );
    const { verdict } = await judge(bytecode);
    const { alarms, faultsExpected, faultsNoticed, truth, readings } = totals(verdict);
    expect(alarms).toMatchObject({ due: 1, missed: 1 });
    expect([faultsExpected, faultsNoticed]).toEqual([1, 0]);
    expect(truth.wrong).toBeGreaterThan(0);
    expect(verdict.nodes[0]?.notes.join()).toMatch(/pm10 at/);
    expect(readings.timeOff).toBeGreaterThan(readings.delivered / 2);
    expect(readings.altered).toBe(1);
    const problems = shortcomings(verdict).join();
    for (const problem of [
      "readings that the node never reported",
      "with a wrong time",
      "farther from the truth",
      "1 alarms missed",
      "1 faults that the city never heard of",
    ])
      expect(problems).toContain(problem);
  }, 300_000);

  it("names the source lines of a panic, those of a function that was put into another one too", async () => {
    const restore = "await this.journal.restore();";
    const mishap =
      '\nfunction mishap(busy: boolean): void {\n  if (busy) throw new Error("told to");\n}\n';
    const { bytecode, debugInfo } = mutant({
      file: "devs/outbox/journaling.ts",
      healthy: restore,
      broken: `${restore} mishap(this.busy);`,
      more: mishap,
    });
    const { verdict } = await judge(bytecode, { forMs: 4_000 });
    expect(shortcomings(verdict).join()).toMatch(/\d panics/);
    const stack = new SourceLines(debugInfo).translate(verdict.nodes[0]?.panicsAt[0] ?? "");
    expect(debugInfo.functions.map(({ name }) => name).join()).not.toContain("mishap");
    const thrown = lineOf("devs/outbox/journaling.ts", "throw new Error", mishap);
    const called = lineOf("devs/node/delivery.ts", "await journaling.restore();");
    expect(stack).toContain(`at restore (${thrown})`);
    expect(stack).toContain(`at run (${called})`);
  }, 300_000);
});

/** The place of that code in a file of the project with `more` at its end: `file:line`. */
function lineOf(file: string, code: string, more = ""): string {
  const text = readFileSync(join(PROJECT_FOLDER, file), "utf8") + more;
  return `${file}:${text.split("\n").findIndex((line) => line.includes(code)) + 1}`;
}
