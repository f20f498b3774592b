import { describe, expect, it } from "vitest";
import { VirtualI2cBus } from "../../../src/sim/chips/virtualBus";
import { VirtualSht4x } from "../../../src/sim/chips/virtualSht4x";
import {
  driveInVm,
  read,
  selfTest,
  start,
  StillWorld,
  stop,
  type Step,
} from "../../support/chipScript";

const AIR = { temperature: 31.25, humidity: 62.5 };

function rig() {
  const world = new StillWorld({ ...AIR });
  const chip = new VirtualSht4x(world);
  const bus = new VirtualI2cBus().attach(chip);
  const drive = (steps: Step[]) => driveInVm("sht4x", bus, steps);
  return { world, chip, drive };
}

describe("SHT4x driver", () => {
  it("reads the ends of its range, and cuts humidity off at 0 and 100 %", async () => {
    const { drive, world } = rig();
    const air = (temperature: number, humidity: number) =>
      read(() => Object.assign(world.values, { temperature, humidity }));
    const { outcomes, serialNumber } = await drive([
      start(),
      air(-40, -3),
      air(125, 104),
      air(-45, 50),
      air(130, 50),
      air(0, 100),
      stop(),
    ]);
    expect(outcomes.map((o) => o.code)).toEqual([
      "",
      "",
      "",
      "out-of-range",
      "out-of-range",
      "",
      "",
    ]);
    expect(outcomes[1]?.values[0]).toBeCloseTo(-40, 2);
    expect(outcomes[1]?.values[1]).toBe(0);
    expect(outcomes[2]?.values[0]).toBeCloseTo(125, 2);
    expect(outcomes[2]?.values[1]).toBe(100);
    expect(outcomes[3]?.values[0]).toBeNaN();
    expect(outcomes[3]?.values[1]).toBeCloseTo(50, 2);
    expect(serialNumber).toBe("0F4A91C3");
  });

  it("does not take a slow chip's silence for a value", async () => {
    const { drive, chip } = rig();
    const { outcomes } = await drive([
      start(),
      read((now) => chip.faults.set({ slowFactor: 3 }, now)),
    ]);
    expect(outcomes[1]?.code).toBe("no-answer");
    expect(outcomes[1]?.values).toEqual([NaN, NaN]);
  });

  it("has no test of its own", async () => {
    const { drive } = rig();
    const { outcomes } = await drive([start(), selfTest()]);
    expect(outcomes[1]?.code).toBe("");
    expect(outcomes[1]?.message).toBe("none");
  });
});
