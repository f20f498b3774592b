import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { NoiseWindow } from "../../devs/acoustics/noiseWindow";
import { PROJECT_FOLDER } from "../../src/projectFolder";
import { streetLevelDb } from "../../src/sim/world/streetNoise";
import { noiseWindowCases } from "../shared/noiseWindow.cases";
import { testInBothWorlds } from "../support/sharedCases";

testInBothWorlds("noise window", noiseWindowCases, "test/vm/noiseWindow.main.ts");

/** Half an hour beside a road, if it is here. */
const RECORDING = join(PROJECT_FOLDER, "..", "shared", "data", "noise-traffic-30min.csv");

function exactly(levels: readonly number[]) {
  const falling = [...levels].sort((a, b) => b - a);
  const energy = levels.reduce((sum, level) => sum + 10 ** (level / 10), 0) / levels.length;
  const exceeded = (share: number) => falling[Math.ceil(share * falling.length) - 1] ?? NaN;
  return {
    laeqDb: 10 * Math.log10(energy),
    l10Db: exceeded(0.1),
    l50Db: exceeded(0.5),
    l90Db: exceeded(0.9),
    lafMaxDb: falling[0],
    lafMinDb: falling.at(-1),
  };
}

/** Feeds the samples and compares every window with the exact figures; how many there were. */
function compare(samples: readonly (readonly [number, number])[], periodS: number): number {
  const window = new NoiseWindow(60, periodS);
  let levels: number[] = [];
  let windows = 0;
  for (const [timeS, level] of samples) {
    if (window.add(level, timeS)) {
      windows++;
      const exact = exactly(levels);
      expect(Math.abs(window.laeqDb - exact.laeqDb)).toBeLessThan(0.05);
      expect(Math.abs(window.l10Db - exact.l10Db)).toBeLessThanOrEqual(0.5);
      expect(Math.abs(window.l50Db - exact.l50Db)).toBeLessThanOrEqual(0.5);
      expect(Math.abs(window.l90Db - exact.l90Db)).toBeLessThanOrEqual(0.5);
      expect(window.lafMaxDb).toBe(exact.lafMaxDb);
      expect(window.lafMinDb).toBe(exact.lafMinDb);
      expect(window.l10Db).toBeGreaterThanOrEqual(window.l50Db);
      expect(window.l50Db).toBeGreaterThanOrEqual(window.l90Db);
      levels = [];
    }
    levels.push(level);
  }
  return windows;
}

describe("noise figures beside the exact ones", () => {
  it("agree in a synthetic street", () => {
    const samples = Array.from(
      { length: 8 * 1860 },
      (_, i) => [i / 8, streetLevelDb(7, i * 125, 0.6, 0)] as const,
    );
    expect(compare(samples, 0.125)).toBe(30);
  });

  it("agree for any levels, also whole decibels", () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            fc.integer({ min: 25, max: 130 }),
            fc.double({ min: 25, max: 130, noNaN: true }),
          ),
          {
            minLength: 20,
            maxLength: 480,
          },
        ),
        (levels) => {
          const samples = levels.map((level, i) => [i / 8, level] as const);
          expect(compare([...samples, [60, 50]], 0.125)).toBe(1);
        },
      ),
    );
  });

  it.runIf(existsSync(RECORDING))("agree beside a real road", () => {
    const samples = readFileSync(RECORDING, "utf8")
      .trim()
      .split("\n")
      .slice(1)
      .map((line) => line.split(",").map(Number) as [number, number]);
    expect(compare(samples, 0.1125)).toBeGreaterThanOrEqual(29);
  });
});
