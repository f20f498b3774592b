import { describe, expect, it } from "vitest";
import { ChipFaults } from "../../../src/sim/chips/chipFaults";

const HOUR_MS = 3_600_000;

describe("faults of a chip", () => {
  it("bends nothing while there is none", () => {
    const faults = new ChipFaults();
    expect(faults.bend(12.5, "pm25", HOUR_MS)).toBe(12.5);
    expect(faults.seenTimeMs(HOUR_MS)).toBe(HOUR_MS);
  });

  it("drifts from the moment at which it was switched on", () => {
    const faults = new ChipFaults();
    faults.set({ driftPctPerHour: 10 }, HOUR_MS);
    expect(faults.bend(50, "pm25", HOUR_MS)).toBe(50);
    expect(faults.bend(50, "pm25", 3 * HOUR_MS)).toBeCloseTo(60, 9);
    faults.set({ badCrc: true }, 2 * HOUR_MS);
    expect(faults.bend(50, "pm25", 3 * HOUR_MS)).toBeCloseTo(60, 9);
  });

  it("freezes at the moment at which it was switched on, until it is switched off", () => {
    const faults = new ChipFaults();
    faults.set({ frozen: true }, 5000);
    faults.set({ frozen: true }, 7000);
    expect(faults.seenTimeMs(4000)).toBe(4000);
    expect(faults.seenTimeMs(9000)).toBe(5000);
    faults.clear();
    expect(faults.seenTimeMs(9000)).toBe(9000);
  });

  it("scatters with the given standard deviation, the same way in every run", () => {
    const faults = new ChipFaults();
    faults.set({ noisePct: 5 }, 0);
    const values = Array.from({ length: 4000 }, (_, i) => faults.bend(100, "LAF", i * 125));
    const mean = values.reduce((sum, v) => sum + v, 0) / values.length;
    const deviation = Math.sqrt(
      values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / values.length,
    );
    expect(mean).toBeGreaterThan(99.5);
    expect(mean).toBeLessThan(100.5);
    expect(deviation).toBeGreaterThan(4.5);
    expect(deviation).toBeLessThan(5.5);
    expect(values.map((_, i) => faults.bend(100, "LAF", i * 125))).toEqual(values);
  });
});
