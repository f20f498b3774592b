import { describe, expect, it } from "vitest";
import { SEN0232_METER, VirtualAds1115 } from "../../../src/sim/chips/virtualAds1115";
import { VirtualI2cBus } from "../../../src/sim/chips/virtualBus";
import {
  driveInVm,
  read,
  start,
  StillWorld,
  stop,
  wait,
  type Step,
} from "../../support/chipScript";

function rig(sensors = [SEN0232_METER]) {
  const world = new StillWorld({ LAF: 57.3 });
  const chip = new VirtualAds1115(world, { name: "sen0232", sensors });
  const bus = new VirtualI2cBus().attach(chip);
  const drive = (steps: Step[]) => driveInVm("sen0232", bus, steps);
  const level = (db: number | undefined) => () => {
    world.values.LAF = db;
  };
  return { chip, bus, drive, level };
}

describe("SEN0232 driver", () => {
  it("reads levels from end to end of its range, to the converter's last bit", async () => {
    const levels = [30, 45.5, 57.3, 94, 130];
    const { drive, level } = rig();
    const { outcomes } = await drive([
      start(),
      ...levels.flatMap((db): Step[] => [{ op: "wait", waitMs: 125, prepare: level(db) }, read()]),
      stop(),
    ]);
    expect(outcomes.map((o) => o.code)).toEqual(outcomes.map(() => ""));
    levels.forEach((db, i) =>
      expect(Math.abs((outcomes[i + 1]?.values[0] ?? NaN) - db)).toBeLessThan(0.01),
    );
  });

  it("finds within two seconds that the converter was reset and only repeats its last value", async () => {
    const { drive, chip } = rig();
    const reads = Array.from({ length: 16 }, () => [wait(125), read()]).flat();
    const { outcomes } = await drive([
      start(),
      read(),
      { op: "wait", waitMs: 1, prepare: () => chip.powerCycle() },
      ...reads,
      start(),
      read(),
    ]);
    const codes = outcomes.map((o) => o.code);
    expect(codes).toContain("not-ready");
    expect(codes.at(-1)).toBe("");
    expect(outcomes.at(-1)?.values[0]).toBeCloseTo(57.3, 1);
  });

  it("says that a cable that is off is out of range, and gives no level", async () => {
    const { drive } = rig([]);
    const { outcomes } = await drive([start(), read()]);
    expect(outcomes[1]?.code).toBe("out-of-range");
    expect(outcomes[1]?.values).toEqual([NaN]);
  });
});
