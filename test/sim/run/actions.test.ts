import { describe, expect, it } from "vitest";
import { nodeName } from "../../../src/sim/citySimulation";
import { runFleet } from "../../../src/sim/run/fleet";
import { cuesOf } from "../../../src/sim/scenario/cues";
import { durationMs } from "../../../src/duration";
import { parseScenario } from "../../../src/sim/scenario/scenario";
import { totals, type NodeVerdict, type Verdict } from "../../../src/sim/verdict/verdict";
import { loadFirmware } from "../../../src/toolchain/firmware";
import { START_UTC_MS } from "../../support/simulatedCity";

/** Without the noise meter, which is most of the work, and readings that do not wait for long. */
const CONFIGURATION = { noise: { on: false }, release: { periodS: 10 } };
const NIGHT = Date.UTC(2026, 2, 20, 22);

interface Case {
  readonly step: object;
  readonly does: string;
  readonly startUtcMs?: number;
  readonly check: (node: NodeVerdict, verdict: Verdict) => void;
}

/** Connections that the broker saw from one minute of the run to another. */
function connects({ series }: Verdict, fromMin: number, toMin: number): number {
  const minutes = series.connects.slice(fromMin, toMin);
  expect(series.stepS).toBe(60);
  return minutes.reduce((sum, count) => sum + count, 0);
}

