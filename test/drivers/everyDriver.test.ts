import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { PROJECT_FOLDER } from "../../src/projectFolder";
import { VirtualI2cBus } from "../../src/sim/chips/virtualBus";
import { seededRandom, seedFor } from "../../src/sim/random";
import {
  driveInVm,
  probe,
  read,
  selfTest,
  start,
  StillWorld,
  stop,
  wait,
  type DriverRun,
  type Outcome,
  type Step,
} from "../support/chipScript";
import { DRIVER_TABLE, type DriverRow } from "../support/driverTable";
import { DRIVER_NAMES } from "../vm/drivers/driverNames";

// What only one chip has is tested beside the table, in the same process: the program with
// all drivers takes the compiler seconds.
import "./chips/alphasense";
import "./chips/bh1750";
import "./chips/bme280";
import "./chips/dbmMeter";
import "./chips/ina226";
import "./chips/pmsa003i";
import "./chips/scd41";
import "./chips/sen0232";
import "./chips/sen5x";
import "./chips/sht4x";
import "./chips/sps30";
import "./chips/veml7700";

/** Longer than any chip's measurement takes, so that a new one is there. */
const PAUSE_MS = 6000;

// Compiles the program, which may take longer than a test may.
beforeAll(() => driveInVm("sht4x", new VirtualI2cBus(), []), 180_000);

/** What a driver does in one case: the steps of it, and what their outcomes must be. */
interface DriverCase {
  readonly steps: Step[];
  verify(outcomes: readonly Outcome[], run: DriverRun): void;
}

/** A driver's chip in a world that a case may change; every case leaves it as it was. */
class Rig {
  readonly row: DriverRow;
  readonly world: StillWorld;
  readonly chip;
  readonly bus = new VirtualI2cBus();
  /** Answers that the bus makes up, while it is set. */
  nonsense: (() => number) | undefined;

  constructor(row: DriverRow) {
    this.row = row;
    this.world = new StillWorld({ ...row.normal.world });
    this.chip = row.chip(this.world);
    this.bus.attach(this.chip);
    const calm = new StillWorld(this.world.values);
    for (const other of row.others?.(calm) ?? []) this.bus.attach(other);
    const real = this.bus.transaction.bind(this.bus);
    this.bus.transaction = (address, write, readCount, nowMs) => {
      const result = real(address, write, readCount, nowMs);
      const random = this.nonsense;
      const kind = random && address === this.chip.address ? random() : 1;
      if (!random || kind > 0.6) return result;
      if (kind < 0.1) return { status: 1 + Math.floor(random() * 3), data: Uint8Array.of() };
      return { status: 0, data: Uint8Array.from({ length: readCount }, () => random() * 256) };
    };
  }

  /** Time for a measurement in a world that `prepare` changed. */
  pause(prepare?: Step["prepare"]): Step {
    return { op: "wait", waitMs: PAUSE_MS, prepare };
  }

  /** As `pause`, in that world. */
  into(world: DriverRow["beyond"]): Step {
    return this.pause(() => Object.assign(this.world.values, world));
  }

  /** The steps of a new start, to the chip's first whole reading. */
  startUp(prepare?: Step["prepare"]): Step[] {
    return [start(prepare), wait(this.row.warmUpMs), this.pause()];
  }

  expectValues(
    outcome: Outcome | undefined,
    { values, tolerance = this.row.tolerance }: DriverRow["normal"] = this.row.normal,
  ): void {
    expect(outcome?.code).toBe("");
    expect(outcome?.values.length).toBe(values.length);
    values.forEach((expected, i) =>
      expect(
        Math.abs((outcome?.values[i] ?? NaN) - expected),
        `value ${i}: ${outcome?.values[i]}, expected ${expected}`,
      ).toBeLessThanOrEqual(tolerance[i] ?? NaN),
    );
  }

  expectFailure(outcome: Outcome | undefined, code: string): void {
    expect(outcome?.code).toBe(code);
    if (code !== "out-of-range" && outcome?.op === "read")
      expect(outcome.values).toEqual(this.row.normal.values.map(() => NaN));
  }
}

/** A fault in which the chip is not reached, from the probe to a read, and the recovery. */
const unreachable =
  (fault: { noAnswer: true } | { busStuck: true } | { badCrc: true }, code: string) =>
  (rig: Rig): DriverCase => {
    const on = (nowMs: number) => rig.chip.faults.set(fault, nowMs);
    const off = () => rig.chip.faults.clear();
    return {
      steps: [probe(on), start(), ...rig.startUp(off), read(on), rig.pause(off), read()],
      verify: ([probed, failedStart, started, failedRead, recovered]) => {
        rig.expectFailure(probed, code);
        rig.expectFailure(failedStart, code);
        expect(started?.code).toBe("");
        rig.expectFailure(failedRead, code);
        rig.expectValues(recovered);
      },
    };
  };

