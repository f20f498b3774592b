import { describe, expect, it } from "vitest";
import type { HealthMessage } from "../../../devs/contract/messages";
import { CounterCheck } from "../../../src/sim/verdict/counterCheck";
import { FaultWatch } from "../../../src/sim/verdict/faultWatch";
import { Ledger } from "../../../src/sim/verdict/ledger";
import type { Cue } from "../../../src/sim/scenario/cues";

const report = (value: number, timeMs: number, boot = 1) => ({
  metric: "temperature",
  value,
  timeMs,
  boot,
});

describe("a ledger", () => {
  it("finds the reading that got lost between others", () => {
    const ledger = new Ledger(60_000);
    for (const [value, atMs] of [
      [20.1, 1000],
      [20.4, 2000],
      [20.7, 3000],
    ] as const)
      ledger.reported(report(value, atMs));
    ledger.arrived("temperature", 20.1, 1000, 5000);
    ledger.arrived("temperature", 20.7, 3000, 70_000);
    expect(ledger.accounts(71_000).readings).toMatchObject({
      reported: 3,
      delivered: 2,
      late: 1,
      unexplained: 1,
      waiting: 0,
    });
  });

  it("tells what waits from what went with the power, and an altered value from both", () => {
    const ledger = new Ledger(60_000);
    ledger.reported(report(20.1, 1000));
    ledger.arrived("temperature", 20.1, 1000, 1500);
    ledger.reported(report(20.4, 2000));
    ledger.ended(1, 2500);
    ledger.reported(report(21, 9000, 2));
    ledger.arrived("temperature", 35, 9000, 9500);
    expect(ledger.accounts(10_000).readings).toMatchObject({
      delivered: 1,
      lostWithPower: 1,
      waiting: 1,
      altered: 1,
      unexplained: 0,
    });
  });
});

const WRONG_BEACON = [{ fromMs: 100_000, toMs: 200_000, offsetMs: 7_200_000 }];

describe("a ledger of times", () => {
  it("takes a reading whose time a wrong beacon put ahead for itself, and for no later one of its value", () => {
    const ledger = new Ledger(60_000, WRONG_BEACON);
    for (const atMs of [150_000, 160_000, 170_000]) ledger.reported(report(20, atMs));
    ledger.arrived("temperature", 20, 7_350_000, 171_000);
    expect(ledger.accounts(172_000).readings).toMatchObject({ unexplained: 0, waiting: 2 });
  });

  it("finds the reading whose time is wrong, and excuses what a wrong beacon explains", () => {
    const ledger = new Ledger(60_000, WRONG_BEACON);
    for (const atMs of [1000, 150_000, 1_000_000, 9_000_000])
      ledger.reported(report(atMs / 1000, atMs));
    ledger.arrived("temperature", 1, 7000, 8000);
    ledger.arrived("temperature", 150, 7_350_000, 151_000);
    ledger.arrived("temperature", 1000, 8_200_000, 1_001_000);
    expect(ledger.accounts(1_100_000).readings).toMatchObject({
      delivered: 3,
      timeOff: 1,
      timeOffUnderWrongBeacon: 2,
    });
    ledger.arrived("temperature", 9000, 9_005_000, 9_006_000);
    expect(ledger.accounts(9_100_000).readings).toMatchObject({ delivered: 4, timeOff: 2 });
  });
});

describe("a ledger of what waits", () => {
  it("goes by the order of reporting: a swinging door tells of an earlier time", () => {
    const ledger = new Ledger(60_000);
    ledger.reported(report(20.1, 9000));
    ledger.reported({ ...report(40, 4000), metric: "humidity" });
    ledger.arrived("temperature", 20.1, 9000, 9500);
    expect(ledger.accounts(10_000).readings).toMatchObject({ waiting: 1, unexplained: 0 });
  });

  it("takes a silence of five minutes before a power cut for no outage", () => {
    const ledger = new Ledger(60_000);
    ledger.reported(report(20.1, 1000));
    ledger.reported(report(20.4, 2000));
    ledger.arrived("temperature", 20.4, 2000, 3000);
    ledger.ended(1, 303_000);
    expect(ledger.accounts(400_000).readings).toMatchObject({ lostWithPower: 0, unexplained: 1 });
  });
});

const SURROUNDINGS = {
  endMs: 3_000_000,
  world: { value: () => undefined },
  lamp: { on: true, darkLx: 8 },
};

describe("the faults of a script", () => {
  const cue: Cue = {
    atMs: 1_000_000,
    untilMs: 2_000_000,
    node: "bk-0001",
    action: { do: "chip-fault", chip: "sen55", fault: { noAnswer: true } },
  };
  const fault = { event: "sensor-fault", chip: "sen55", boot: 1, seq: 1 };

  it("are noticed, or not, or false", () => {
    const watch = new FaultWatch([cue], "bk-0001", SURROUNDINGS);
    watch.event({ ...fault, chip: "ina226" }, 500_000);
    expect(watch.reports(3_000_000)).toMatchObject([{ fault: "sen55: no answer", atS: 1000 }]);
    watch.event(fault, 1_030_000);
    watch.event({ ...fault, event: "sensor-ok" }, 2_060_000);
    expect(watch.reports(3_000_000)).toMatchObject([{ noticedAfterS: 30, clearedAfterS: 60 }]);
    expect(watch.falseFaults).toBe(1);
  });

  it("are not asked for in a run that ended before", () => {
    expect(new FaultWatch([cue], "bk-0001", SURROUNDINGS).reports(900_000)).toEqual([]);
  });
});

const MINUTE_MS = 60_000;