const CASES: readonly Case[] = [
  {
    step: { do: "broker-down", at: "4m", for: "3m" },
    does: "leaves the node without its broker, and what it measured is late",
    check: (node, verdict) => {
      expect(connects(verdict, 4, 7)).toBe(0);
      expect(connects(verdict, 7, 12)).toBe(1);
      expect(node.readings.late).toBeGreaterThan(0);
    },
  },
  {
    step: { do: "broker-down", at: "4m", for: "3m", silently: true, sessions: "lost" },
    does: "leaves the node with a dead connection, which it has to find out",
    check: (node, verdict) => {
      expect(connects(verdict, 7, 12)).toBe(1);
      expect(node.readings.unexplained).toBe(0);
    },
  },
  {
    step: { do: "network", at: "4m", for: "5m", lossPct: 100 },
    does: "lets nothing through",
    check: (node, verdict) => {
      expect(node.readings.latestS).toBeGreaterThan(120);
      expect(verdict.series.delivered.slice(5, 9)).toEqual([0, 0, 0, 0]);
    },
  },
  {
    step: { do: "network", at: "1m", for: "10m", delayMs: 4000 },
    does: "lets everything through later",
    check: (node) => {
      expect(node.readings.latestS).toBeGreaterThanOrEqual(14);
      expect(node.reconnects).toBe(0);
    },
  },
  {
    step: { do: "half-open", at: "4m" },
    does: "leaves the node with a connection that nobody listens to",
    check: (node) => {
      expect(node.reconnects).toBe(1);
      expect(node.readings.unexplained).toBe(0);
    },
  },
  {
    step: { do: "wifi-gone", at: "4m", for: "3m" },
    does: "takes the network from the node",
    check: (node, verdict) => {
      expect(connects(verdict, 4, 7)).toBe(0);
      expect(connects(verdict, 7, 12)).toBe(1);
      expect(node.boots).toBe(1);
    },
  },
  {
    step: { do: "power-cut", at: "4m", for: "3m" },
    does: "takes the power, which the city hears from the last will",
    check: (node, verdict) => {
      expect(node.boots).toBe(2);
      expect(verdict.series.reported.slice(5, 7)).toEqual([0, 0]);
      expect(node.faults).toMatchObject([{ fault: "no power", atS: 240 }]);
      expect(node.faults[0]?.noticedAfterS).toBeLessThan(100);
      expect(node.faults[0]?.clearedAfterS).toBeLessThan(30);
    },
  },
  {
    step: { do: "brown-out", at: "4m", times: 3, every: "40s", off: "5s" },
    does: "takes the power again and again",
    check: (node) => expect(node.boots).toBe(4),
  },
  {
    step: { do: "chip-fault", at: "3m", for: "4m", chip: "sen55", fault: { noAnswer: true } },
    does: "takes a chip off the bus, which the node says, and that it is back",
    check: (node) => {
      expect(node.faults).toMatchObject([{ fault: "sen55: no answer", atS: 180 }]);
      expect(node.faults[0]?.noticedAfterS).toBeLessThan(60);
      expect(node.faults[0]?.clearedAfterS).toBeLessThan(300);
      expect(node.falseFaults).toBe(0);
    },
  },
  {
    step: { do: "chip-fault", at: "3m", for: "4m", chip: "veml7700", fault: { busStuck: true } },
    does: "holds the bus, which the node says of the bus",
    check: (node) => {
      expect(node.faults).toMatchObject([{ fault: "i2c: stuck" }]);
      expect(node.faults[0]?.noticedAfterS).toBeLessThan(90);
      expect(node.falseFaults).toBe(0);
    },
  },
  {
    step: {
      do: "chip-fault",
      at: "3m",
      for: "8m",
      chip: "sen55",
      fault: { driftPctPerHour: 9000 },
    },
    does: "bends the values of a chip, which the node cannot know",
    check: (node) => {
      expect(node.truth.wrongUnderFault).toBeGreaterThan(3);
      expect(node.truth.wrong).toBe(0);
      expect(node.faults).toEqual([]);
    },
  },
  {
    step: { do: "lamp-out", at: "3m", for: "6m30s" },
    does: "puts the lamp out at night, which the node says as lamp-fault and lamp-ok",
    startUtcMs: NIGHT,
    check: (node) => {
      expect(node.faults).toMatchObject([{ fault: "lamp out", atS: 180 }]);
      expect(node.faults[0]?.noticedAfterS).toBeLessThan(200);
      expect(node.faults[0]?.clearedAfterS).toBeLessThan(120);
      expect(node.eventCounts).toMatchObject({ "lamp-fault lamp-out": 1, "lamp-ok lamp-out": 1 });
    },
  },
  {
    step: { do: "lamp-out", at: "3m", for: "6m30s" },
    does: "cannot be seen of a lamp by day",
    startUtcMs: Date.UTC(2026, 2, 20, 12),
    check: (node) => {
      expect(node.faults).toEqual([]);
      expect(node.falseFaults).toBe(0);
    },
  },
  {
    step: { do: "beacon-wrong", at: "1s", for: "11m", offsetS: 7200 },
    does: "gives the node a wrong time",
    check: ({ readings }) =>
      expect(readings.timeOffUnderWrongBeacon).toBeGreaterThan(readings.delivered / 2),
  },
  {
    step: { do: "beacon-wrong", at: "1s", for: "11m", silent: true },
    does: "leaves the node without the time: what it sends is dated by its arrival",
    check: (node) => expect(node.readings.timeOff).toBe(0),
  },
  {
    step: { do: "configure", at: "3m", document: { channels: { lampVoltage: { on: false } } } },
    does: "gives the node a configuration, which it says is in force",
    check: (node) => {
      expect(node.orders).toMatchObject([{ order: "configuration 1", result: "in-force" }]);
      expect(node.orders[0]?.answeredAfterS).toBeLessThan(60);
    },
  },
  {
    step: { do: "command", at: "3m", command: { command: "self-test" } },
    does: "gives the node a command, which it answers",
    check: (node) => {
      expect(node.orders).toMatchObject([{ order: "self-test", result: "done" }]);
      expect(node.orders[0]?.answeredAfterS).toBeLessThan(60);
    },
  },
  {
    step: { do: "command", at: "3m", command: { command: "restart" } },
    does: "has the node start anew, without a loss",
    check: (node) => {
      expect(node.orders).toMatchObject([{ order: "restart", result: "done" }]);
      expect(node.boots).toBe(2);
      expect(node.readings.lostWithPower).toBe(0);
    },
  },
];

describe("what a scenario does", () => {
  for (const { step, does, startUtcMs, check } of CASES)
    it(`${JSON.stringify(step)} ${does}`, async () => {
      const text = JSON.stringify({ description: "one step", for: "12m", steps: [step] });
      const scenario = parseScenario(text, "test");
      const nodes = [nodeName("berkane", 1)];
      const { verdict } = await runFleet(
        {
          city: "berkane",
          nodes,
          seed: 5,
          startUtcMs: startUtcMs ?? START_UTC_MS,
          durationMs: durationMs(scenario.for),
          speed: Infinity,
          configuration: CONFIGURATION,
          replays: [],
          bytecode: loadFirmware().bytecode,
          cues: cuesOf(scenario, nodes, 5),
          warmerCel: 0,
          judged: true,
          lateAfterMs: 60_000,
          log: false,
        },
        {},
        { threads: 1 },
      );
      const node = verdict?.nodes[0];
      if (!verdict || !node) throw new Error("a judged run gives a verdict");
      check(node, verdict);
      expect(totals(verdict).readings.unexplained).toBe(0);
      expect(node.panics).toBe(0);
    }, 300_000);
});
