import { describe, expect, it } from "vitest";
import { ALPHASENSE_CELLS } from "../../../src/sim/chips/alphasenseCells";
import { VirtualAds1115 } from "../../../src/sim/chips/virtualAds1115";
import { VirtualI2cBus } from "../../../src/sim/chips/virtualBus";
import { VirtualSht4x } from "../../../src/sim/chips/virtualSht4x";
import {
  driveInVm,
  read,
  start,
  StillWorld,
  stop,
  wait,
  type Step,
} from "../../support/chipScript";

const AIR = { no2: 62.5, o3: 81.3, temperature: 24.5, humidity: 50 };
const SETTLE = wait(7_210_000);

function rig() {
  const world = new StillWorld({ ...AIR });
  const cells = new VirtualAds1115(world, {
    name: "alphasense",
    address: 0x49,
    sensors: ALPHASENSE_CELLS,
  });
  const thermometer = new VirtualSht4x(world);
  const bus = new VirtualI2cBus().attach(cells).attach(thermometer);
  const drive = (steps: Step[]) => driveInVm("alphasense", bus, steps);
  const air = (no2: number, o3: number, temperature: number): Step => ({
    op: "wait",
    waitMs: 11_000,
    prepare: () => Object.assign(world.values, { no2, o3, temperature }),
  });
  return { world, cells, thermometer, bus, drive, air };
}

describe("Alphasense NO2 and O3 cells driver", () => {
  it("gives no value while the cells settle, then both gases", async () => {
    const { drive } = rig();
    const { outcomes } = await drive([start(), read(), SETTLE, read(), stop()]);
    expect(outcomes.map((o) => o.code)).toEqual(["", "", "", ""]);
    expect(outcomes[1]?.values).toEqual([NaN, NaN]);
    expect(Math.abs((outcomes[2]?.values[0] ?? NaN) - 62.5)).toBeLessThan(0.6);
    expect(Math.abs((outcomes[2]?.values[1] ?? NaN) - 81.3)).toBeLessThan(0.8);
  });

  it("finds the gases at every temperature, and tells O3 from NO2", async () => {
    const { drive, air } = rig();
    const airs: [number, number, number][] = [
      [0, 0, 20],
      [200, 0, -5],
      [0, 180, 12.5],
      [30, 90, 33],
      [120, 60, 47],
    ];
    const { outcomes } = await drive([
      start(),
      SETTLE,
      ...airs.flatMap((a): Step[] => [air(...a), read()]),
    ]);
    airs.forEach(([no2, o3], i) => {
      const outcome = outcomes[i + 1];
      expect(outcome?.code).toBe("");
      // Half a count of each of the electrodes, and what the thermometer rounds.
      expect(Math.abs((outcome?.values[0] ?? NaN) - no2)).toBeLessThan(1);
      expect(Math.abs((outcome?.values[1] ?? NaN) - o3)).toBeLessThan(1.5);
    });
  });

  it("does without its thermometer for ten minutes, not longer", async () => {
    const { drive, thermometer } = rig();
    const { outcomes } = await drive([
      start(),
      SETTLE,
      read(),
      {
        op: "wait",
        waitMs: 300_000,
        prepare: (now) => thermometer.faults.set({ noAnswer: true }, now),
      },
      read(),
      wait(600_000),
      read(),
      { op: "wait", waitMs: 11_000, prepare: () => thermometer.faults.clear() },
      read(),
    ]);
    expect(outcomes.map((o) => o.code)).toEqual(["", "", "", "not-ready", ""]);
    expect(outcomes[3]?.values).toEqual([NaN, NaN]);
  });

  it("tells a converter that does not answer, is slow, or is held off by the bus", async () => {
    const { drive, cells } = rig();
    const { outcomes } = await drive([
      start((now) => cells.faults.set({ noAnswer: true }, now)),
      start(() => cells.faults.clear()),
      SETTLE,
      read((now) => cells.faults.set({ noAnswer: true }, now)),
      read((now) => cells.faults.set({ noAnswer: false, slowFactor: 3 }, now)),
      read((now) => cells.faults.set({ slowFactor: 1, busStuck: true }, now)),
      read(() => cells.faults.clear()),
      read(() => cells.powerCycle()),
    ]);
    expect(outcomes.map((o) => o.code)).toEqual([
      "no-answer",
      "",
      "no-answer",
      "not-ready",
      "bus-stuck",
      "",
      "",
    ]);
    expect(outcomes[6]?.values).toEqual(outcomes[5]?.values);
  });

  it("lets the cells settle again after a dip of their supply, and after no other new start", async () => {
    const { drive, cells } = rig();
    const { outcomes } = await drive([
      start(),
      SETTLE,
      read(),
      read((now) => cells.faults.set({ noAnswer: true }, now)),
      start(),
      start(() => cells.faults.clear()),
      read(),
      start(() => cells.powerCycle()),
      read(),
      SETTLE,
      read(),
    ]);
    const codes = ["", "", "no-answer", "no-answer", "", "", "", "", ""];
    expect(outcomes.map((o) => o.code)).toEqual(codes);
    const settled = outcomes.filter((o) => o.op === "read").map((o) => !isNaN(o.values[0] ?? NaN));
    expect(settled).toEqual([true, false, true, false, true]);
  });

  it("gives no O3 where NO2, which the OX cell senses too, is impossible", async () => {
    const { drive, world } = rig();
    const { outcomes } = await drive([
      start(),
      SETTLE,
      read(() => Object.assign(world.values, { no2: -300 })),
    ]);
    expect(outcomes[1]).toMatchObject({ code: "out-of-range", values: [NaN, NaN] });
  });

  it("says that a cell which is not plugged in is out of range", async () => {
    const world = new StillWorld({ ...AIR });
    const bus = new VirtualI2cBus()
      .attach(new VirtualAds1115(world, { name: "alphasense", address: 0x49, sensors: [] }))
      .attach(new VirtualSht4x(world));
    const { outcomes } = await driveInVm("alphasense", bus, [start(), SETTLE, read()]);
    expect(outcomes[1]?.code).toBe("out-of-range");
  });
});
