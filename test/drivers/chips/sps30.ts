import { describe, expect, it } from "vitest";
import { VirtualI2cBus } from "../../../src/sim/chips/virtualBus";
import { VirtualSen5x } from "../../../src/sim/chips/virtualSen5x";
import { Sps30Status, VirtualSps30 } from "../../../src/sim/chips/virtualSps30";
import {
  driveInVm,
  read,
  start,
  StillWorld,
  stop,
  wait,
  type Step,
} from "../../support/chipScript";

const AIR = { pm1: 8.125, pm25: 12.5, pm4: 15.25, pm10: 21.75 };
const GOOD = [8.125, 12.5, 15.25, 21.75];
const NOTHING = [NaN, NaN, NaN, NaN];
const WARM_UP = wait(32_000);

function rig() {
  const world = new StillWorld({ ...AIR });
  const chip = new VirtualSps30(world);
  const bus = new VirtualI2cBus().attach(chip);
  const drive = (steps: Step[]) => driveInVm("sps30", bus, steps);
  return { world, chip, drive };
}

describe("SPS30 driver", () => {
  it("gives no value before the chip is as accurate as specified", async () => {
    const { drive } = rig();
    const { outcomes, serialNumber } = await drive([
      start(),
      read(),
      wait(28_000),
      read(),
      wait(1000),
      read(),
      stop(),
    ]);
    expect(outcomes.map((o) => o.code)).toEqual(["", "", "", "", ""]);
    expect(outcomes.slice(1, 4).map((o) => o.values)).toEqual([NOTHING, NOTHING, GOOD]);
    expect(serialNumber).toBe("8F3A5D0C71E24B96");
  });

  it("reads the ends of its range, and refuses what is beyond", async () => {
    const { drive, world } = rig();
    const all = (value: number): Step => ({
      op: "wait",
      waitMs: 1000,
      prepare: () =>
        Object.assign(world.values, { pm1: value, pm25: value, pm4: value, pm10: value }),
    });
    const { outcomes } = await drive([
      start(),
      WARM_UP,
      all(0),
      read(),
      all(1000),
      read(),
      all(5001),
      read(),
    ]);
    expect(outcomes.map((o) => o.code)).toEqual(["", "", "", "out-of-range"]);
    expect(outcomes[1]?.values).toEqual([0, 0, 0, 0]);
    expect(outcomes[2]?.values).toEqual([1000, 1000, 1000, 1000]);
    expect(outcomes[3]?.values).toEqual(NOTHING);
  });

  it("names a defect", async () => {
    const { drive, chip } = rig();
    const defect = (status: number) =>
      read(() => {
        chip.status = status;
      });
    const { outcomes } = await drive([
      start(),
      WARM_UP,
      defect(Sps30Status.laser),
      wait(1000),
      defect(Sps30Status.fanSpeed),
      wait(1000),
      defect(0),
    ]);
    expect(outcomes.map((o) => o.code)).toEqual(["", "chip-error", "chip-error", ""]);
    expect(outcomes[1]?.message).toBe("sps30 reports a defect: laser");
    expect(outcomes[2]?.message).toBe("sps30 reports a defect: fan");
    expect(outcomes[3]?.values).toEqual(GOOD);
  });

  it("is not ready when the chip has stalled", async () => {
    const { drive, chip } = rig();
    const { outcomes } = await drive([
      start(),
      wait(2000),
      read(),
      read((now) => chip.faults.set({ slowFactor: 10 }, now)),
    ]);
    expect(outcomes.map((o) => o.code)).toEqual(["", "", "not-ready"]);
  });

  it("refuses another Sensirion chip at its address", async () => {
    const bus = new VirtualI2cBus().attach(
      new VirtualSen5x(
        new StillWorld({ ...AIR, temperature: 20, humidity: 50, vocIndex: 100, noxIndex: 1 }),
      ),
    );
    const { outcomes } = await driveInVm("sps30", bus, [start()]);
    expect(outcomes[0]?.code).not.toBe("");
  });
});
