import { describe, expect, it } from "vitest";
import { VirtualI2cBus } from "../../../src/sim/chips/virtualBus";
import { VirtualPmsa003i } from "../../../src/sim/chips/virtualPmsa003i";
import {
  driveInVm,
  read,
  start,
  StillWorld,
  stop,
  wait,
  type Step,
} from "../../support/chipScript";

const AIR = { pm1: 60, pm25: 110, pm10: 240 };
const NOTHING = [NaN, NaN, NaN];

function rig() {
  const world = new StillWorld({ ...AIR });
  const chip = new VirtualPmsa003i(world);
  const bus = new VirtualI2cBus().attach(chip);
  const drive = (steps: Step[]) => driveInVm("pmsa003i", bus, steps);
  const air = (pm: number): Step => ({
    op: "wait",
    waitMs: 1000,
    prepare: () => Object.assign(world.values, { pm1: pm, pm25: pm, pm10: pm }),
  });
  return { chip, drive, air };
}

describe("PMSA003I driver", () => {
  it("gives no value for 30 s, and then a true zero", async () => {
    const { drive, air } = rig();
    const { outcomes } = await drive([start(), air(0), read(), wait(30_000), read(), stop()]);
    expect(outcomes.map((o) => o.code)).toEqual(["", "", "", ""]);
    expect(outcomes[1]?.values).toEqual(NOTHING);
    expect(outcomes[2]?.values).toEqual([0, 0, 0]);
  });

  it("reads the ends of its range, and refuses what is beyond", async () => {
    const { drive, air } = rig();
    const { outcomes } = await drive([start(), wait(31_000), air(1000), read(), air(5001), read()]);
    expect(outcomes.map((o) => o.code)).toEqual(["", "", "out-of-range"]);
    expect(outcomes[1]?.values).toEqual([1000, 1000, 1000]);
    expect(outcomes[2]?.values).toEqual(NOTHING);
  });

  it("reports the chip's own error", async () => {
    const { drive, chip } = rig();
    const { outcomes } = await drive([
      start(() => {
        chip.errorCode = 3;
      }),
      start(() => {
        chip.errorCode = 0;
      }),
      read(() => {
        chip.errorCode = 3;
      }),
    ]);
    expect(outcomes.map((o) => o.code)).toEqual(["chip-error", "", "chip-error"]);
    expect(outcomes[2]?.message).toBe("pmsa003i reports error 3");
  });
});
