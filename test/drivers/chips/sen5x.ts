import { describe, expect, it } from "vitest";
import { VirtualI2cBus } from "../../../src/sim/chips/virtualBus";
import { Sen5xStatus, VirtualSen5x } from "../../../src/sim/chips/virtualSen5x";
import { sensirionCrc } from "../../../src/sim/chips/virtualSensirion";
import {
  driveInVm,
  read,
  start,
  StillWorld,
  stop,
  wait,
  type Step,
} from "../../support/chipScript";

const AIR = {
  pm1: 8.1,
  pm25: 12.4,
  pm4: 15.2,
  pm10: 21.7,
  temperature: 23.45,
  humidity: 48.6,
  vocIndex: 105,
  noxIndex: 3.5,
};
const GOOD = [8.1, 12.4, 15.2, 21.7, 23.45, 48.6, 105, 3.5];
const WARM_UP = wait(60_000);

function rig(model?: "SEN54" | "SEN55") {
  const world = new StillWorld({ ...AIR });
  const chip = new VirtualSen5x(world, model);
  const bus = new VirtualI2cBus().attach(chip);
  const drive = (steps: Step[]) => driveInVm("sen55", bus, steps);
  return { world, chip, bus, drive };
}

describe("SEN55 driver", () => {
  it("has a value for each metric when the chip is warm, and before only those it can have", async () => {
    const { drive } = rig();
    const { outcomes, serialNumber } = await drive([
      start(),
      read(),
      wait(28_000),
      read(),
      wait(1_000),
      read(),
      wait(20_000),
      read(),
      stop(),
    ]);
    expect(outcomes.map((o) => o.code)).toEqual(["", "", "", "", "", ""]);
    expect(serialNumber).toBe("A1B2C3D4E5F60718");
    expect(outcomes.slice(1, 5).map((o) => o.values)).toEqual([
      [NaN, NaN, NaN, NaN, 23.45, 48.6, NaN, NaN],
      [NaN, NaN, NaN, NaN, 23.45, 48.6, NaN, NaN],
      [8.1, 12.4, 15.2, 21.7, 23.45, 48.6, NaN, NaN],
      GOOD,
    ]);
  });

  it("reads the ends of its range", async () => {
    const { drive, world } = rig();
    const { outcomes } = await drive([
      start(() =>
        Object.assign(world.values, {
          pm1: 0,
          pm25: 0,
          pm4: 0,
          pm10: 0,
          temperature: -10,
          humidity: 0,
          vocIndex: 1,
          noxIndex: 1,
        }),
      ),
      WARM_UP,
      read(),
      read(() =>
        Object.assign(world.values, {
          pm1: 1000,
          pm25: 1000,
          pm4: 1000,
          pm10: 1000,
          temperature: 50,
          humidity: 100,
          vocIndex: 500,
          noxIndex: 500,
        }),
      ),
    ]);
    expect(outcomes.map((o) => o.code)).toEqual(["", "", ""]);
    expect(outcomes[1]?.values).toEqual([0, 0, 0, 0, -10, 0, 1, 1]);
    expect(outcomes[2]?.values).toEqual([1000, 1000, 1000, 1000, 50, 100, 500, 500]);
  });

  it("says that a chip which was reset is not ready, and measures after a new start", async () => {
    const { drive, chip } = rig();
    const { outcomes } = await drive([
      start(),
      WARM_UP,
      read((now) => chip.powerCycle(now)),
      wait(1000),
      read(),
      start(),
      WARM_UP,
      read(),
    ]);
    expect(outcomes.map((o) => o.code)).toEqual(["", "no-answer", "not-ready", "", ""]);
    expect(outcomes[4]?.values).toEqual(GOOD);
  });

  it("keeps what a defect leaves right, and names the defect", async () => {
    const { drive, chip } = rig();
    const { outcomes } = await drive([
      start(),
      WARM_UP,
      read(() => (chip.status = Sen5xStatus.fan)),
      read(() => (chip.status = Sen5xStatus.gas)),
      read(() => (chip.status = Sen5xStatus.humidity)),
      read(() => (chip.status = Sen5xStatus.fanSpeed)),
      read(() => (chip.status = 0)),
    ]);
    expect(outcomes.map((o) => o.code)).toEqual([
      "",
      "chip-error",
      "chip-error",
      "chip-error",
      "chip-error",
      "",
    ]);
    expect(outcomes[1]?.message).toBe("sen55 reports a defect: fan");
    expect(outcomes[1]?.values).toEqual([NaN, NaN, NaN, NaN, 23.45, 48.6, 105, 3.5]);
    expect(outcomes[2]?.values).toEqual([8.1, 12.4, 15.2, 21.7, 23.45, 48.6, NaN, NaN]);
    expect(outcomes[3]?.values).toEqual([8.1, 12.4, 15.2, 21.7, NaN, NaN, NaN, NaN]);
    expect(outcomes[5]?.values).toEqual(GOOD);
  });

  it("takes out a value that the chip cannot measure, and keeps the others", async () => {
    const { drive, world } = rig();
    const { outcomes } = await drive([
      start(),
      WARM_UP,
      read(() => (world.values.pm10 = 5000.2)),
      read(() => (world.values.pm10 = 21.7)),
    ]);
    expect(outcomes.map((o) => o.code)).toEqual(["", "out-of-range", ""]);
    expect(outcomes[1]?.message).toBe("sen55 gives an impossible pm10");
    expect(outcomes[1]?.values).toEqual([8.1, 12.4, 15.2, NaN, 23.45, 48.6, 105, 3.5]);
  });

  it("learns from the chip which model it is, and refuses one that it does not know", async () => {
    const { drive } = rig("SEN54");
    const { outcomes, chipName } = await drive([start(), WARM_UP, read()]);
    expect(chipName).toBe("sen54");
    expect(outcomes[1]?.values).toEqual(GOOD.slice(0, 7));
    const { bus } = rig();
    const sen50 = {
      transaction: (address: number, write: Uint8Array, count: number, now: number) => {
        const result = bus.transaction(address, write, count, now);
        // The last word of the product name: "0" in place of "5".
        if (result.data.length === 9) result.data.set([0x30, 0, sensirionCrc(0x30, 0)], 6);
        return result;
      },
    };
    const refused = await driveInVm("sen55", sen50, [start()]);
    expect(refused.outcomes[0]?.code).toBe("wrong-chip");
    expect(refused.outcomes[0]?.message).toBe("sen55 is a 'SEN50'");
  });

  it("gives up in time when nobody is at its address", async () => {
    const { outcomes } = await driveInVm("sen55", new VirtualI2cBus(), [start(), read()]);
    expect(outcomes.map((o) => o.code)).toEqual(["no-answer", "no-answer"]);
    for (const outcome of outcomes) expect(outcome.tookMs).toBeLessThan(200);
  });
});
