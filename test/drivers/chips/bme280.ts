import { describe, expect, it } from "vitest";
import { VirtualI2cBus } from "../../../src/sim/chips/virtualBus";
import { VirtualBme280 } from "../../../src/sim/chips/virtualBme280";
import { driveInVm, read, start, StillWorld, stop, type Step } from "../../support/chipScript";

const AIR = { temperature: 21.5, humidity: 55, pressure: 1003.25 };

function rig() {
  const world = new StillWorld({ ...AIR });
  const chip = new VirtualBme280(world);
  const bus = new VirtualI2cBus().attach(chip);
  const drive = (steps: Step[]) => driveInVm("bme280", bus, steps);
  const air = (temperature: number, humidity: number, pressure: number) =>
    read(() => Object.assign(world.values, { temperature, humidity, pressure }));
  return { chip, bus, drive, air };
}

describe("BME280 driver", () => {
  it("reads what the whole-number formulas of the data sheet were given, from end to end", async () => {
    const { drive, air } = rig();
    const airs: [number, number, number][] = [
      [-39.9, 20, 850],
      [0, 0.5, 1013.25],
      [25, 50, 300.5],
      [84.9, 90, 1099],
    ];
    const { outcomes } = await drive([start(), ...airs.map((a) => air(...a)), stop()]);
    expect(outcomes.map((o) => o.code)).toEqual(["", "", "", "", "", ""]);
    airs.forEach(([temperature, humidity, pressure], i) => {
      const [t, h, p] = outcomes[i + 1]?.values ?? [];
      expect(t).toBeCloseTo(temperature, 1);
      expect(Math.abs((h ?? NaN) - humidity)).toBeLessThan(0.05);
      expect(p).toBeCloseTo(pressure, 1);
    });
  });

  it("says that a slow measurement is not ready", async () => {
    const { drive, chip, air } = rig();
    const { outcomes } = await drive([
      start(),
      read((now) => chip.faults.set({ slowFactor: 3 }, now)),
      read(() => chip.faults.clear()),
      air(10, 40, 990),
    ]);
    expect(outcomes[1]?.code).toBe("not-ready");
    expect(outcomes[1]?.values).toEqual([NaN, NaN, NaN]);
    expect(outcomes[3]?.code).toBe("");
  });

  it("says that a value which it cannot measure is out of range, and keeps the others", async () => {
    const { drive, air } = rig();
    const { outcomes } = await drive([start(), air(20, 50, 1150)]);
    expect(outcomes[1]?.code).toBe("out-of-range");
    expect(outcomes[1]?.values[0]).toBeCloseTo(20, 1);
    expect(outcomes[1]?.values[2]).toBeNaN();
  });

  it("is not ready before it was started, and refuses another part", async () => {
    const { bus } = rig();
    const bmp280 = {
      transaction: (address: number, write: Uint8Array, count: number, now: number) => {
        const result = bus.transaction(address, write, count, now);
        return write[0] === 0xd0 ? { ...result, data: Uint8Array.of(0x58) } : result;
      },
    };
    const { outcomes } = await driveInVm("bme280", bmp280, [read(), start()]);
    expect(outcomes.map((o) => o.code)).toEqual(["not-ready", "wrong-chip"]);
  });
});
