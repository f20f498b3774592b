import { describe, expect, it } from "vitest";
import { VirtualI2cBus } from "../../../src/sim/chips/virtualBus";
import { VirtualScd41 } from "../../../src/sim/chips/virtualScd41";
import {
  driveInVm,
  read,
  selfTest,
  start,
  StillWorld,
  stop,
  wait,
  type Step,
} from "../../support/chipScript";

const AIR = { co2: 500, temperature: 25, humidity: 37 };

function rig() {
  const world = new StillWorld({ ...AIR });
  const chip = new VirtualScd41(world);
  const bus = new VirtualI2cBus().attach(chip);
  const drive = (steps: Step[]) => driveInVm("scd41", bus, steps);
  return { world, chip, drive };
}

describe("SCD41 driver", () => {
  it("waits for the first measurement, and knows its chip's serial number", async () => {
    const { drive } = rig();
    const { outcomes, serialNumber } = await drive([start(), read(), stop()]);
    expect(outcomes.map((o) => o.code)).toEqual(["", "", ""]);
    expect(outcomes[1]?.tookMs).toBeGreaterThan(4500);
    expect(outcomes[1]?.tookMs).toBeLessThan(5500);
    expect(serialNumber).toBe("F8969F073BBE");
  });

  it("starts a chip that was left measuring", async () => {
    const { drive } = rig();
    const { outcomes } = await drive([start(), wait(7000), start(), wait(6000), read()]);
    expect(outcomes.map((o) => o.code)).toEqual(["", "", ""]);
    expect(outcomes[2]?.values[0]).toBe(500);
  });

  it("reads the ends of its range, and refuses what open air cannot have", async () => {
    const { drive, world } = rig();
    const co2 = (ppm: number): Step => ({
      op: "wait",
      waitMs: 6000,
      prepare: () => {
        world.values.co2 = ppm;
      },
    });
    const { outcomes } = await drive([
      start(),
      co2(400),
      read(),
      co2(40_000),
      read(),
      co2(0),
      read(),
    ]);
    expect(outcomes.map((o) => o.code)).toEqual(["", "", "", "out-of-range"]);
    expect(outcomes[1]?.values[0]).toBe(400);
    expect(outcomes[2]?.values[0]).toBe(40_000);
    expect(outcomes[3]?.values[0]).toBeNaN();
    expect(outcomes[3]?.values[1]).toBeCloseTo(25, 2);
  });

  it("says that a chip which takes too long for a measurement is not ready", async () => {
    const { drive, chip } = rig();
    const { outcomes } = await drive([
      start(),
      wait(6000),
      read(),
      read((now) => chip.faults.set({ slowFactor: 2 }, now)),
    ]);
    expect(outcomes.map((o) => o.code)).toEqual(["", "", "not-ready"]);
  });

  it("lets the chip test itself, and measures again after a new start", async () => {
    const { drive, chip } = rig();
    const { outcomes } = await drive([
      start(),
      wait(6000),
      selfTest(),
      selfTest(() => {
        chip.malfunction = 0x0040;
      }),
      read(),
      start(),
      wait(6000),
      read(),
    ]);
    expect(outcomes.map((o) => o.code)).toEqual(["", "", "chip-error", "not-ready", "", ""]);
    expect(outcomes[1]?.message).toBe("passed");
    expect(outcomes[1]?.tookMs).toBeGreaterThan(10_000);
    expect(outcomes[2]?.message).toBe("scd41 fails its self-test");
    expect(outcomes[5]?.values[0]).toBe(500);
  });
});
