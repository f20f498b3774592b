import { describe, expect, it } from "vitest";
import type { VirtualChip } from "../../../src/sim/chips/virtualChip";
import { VirtualScd41 } from "../../../src/sim/chips/virtualScd41";
import { sensirionCrc } from "../../../src/sim/chips/virtualSensirion";
import { VirtualSht4x } from "../../../src/sim/chips/virtualSht4x";
import { VirtualSps30 } from "../../../src/sim/chips/virtualSps30";
import { StillWorld } from "../../support/chipScript";

function command(chip: VirtualChip, code: number, nowMs: number, ...words: number[]): boolean {
  const bytes = [code >> 8, code & 0xff];
  for (const word of words)
    bytes.push(word >> 8, word & 0xff, sensirionCrc(word >> 8, word & 0xff));
  return chip.write(Uint8Array.from(bytes), nowMs);
}

function answer(chip: VirtualChip, words: number, nowMs: number): number[] | undefined {
  const bytes = chip.read(3 * words, nowMs);
  return (
    bytes &&
    Array.from({ length: words }, (_, i) => ((bytes[3 * i] ?? 0) << 8) | (bytes[3 * i + 1] ?? 0))
  );
}

describe("virtual SPS30", () => {
  const chip = () => new VirtualSps30(new StillWorld({ pm1: 1, pm25: 2, pm4: 3, pm10: 4 }));

  it("starts only with the output format and its check sum", () => {
    const sps30 = chip();
    expect(command(sps30, 0x0010, 0)).toBe(false);
    expect(sps30.write(Uint8Array.of(0, 0x10, 3, 0, 0xad), 0)).toBe(false);
    expect(command(sps30, 0x0010, 0, 0x0300)).toBe(true);
  });

  it("has nothing to read before its first measurement, then floating-point numbers", () => {
    const sps30 = chip();
    command(sps30, 0x0010, 0, 0x0300);
    command(sps30, 0x0300, 500);
    expect(answer(sps30, 20, 500)).toBeUndefined();
    command(sps30, 0x0300, 1500);
    // 1, 2, 3 and 4 in IEEE 754.
    expect(answer(sps30, 20, 1500)?.slice(0, 8)).toEqual([
      0x3f80, 0, 0x4000, 0, 0x4040, 0, 0x4080, 0,
    ]);
  });
});

describe("virtual SCD41", () => {
  const chip = () => new VirtualScd41(new StillWorld({ co2: 500, temperature: 25, humidity: 37 }));

  it("takes only a few commands while it measures", () => {
    const scd41 = chip();
    expect(command(scd41, 0x3682, 0)).toBe(true);
    expect(command(scd41, 0x21b1, 10)).toBe(true);
    expect(command(scd41, 0x3682, 20)).toBe(false);
    expect(command(scd41, 0x21b1, 20)).toBe(false);
    expect(command(scd41, 0x3f86, 30)).toBe(true);
    expect(command(scd41, 0x3682, 529)).toBe(false);
    expect(command(scd41, 0x3682, 530)).toBe(true);
    expect(answer(scd41, 3, 531)).toEqual([0xf896, 0x9f07, 0x3bbe]);
  });

  it("gives each measurement once, the words of the data sheet's example", () => {
    const scd41 = chip();
    command(scd41, 0x21b1, 0);
    command(scd41, 0xec05, 4900);
    expect(answer(scd41, 3, 4910)).toBeUndefined();
    command(scd41, 0xec05, 5000);
    expect(answer(scd41, 3, 5001)).toEqual([500, 0x6666, 0x5eb8]);
    command(scd41, 0xec05, 5010);
    expect(answer(scd41, 3, 5020)).toBeUndefined();
    command(scd41, 0xe4b8, 5100);
    expect((answer(scd41, 1, 5101)?.[0] ?? 0) & 0x7ff).toBe(0);
    command(scd41, 0xe4b8, 10_000);
    expect((answer(scd41, 1, 10_001)?.[0] ?? 0) & 0x7ff).not.toBe(0);
  });
});

describe("virtual SHT4x", () => {
  it("acknowledges no read before its measurement is done", () => {
    const sht4x = new VirtualSht4x(new StillWorld({ temperature: 42.5, humidity: 56.5 }));
    expect(sht4x.write(Uint8Array.of(0xfd), 0)).toBe(true);
    expect(answer(sht4x, 2, 8)).toBeUndefined();
    expect(answer(sht4x, 2, 8.3)).toEqual([0x8000, 0x8000]);
    expect(sht4x.write(Uint8Array.of(0xe0), 10)).toBe(true);
    expect(answer(sht4x, 2, 11.6)).toEqual([0x8000, 0x8000]);
    expect(sht4x.write(Uint8Array.of(0x55), 20)).toBe(false);
  });
});
