import { describe, expect, it } from "vitest";
import { VirtualBh1750 } from "../../../src/sim/chips/virtualBh1750";
import { VirtualBme280 } from "../../../src/sim/chips/virtualBme280";
import { VirtualDbmMeter } from "../../../src/sim/chips/virtualDbmMeter";
import { VirtualPmsa003i } from "../../../src/sim/chips/virtualPmsa003i";
import type { VirtualChip } from "../../../src/sim/chips/virtualChip";
import { StillWorld } from "../../support/chipScript";

function registers(chip: VirtualChip, from: number, count: number, nowMs: number): number[] {
  expect(chip.write(Uint8Array.of(from), nowMs)).toBe(true);
  return [...(chip.read(count, nowMs) ?? [])];
}

describe("virtual BME280", () => {
  const chip = () =>
    // The temperature and pressure of the worked example in the BMP280's data sheet.
    new VirtualBme280(new StillWorld({ temperature: 25.08, humidity: 50, pressure: 1006.5327 }));

  it("measures when it is told to, and says so until it is done", () => {
    const bme280 = chip();
    expect(registers(bme280, 0xd0, 1, 0)).toEqual([0x60]);
    bme280.write(Uint8Array.of(0xf2, 0x01), 0);
    expect(registers(bme280, 0xf7, 8, 5)).toEqual([0x80, 0, 0, 0x80, 0, 0, 0x80, 0]);
    bme280.write(Uint8Array.of(0xf4, 0x25), 10);
    expect(registers(bme280, 0xf3, 1, 19)).toEqual([0x08]);
    expect(registers(bme280, 0xf3, 1, 19.4)).toEqual([0]);
    expect(registers(bme280, 0xf4, 1, 20)).toEqual([0x24]);
    const [p0 = 0, p1 = 0, p2 = 0, t0 = 0, t1 = 0, t2 = 0] = registers(bme280, 0xf7, 8, 20);
    // The example's raw values are 519888 and 415148; its temperature is rounded to 0.01.
    expect(Math.abs(((t0 << 12) | (t1 << 4) | (t2 >> 4)) - 519_888)).toBeLessThan(200);
    expect(Math.abs(((p0 << 12) | (p1 << 4) | (p2 >> 4)) - 415_148)).toBeLessThan(200);
  });

  it("leaves out what is switched off", () => {
    const bme280 = chip();
    bme280.write(Uint8Array.of(0xf2, 0x00, 0xf4, 0x21), 0);
    const data = registers(bme280, 0xf7, 8, 20);
    expect(data.slice(0, 3)).toEqual([0x80, 0, 0]);
    expect(data.slice(3, 6)).not.toEqual([0x80, 0, 0]);
    expect(data.slice(6)).toEqual([0x80, 0]);
  });

  it("does not answer while it starts", () => {
    const bme280 = chip();
    bme280.write(Uint8Array.of(0xe0, 0xb6), 0);
    expect(bme280.write(Uint8Array.of(0xd0), 1)).toBe(false);
    expect(bme280.write(Uint8Array.of(0xd0), 2)).toBe(true);
  });
});

describe("virtual PMSA003I", () => {
  it("has a frame with its sum, empty at first", () => {
    const pmsa003i = new VirtualPmsa003i(new StillWorld({ pm1: 3, pm25: 300, pm10: 400 }));
    const check = (frame: number[]) => {
      const sum = frame.slice(0, 30).reduce((total, byte) => total + byte, 0);
      expect(((frame[30] ?? 0) << 8) | (frame[31] ?? 0)).toBe(sum);
      return frame;
    };
    expect(check(registers(pmsa003i, 0, 32, 5000)).slice(0, 16)).toEqual([
      0x42, 0x4d, 0, 28, 0, 3, 1, 44, 1, 144, 0, 3, 1, 44, 1, 144,
    ]);
    pmsa003i.powerCycle(6000);
    expect(check(registers(pmsa003i, 0, 32, 6500)).slice(4, 28)).toEqual(Array(24).fill(0));
    expect(check(registers(pmsa003i, 0, 32, 7000))[11]).toBe(3);
  });
});

describe("virtual BH1750", () => {
  it("counts as the note's example, once, and then sleeps", () => {
    const bh1750 = new VirtualBh1750(new StillWorld({ illuminance: 28_067 }));
    const send = (nowMs: number, ...commands: number[]) =>
      bh1750.write(Uint8Array.from(commands), nowMs);
    send(0, 0x20);
    expect([...(bh1750.read(2, 500) ?? [])]).toEqual([0, 0]);
    send(1000, 0x01);
    send(1000, 0x20);
    expect([...(bh1750.read(2, 1119) ?? [])]).toEqual([0, 0]);
    expect([...(bh1750.read(2, 1120) ?? [])]).toEqual([0x83, 0x90]);
    send(2000, 0x21);
    expect([...(bh1750.read(2, 3000) ?? [])]).toEqual([0x83, 0x90]);
  });

  it("is less sensitive with a shorter time, and faster", () => {
    const bh1750 = new VirtualBh1750(new StillWorld({ illuminance: 100_000 }));
    for (const command of [0x01, 0x40, 0x7f, 0x10]) bh1750.write(Uint8Array.of(command), 0);
    const [high = 0, low = 0] = bh1750.read(2, 54) ?? [];
    expect((high << 8) | low).toBe(Math.round(100_000 * 1.2 * (31 / 69)));
  });
});

describe("virtual sound level meter", () => {
  it("has its defaults, and a level once it has measured", () => {
    const meter = new VirtualDbmMeter(new StillWorld({ LAF: 61.6 }));
    expect(registers(meter, 0x06, 3, 0)).toEqual([0x02, 0x03, 0xe8]);
    expect(registers(meter, 0x0a, 1, 0)).toEqual([62]);
    meter.write(Uint8Array.of(0x09, 0x08), 100);
    expect(meter.write(Uint8Array.of(0x0a), 104)).toBe(false);
    expect(registers(meter, 0x0a, 1, 105)).toEqual([0]);
    expect(registers(meter, 0x0a, 1, 131)).toEqual([62]);
    meter.write(Uint8Array.of(0x06, 0x03), 200);
    expect(registers(meter, 0x0a, 1, 300)).toEqual([0]);
  });
});
