import { describe, expect, it } from "vitest";
import { SEN0232_METER, VirtualAds1115 } from "../../../src/sim/chips/virtualAds1115";
import { VirtualIna226 } from "../../../src/sim/chips/virtualIna226";
import { linearLux, VirtualVeml7700 } from "../../../src/sim/chips/virtualVeml7700";
import type { VirtualChip } from "../../../src/sim/chips/virtualChip";
import { StillWorld } from "../../support/chipScript";

function register(chip: VirtualChip, address: number, nowMs: number): number[] {
  expect(chip.write(Uint8Array.of(address), nowMs)).toBe(true);
  return [...(chip.read(2, nowMs) ?? [])];
}

function highFirst(chip: VirtualChip, address: number, nowMs: number): number {
  const [high = 0, low = 0] = register(chip, address, nowMs);
  return (high << 8) | low;
}

function lowFirst(chip: VirtualChip, address: number, nowMs: number): number {
  const [low = 0, high = 0] = register(chip, address, nowMs);
  return (high << 8) | low;
}

describe("virtual VEML7700", () => {
  it("sleeps after power-on, and counts after its integration time", () => {
    const chip = new VirtualVeml7700(new StillWorld({ illuminance: 672 }));
    expect(lowFirst(chip, 0, 0)).toBe(1);
    expect(lowFirst(chip, 4, 1000)).toBe(0);
    chip.write(Uint8Array.of(0, 0, 0), 1000);
    expect(lowFirst(chip, 4, 1102)).toBe(0);
    expect(lowFirst(chip, 4, 1103)).toBe(10_000);
  });

  it("keeps its last result until a new setting has measured", () => {
    const chip = new VirtualVeml7700(new StillWorld({ illuminance: 67.2 }));
    chip.write(Uint8Array.of(0, 0, 0), 0);
    expect(lowFirst(chip, 4, 200)).toBe(1000);
    chip.write(Uint8Array.of(0, 0x80, 0x08), 200);
    expect(lowFirst(chip, 4, 599)).toBe(1000);
    expect(lowFirst(chip, 4, 600)).toBe(8000);
  });

  it("is full at 65535 counts", () => {
    const chip = new VirtualVeml7700(new StillWorld({ illuminance: 90_000 }));
    chip.write(Uint8Array.of(0, 0, 0x08), 0);
    expect(lowFirst(chip, 4, 500)).toBe(65_535);
  });

  it("bends as the application note's correction straightens", () => {
    expect(linearLux(1000)).toBe(1000);
    for (const lux of [2000, 10_000, 100_000]) {
      const x = linearLux(lux);
      const corrected = 6.0135e-13 * x ** 4 - 9.3924e-9 * x ** 3 + 8.1488e-5 * x ** 2 + 1.0023 * x;
      expect(corrected).toBeCloseTo(lux, 3);
    }
  });
});

describe("virtual INA226", () => {
  const lamp = () =>
    new VirtualIna226(new StillWorld({ lampVoltage: 11.98, lampCurrent: 10_000 }), {
      shuntOhm: 0.002,
    });

  it("computes the data sheet's example", () => {
    const chip = lamp();
    chip.write(Uint8Array.of(5, 0x0a, 0x00), 0);
    chip.write(Uint8Array.of(0, 0x41, 0x27), 0);
    expect(highFirst(chip, 1, 10)).toBe(8000);
    expect(highFirst(chip, 2, 10)).toBe(9584);
    expect(highFirst(chip, 4, 10)).toBe(10_000);
    expect(highFirst(chip, 3, 10)).toBe(4792);
  });

  it("has no current and no power without a calibration", () => {
    const chip = lamp();
    expect(highFirst(chip, 1, 10)).toBe(8000);
    expect(highFirst(chip, 4, 10)).toBe(0);
    expect(highFirst(chip, 3, 10)).toBe(0);
  });

  it("says once for each conversion that it is ready", () => {
    const chip = lamp();
    chip.write(Uint8Array.of(0, 0x41, 0x27), 0);
    expect(highFirst(chip, 6, 2.1) & 8).toBe(0);
    expect(highFirst(chip, 6, 2.3) & 8).toBe(8);
    expect(highFirst(chip, 6, 2.4) & 8).toBe(0);
    expect(highFirst(chip, 6, 4.5) & 8).toBe(8);
  });

  it("flags a current that its register cannot hold", () => {
    const chip = lamp();
    chip.write(Uint8Array.of(5, 0x7f, 0xff), 0);
    expect(highFirst(chip, 4, 10)).toBe(0x7fff);
    expect(highFirst(chip, 6, 10) & 4).toBe(4);
  });

  it("converts once when triggered, and not when powered down", () => {
    const chip = lamp();
    chip.write(Uint8Array.of(0, 0x41, 0x23), 0);
    expect(highFirst(chip, 6, 10) & 8).toBe(8);
    expect(highFirst(chip, 6, 100) & 8).toBe(0);
    chip.write(Uint8Array.of(0, 0x41, 0x20), 200);
    expect(highFirst(chip, 6, 300) & 8).toBe(0);
  });
});

describe("virtual ADS1115", () => {
  const adc = (LAF: number) =>
    new VirtualAds1115(new StillWorld({ LAF }), { name: "sen0232", sensors: [SEN0232_METER] });

  it("sleeps after power-on with the data sheet's defaults", () => {
    const chip = adc(94);
    expect(highFirst(chip, 1, 0)).toBe(0x8583);
    expect(highFirst(chip, 0, 1000)).toBe(0);
    expect(highFirst(chip, 2, 0)).toBe(0x8000);
    expect(highFirst(chip, 3, 0)).toBe(0x7fff);
  });

  it("converts one input once, and says when it is done", () => {
    const chip = adc(94);
    chip.write(Uint8Array.of(1, 0xc3, 0x83), 0);
    expect(highFirst(chip, 1, 7) & 0x8000).toBe(0);
    expect(highFirst(chip, 0, 7)).toBe(0);
    expect(highFirst(chip, 1, 8) & 0x8000).toBe(0x8000);
    expect(highFirst(chip, 0, 8)).toBe(Math.round((1.88 / 4.096) * 32768));
  });

  it("clips at full scale, and reads nothing on an open input", () => {
    const chip = adc(130);
    chip.write(Uint8Array.of(1, 0x44, 0x83), 0);
    expect(highFirst(chip, 0, 20)).toBe(0x7fff);
    chip.write(Uint8Array.of(1, 0x54, 0x83), 20);
    expect(highFirst(chip, 0, 40)).toBe(0);
  });
});