/** A cue for the node of these tests, in minutes. */
function cueOf(action: Cue["action"], atMin: number, untilMin: number): Cue {
  return { atMs: atMin * MINUTE_MS, untilMs: untilMin * MINUTE_MS, node: "bk-0001", action };
}

const dead = (chip = "sen55"): Cue["action"] => ({
  do: "chip-fault",
  chip,
  fault: { noAnswer: true },
});
const HOURS: typeof SURROUNDINGS = { ...SURROUNDINGS, endMs: 600 * MINUTE_MS };

/** What a watch reports of these cues where the city heard these events: name, chip, minute, and when it happened. */
function faultsOf(cues: readonly Cue[], heard: [string, string, number, number?][], endMin = 600) {
  const watch = new FaultWatch(cues, "bk-0001", HOURS);
  for (const [event, chip, atMin, happenedMin = atMin] of heard)
    watch.event({ event, chip, boot: 1, seq: 1 }, atMin * MINUTE_MS, happenedMin * MINUTE_MS);
  return { faults: watch.reports(endMin * MINUTE_MS), falseFaults: watch.falseFaults };
}

describe("faults of a script that meet", () => {
  it("are known at once where the chip was not well before, and not where it had recovered", () => {
    const cues = [cueOf(dead(), 30, 90), cueOf(dead(), 60, 120), cueOf(dead(), 122, 150)];
    const { faults } = faultsOf(cues, [["sensor-fault", "sen55", 31]]);
    expect(faults).toMatchObject([
      { atS: 1800, noticedAfterS: 60 },
      { atS: 3600, noticedAfterS: 0 },
      { atS: 7320, noticedAfterS: 0 },
    ]);
    const again = faultsOf(cues, [
      ["sensor-fault", "sen55", 31],
      ["sensor-ok", "sen55", 121],
    ]);
    expect(again.faults[2]).not.toHaveProperty("noticedAfterS");
  });

  it("are both news where they began together", () => {
    const { faults } = faultsOf(
      [cueOf(dead(), 30, 60), cueOf(dead(), 30, 90)],
      [["sensor-fault", "sen55", 31]],
    );
    expect(faults).toMatchObject([{ noticedAfterS: 60 }, { noticedAfterS: 60 }]);
  });

  it("are told late where the network was gone, and are no false ones for that", () => {
    const cues = [cueOf({ do: "wifi-gone", for: "3h" }, 30, 210), cueOf(dead(), 40, 70)];
    expect(faultsOf(cues, [["sensor-fault", "sen55", 211, 41]])).toMatchObject({
      faults: [{ atS: 2400, noticedAfterS: 171 * 60 }],
      falseFaults: 0,
    });
    expect(faultsOf(cues, [], 211).faults, "still without its network").toEqual([]);
    expect(faultsOf(cues, [], 220).faults).toHaveLength(1);
  });

  it("are not asked for while nothing could be seen of them", () => {
    const off = cueOf({ do: "power-cut", for: "1h" }, 30, 90);
    const noPower = faultsOf([off, cueOf(dead(), 40, 89)], []).faults;
    expect(noPower.map(({ fault }) => fault)).toEqual(["no power"]);
    expect(faultsOf([off, cueOf(dead(), 40, 100)], []).faults).toHaveLength(2);
    const bus: Cue["action"] = { do: "chip-fault", chip: "ina226", fault: { busStuck: true } };
    const held = faultsOf([cueOf(bus, 30, 90), cueOf(dead(), 40, 60)], []).faults;
    expect(held.map(({ fault }) => fault)).toEqual(["i2c: stuck"]);
  });

  it("hide a lamp that is out: without its meter nobody can tell", () => {
    const night = { ...HOURS, world: { value: () => 0 } };
    const lamp = cueOf({ do: "lamp-out" }, 30, 90);
    const named = (...cues: Cue[]) =>
      new FaultWatch(cues, "bk-0001", night)
        .reports(600 * MINUTE_MS)
        .map(({ fault, atS }) => `${fault} ${atS / 60}`);
    expect(named(lamp)).toEqual(["lamp out 30"]);
    expect(named(cueOf(dead("ina226"), 20, 100), lamp)).toEqual(["ina226: no answer 20"]);
    expect(named(cueOf(dead("ina226"), 20, 60), lamp)).toContain("lamp out 66");
  });
});

describe("the counters of a node", () => {
  const cleared: Cue = {
    atMs: 500_000,
    untilMs: 500_000,
    node: "bk-0001",
    action: { do: "command", command: { command: "clear-counters" } },
  };
  const health = (uptimeS: number, reported: number): Partial<HealthMessage> => ({
    uptimeS,
    reported,
    sensorFaults: 0,
  });

  it("are compared since the program's start, the clock since the power came", () => {
    const check = new CounterCheck([], "bk-0001");
    check.started(2000);
    check.reported();
    check.health(health(60, 1), 0, 60_000);
    check.health(health(120, 2), 0, 120_000);
    check.health(health(190, 1), 0, 180_000);
    expect(check.account()).toEqual({ checked: 3, wrong: 2 });
    expect(check.notes).toEqual([
      "reported at 120.0 s: 2 told, 1 seen",
      "uptimeS at 180.0 s: 190 told, 180 seen",
    ]);
    check.started(200_000);
    check.health(health(240, 0), 0, 240_000);
    expect(check.account()).toEqual({ checked: 4, wrong: 2 });
  });

  it("are not compared after they were cleared by command, until the next start", () => {
    const check = new CounterCheck([cleared], "bk-0001");
    check.started(2000);
    check.reported();
    check.health(health(600, 0), 0, 600_000);
    expect(check.account().wrong).toBe(0);
    check.started(700_000);
    check.health(health(800, 5), 0, 800_000);
    expect(check.account().wrong).toBe(1);
  });
});
