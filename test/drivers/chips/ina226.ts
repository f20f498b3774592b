import { describe, expect, it } from "vitest";
import { VirtualI2cBus } from "../../../src/sim/chips/virtualBus";
import { VirtualIna226 } from "../../../src/sim/chips/virtualIna226";
import { driveInVm, read, start, StillWorld, stop, type Step } from "../../support/chipScript";

function rig() {
  const world = new StillWorld({ lampVoltage: 30.5, lampCurrent: 1950 });
  const chip = new VirtualIna226(world);
  const bus = new VirtualI2cBus().attach(chip);
  const drive = (steps: Step[]) => driveInVm("ina226", bus, steps);
  const lamp = (volts: number | undefined, milliamps: number) => () => {
    world.values.lampVoltage = volts;
    world.values.lampCurrent = milliamps;
  };
  return { chip, bus, drive, lamp };
}

describe("INA226 driver", () => {
  it("reads a burning lamp, a dark one, and the ends of its range", async () => {
    const { drive, lamp } = rig();
    const { outcomes } = await drive([
      start(),
      read(),
      { op: "wait", waitMs: 500, prepare: lamp(0.12, 0.3) },
      read(),
      { op: "wait", waitMs: 500, prepare: lamp(36, 4000) },
      read(),
      { op: "wait", waitMs: 500, prepare: lamp(0, -50) },
      read(),
      stop(),
    ]);
    expect(outcomes.map((o) => o.code)).toEqual(["", "", "", "", "", ""]);
    const [, burning, dark, full, reverse] = outcomes.map((o) => o.values);
    expect(burning?.[0]).toBeCloseTo(30.5, 2);
    expect(burning?.[1]).toBeCloseTo(1950, 0);
    expect(burning?.[2]).toBeCloseTo(59.475, 1);
    expect(dark?.[0]).toBeCloseTo(0.12, 2);
    expect(Math.abs(dark?.[1] ?? NaN)).toBeLessThan(0.5);
    expect(dark?.[2]).toBe(0);
    expect(full?.[0]).toBeCloseTo(36, 2);
    expect(full?.[1]).toBeCloseTo(4000, -1);
    expect(reverse?.[1]).toBeCloseTo(-50, 0);
  });

  it("does not take a chip that lost its calibration for a dead lamp", async () => {
    const { drive, chip } = rig();
    const { outcomes } = await drive([
      start(),
      read((now) => chip.powerCycle(now)),
      start(),
      read(),
    ]);
    expect(outcomes.map((o) => o.code)).toEqual(["", "not-ready", "", ""]);
    expect(outcomes[1]?.values).toEqual([NaN, NaN, NaN]);
    expect(outcomes[3]?.values[1]).toBeCloseTo(1950, 0);
  });

  it("says that more current or voltage than it can measure is out of range", async () => {
    const { drive, lamp } = rig();
    const { outcomes } = await drive([
      start(lamp(30, 5000)),
      read(),
      { op: "wait", waitMs: 500, prepare: lamp(39, 1000) },
      read(),
    ]);
    expect(outcomes.map((o) => o.code)).toEqual(["", "out-of-range", "out-of-range"]);
    expect(outcomes[2]?.values[0]).toBeNaN();
    expect(outcomes[2]?.values[1]).toBeCloseTo(1000, 0);
  });
});