/** Every case, for every driver; they run one after the other on one chip. */
const CASES: Readonly<Record<string, (rig: Rig) => DriverCase>> = {
  "finds its chip and the serial number": (rig) => ({
    steps: [probe()],
    verify: ([found], run) => {
      expect(found?.code).toBe("");
      expect(run.serialNumber).toBe(rig.row.serialNumber);
    },
  }),

  "takes a normal reading": (rig) => ({
    steps: [...rig.startUp(), read(), rig.pause(), read()],
    verify: ([started, first, second]) => {
      expect(started?.code).toBe("");
      rig.expectValues(first);
      rig.expectValues(second);
    },
  }),

  "reads the ends of its range": (rig) => ({
    steps: [
      ...[rig.into(rig.row.lowest.world), read()],
      ...[rig.into(rig.row.highest.world), read()],
      ...[rig.into(rig.row.normal.world), read()],
    ],
    verify: ([lowest, highest, recovered]) => {
      rig.expectValues(lowest, rig.row.lowest);
      rig.expectValues(highest, rig.row.highest);
      rig.expectValues(recovered);
    },
  }),

  "refuses what is outside the physical range": (rig) => ({
    steps: [rig.into(rig.row.beyond), read(), rig.into(rig.row.normal.world), read()],
    verify: ([beyond, recovered]) => {
      rig.expectFailure(beyond, "out-of-range");
      expect(beyond?.values.some(Number.isNaN)).toBe(true);
      rig.expectValues(recovered);
    },
  }),

  "tells that there is no answer": unreachable({ noAnswer: true }, "no-answer"),

  "tells a bus held low": unreachable({ busStuck: true }, "bus-stuck"),

  "tells a wrong check sum": (rig) => {
    if (rig.row.hasCheckSum) return unreachable({ badCrc: true }, "bad-crc")(rig);
    return {
      steps: [],
      verify: () => expect(() => rig.chip.faults.set({ badCrc: true }, 0)).toThrow("no check sum"),
    };
  },

  "tells a chip that is not ready, or does not need to": (rig) => ({
    steps: [
      rig.pause((nowMs) => rig.chip.faults.set({ slowFactor: rig.row.slow.factor }, nowMs)),
      // The first read after the change may still find a measurement of before.
      ...[read(), read()],
      rig.pause(() => rig.chip.faults.clear()),
      ...[...rig.startUp(), read()],
    ],
    verify: ([, slow, , recovered]) => {
      if (rig.row.slow.code) rig.expectFailure(slow, rig.row.slow.code);
      else rig.expectValues(slow);
      rig.expectValues(recovered);
    },
  }),

  "repeats a frozen chip's values, and moves again after it": (rig) => ({
    steps: [
      read((nowMs) => rig.chip.faults.set({ frozen: true }, nowMs)),
      rig.pause((nowMs) => (rig.world.higherFromMs = nowMs)),
      read(),
      rig.pause(() => rig.chip.faults.clear()),
      read(),
      rig.pause(() => (rig.world.higherFromMs = Infinity)),
      read(),
    ],
    verify: ([before, frozen, moved, recovered]) => {
      rig.expectValues(before);
      expect(frozen?.code).toBe("");
      expect(frozen?.values).toEqual(before?.values);
      expect(moved?.values).not.toEqual(before?.values);
      rig.expectValues(recovered);
    },
  }),

  "shows a chip's drift, which no driver can know": (rig) => ({
    steps: [
      {
        op: "wait",
        waitMs: 600_000,
        prepare: (nowMs) => rig.chip.faults.set({ driftPctPerHour: 60 }, nowMs),
      },
      read(),
      rig.pause(() => rig.chip.faults.clear()),
      read(),
    ],
    verify: ([drifted, recovered]) => {
      const [least, most] = rig.row.drift ?? [1.05, 1.25];
      const { values } = rig.row.normal;
      expect(["", "out-of-range"]).toContain(drifted?.code);
      expect(drifted?.values.filter(Number.isNaN).length).toBeLessThan(values.length);
      drifted?.values.forEach((value, i) => {
        if (Number.isNaN(value)) return;
        expect(value / (values[i] ?? NaN)).toBeGreaterThan(least);
        expect(value / (values[i] ?? NaN)).toBeLessThan(most);
      });
      rig.expectValues(recovered);
    },
  }),

  "shows a chip's noise about the true value": (rig) => ({
    steps: [
      rig.pause((nowMs) => rig.chip.faults.set({ noisePct: 3 }, nowMs)),
      ...Array.from({ length: 6 }, () => [read(), rig.pause()]).flat(),
      rig.pause(() => rig.chip.faults.clear()),
      read(),
    ],
    verify: (outcomes) => {
      const noisy = outcomes.slice(0, 6);
      rig.row.normal.values.forEach((expected, i) => {
        const values = noisy.map((outcome) => outcome.values[i] ?? NaN);
        const known = values.filter((value) => !Number.isNaN(value));
        expect(new Set(known).size, `value ${i}: ${values.join()}`).toBeGreaterThan(1);
        for (const value of known) expect(Math.abs(value / expected - 1)).toBeLessThan(0.5);
      });
      rig.expectValues(outcomes[6]);
    },
  }),

  "gives no wrong value after a dip of its supply": (rig) => ({
    steps: [
      read((nowMs) => rig.chip.powerCycle(nowMs)),
      wait(1000),
      read(),
      ...[...rig.startUp(), read()],
    ],
    verify: ([first, later, started, recovered]) => {
      for (const outcome of [first, later]) {
        expect(rig.row.afterDip).toContain(outcome?.code);
        if (outcome?.code) rig.expectFailure(outcome, outcome.code);
        else rig.expectValues(outcome);
      }
      expect(started?.code).toBe("");
      rig.expectValues(recovered);
    },
  }),

  "gives no value where its surroundings have none": (rig) => {
    const metric = Object.keys(rig.row.normal.world)[0] ?? "";
    return {
      steps: [
        rig.pause(() => (rig.world.values[metric] = undefined)),
        read(),
        rig.into(rig.row.normal.world),
        read(),
      ],
      verify: ([none, recovered]) => {
        rig.expectFailure(none, "no-answer");
        rig.expectValues(recovered);
      },
    };
  },

  "survives a bus that answers nonsense, and takes none of it for a good value": (rig) => ({
    steps: [
      start(() => (rig.nonsense = seededRandom(seedFor(1, rig.chip.name)))),
      ...Array.from({ length: 20 }, () => [start(), read(), wait(400), read()]).flat(),
      start((nowMs) => {
        rig.nonsense = undefined;
        rig.chip.powerCycle(nowMs);
      }),
      ...[rig.pause(), ...rig.startUp(), read()],
    ],
    verify: (outcomes) => {
      const codes = ["", "no-answer", "bad-crc", "not-ready", "out-of-range", "wrong-chip"];
      codes.push("chip-error", "bus-stuck");
      for (const outcome of outcomes) {
        expect(codes).toContain(outcome.code);
        if (!rig.row.hasCheckSum || outcome.code || outcome.op !== "read") continue;
        outcome.values.forEach((value, i) => {
          const most = (rig.row.normal.values[i] ?? NaN) + (rig.row.tolerance[i] ?? NaN);
          expect(Number.isNaN(value) || value <= most).toBe(true);
        });
      }
      rig.expectValues(outcomes.at(-1));
    },
  }),

  "lets the chip test itself where it can": (rig) => ({
    steps: [selfTest(), ...rig.startUp(), read()],
    verify: ([tested, , recovered]) => {
      expect(tested?.code).toBe("");
      expect(tested?.message).toBe(rig.row.selfTest);
      rig.expectValues(recovered);
    },
  }),

  "stops, and starts again": (rig) => ({
    steps: [stop(), rig.pause(), ...rig.startUp(), read()],
    verify: ([stopped, , recovered]) => {
      expect(stopped?.code).toBe("");
      rig.expectValues(recovered);
    },
  }),
};

