import { describe, expect, it } from "vitest";
import { SEN0232_METER, VirtualAds1115 } from "../../../src/sim/chips/virtualAds1115";
import { VirtualI2cBus } from "../../../src/sim/chips/virtualBus";
import { VirtualDbmMeter } from "../../../src/sim/chips/virtualDbmMeter";
import {
  driveInVm,
  read,
  start,
  StillWorld,
  stop,
  wait,
  type Step,
} from "../../support/chipScript";

function rig() {
  const world = new StillWorld({ LAF: 62 });
  const chip = new VirtualDbmMeter(world);
  const bus = new VirtualI2cBus().attach(chip);
  const drive = (steps: Step[]) => driveInVm("dbm", bus, steps);
  const level = (db: number): Step => ({
    op: "wait",
    waitMs: 125,
    prepare: () => {
      world.values.LAF = db;
    },
  });
  return { chip, drive, level };
}

describe("PCB Artists sound level meter driver", () => {
  it("reads the ends of its range, and refuses what is beyond", async () => {
    const { drive, level } = rig();
    const { outcomes, serialNumber } = await drive([
      start(),
      level(35),
      read(),
      level(116),
      read(),
      level(140),
      read(),
    ]);
    expect(outcomes.map((o) => o.code)).toEqual(["", "", "", "out-of-range"]);
    expect(outcomes.map((o) => o.values[0])).toEqual([NaN, 35, 116, NaN]);
    expect(serialNumber).toBe("93.2.231.25");
  });

  it("is not ready when it was powered down", async () => {
    const { drive } = rig();
    const { outcomes } = await drive([start(), read(), stop(), wait(100), read(), start(), read()]);
    expect(outcomes.map((o) => o.code)).toEqual(["", "", "", "not-ready", "", ""]);
  });

  it("refuses an ADS1115, which has the same address", async () => {
    const adc = new VirtualAds1115(new StillWorld({ LAF: 60 }), {
      name: "sen0232",
      sensors: [SEN0232_METER],
    });
    const { outcomes } = await driveInVm("dbm", new VirtualI2cBus().attach(adc), [start()]);
    expect(outcomes[0]?.code).toBe("wrong-chip");
  });
});