describe("the table of drivers", () => {
  it("has every driver that there is, and the program runs every row", () => {
    const folder = join(PROJECT_FOLDER, "devs", "drivers");
    const drivers = readdirSync(folder).flatMap((file) =>
      [
        ...readFileSync(join(folder, file), "utf8").matchAll(
          /^export class (\w+) extends (?:\w+Chip)\b/gm,
        ),
      ].map((match) => match[1] ?? ""),
    );
    const rows = Object.values(DRIVER_TABLE).map(({ driver }) => driver);
    expect([...new Set(rows)].sort()).toEqual(drivers.sort());
    expect(Object.keys(DRIVER_TABLE)).toEqual(DRIVER_NAMES);
  });
});

describe.each(Object.entries(DRIVER_TABLE))("driver %s", (name, row) => {
  const rig = new Rig(row);
  const cases = Object.entries(CASES).map(([title, make]) => ({ title, ...make(rig) }));
  const outcomesOf = new Map<string, Outcome[]>();
  let run: DriverRun;

  beforeAll(async () => {
    const steps = cases.flatMap(({ steps: own }) => own);
    run = await driveInVm(name, rig.bus, steps);
    let next = 0;
    for (const { title, steps: own } of cases) {
      const count = own.filter(({ op }) => op !== "wait").length;
      outcomesOf.set(title, run.outcomes.slice(next, next + count));
      next += count;
    }
  }, 180_000);

  it.each(cases.map((one) => [one.title, one] as const))("%s", (title, { verify }) =>
    verify(outcomesOf.get(title) ?? [], run),
  );
});
