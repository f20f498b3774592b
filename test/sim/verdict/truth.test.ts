import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { TruthCheck } from "../../../src/sim/verdict/truth";

/** A level that rises and falls by tens of decibels within a second. */
const world = { value: (_metric: string, timeMs: number) => 60 + 20 * Math.sin(timeMs / 200) };
const CONFIGURATION = { channels: { LAF: { on: true, report: { deadband: 3 } } } };
/** A reading is at most so old when the node takes its time. */
const AGE_MS = 400;

/** What the check finds in a reading of the level at `measuredMs`, taken that much later, of which the node prints seven digits. */
function wrongOf(measuredMs: number, delayMs: number, errorDb: number): number {
  const check = new TruthCheck(world, CONFIGURATION, []);
  const timeS = (measuredMs + delayMs) / 1000;
  const value = world.value("LAF", measuredMs) + errorDb;
  check.reported({ metric: "LAF", value, timeMs: Number(timeS.toPrecision(7)) * 1000, boot: 1 });
  return check.account(0).wrong;
}

const measuredMs = fc.double({ min: 130_000, max: 30 * 86_400_000, noNaN: true });

describe("what a node reported against the truth", () => {
  it("is not wrong for the digits that the node leaves out of its times", () =>
    fc.assert(
      fc.property(measuredMs, fc.double({ min: 0, max: AGE_MS, noNaN: true }), (ms, delayMs) => {
        expect(wrongOf(ms, delayMs, 0)).toBe(0);
      }),
      { numRuns: 2000 },
    ));

  it("is wrong where the level never was so high", () =>
    fc.assert(
      fc.property(measuredMs, (ms) => {
        expect(wrongOf(ms, 0, 41)).toBe(1);
      }),
    ));
});

describe("the noise figures of a window", () => {
  const WINDOW_MS = 60_000;
  /** 40 dB for nine tenths of each window, and 60 dB for the rest. */
  const street = {
    value: (_metric: string, timeMs: number) => (timeMs % WINDOW_MS < 0.9 * WINDOW_MS ? 40 : 60),
  };
  const FIGURES: Readonly<Record<string, number>> = {
    LAeq: 10 * Math.log10(0.9 * 10 ** 4 + 0.1 * 10 ** 6),
    ...{ LAFmax: 60, LAFmin: 40, L50: 40, L90: 40 },
  };
  const accountOf = (metric: string, value: number, endMs: number, configuration = {}) => {
    const check = new TruthCheck(street, configuration, []);
    check.reported({ metric, value, timeMs: endMs, boot: 1 });
    const { compared, wrong } = check.account(endMs);
    return [compared, wrong];
  };

  it.each(Object.entries(FIGURES))("%s is wrong by more than is stated only", (metric, value) => {
    expect(accountOf(metric, value + 0.2, 10 * WINDOW_MS)).toEqual([1, 0]);
    expect(accountOf(metric, value + 1, 10 * WINDOW_MS)).toEqual([1, 1]);
    expect(accountOf(metric, value - 1, 10 * WINDOW_MS)).toEqual([1, 1]);
  });

  it("are worked out for one window in ten, and with what the housing takes", () => {
    expect(accountOf("LAFmax", 99, 11 * WINDOW_MS)).toEqual([0, 0]);
    const noise = { offsetDb: 3 };
    expect(accountOf("LAFmax", 63, 10 * WINDOW_MS, { noise })).toEqual([1, 0]);
    const channels = { LAFmax: { calibrate: { offset: 1 } } };
    expect(accountOf("LAFmax", 99, 10 * WINDOW_MS, { channels })).toEqual([0, 0]);
  });
});

/** What the check finds swallowed of a swinging door's lines where the temperature rose from 10 to 30 after `roseMs`. */
function swallowedOf(roseMs: number, restartMs?: number): number {
  const rising = { value: (_metric: string, timeMs: number) => (timeMs < roseMs ? 10 : 30) };
  const configuration = {
    channels: { temperature: { on: true, periodS: 10, report: { swingingDoor: 0.2 } } },
  };
  const check = new TruthCheck(rising, configuration, []);
  for (const [value, timeMs] of [
    [10, 200_000],
    [30, 1_000_000],
    [30, 1_800_000],
  ] as const) {
    if (restartMs !== undefined && timeMs === 1_000_000) check.restarted(restartMs);
    check.reported({ metric: "temperature", value, timeMs, boot: 1 });
  }
  return check.account(1_800_000).swallowed;
}

/** What it finds of a level that was 60 dB when the node told of it, and then as given. */
function swallowedOfLevel(level: (timeMs: number) => number): number {
  const street = { value: (_metric: string, timeMs: number) => level(timeMs) };
  const configuration = { channels: { LAF: { on: true, report: { deadband: 3 } } } };
  const check = new TruthCheck(street, configuration, []);
  check.reported({ metric: "LAF", value: 60, timeMs: 200_000, boot: 1 });
  return check.account(400_000).swallowed;
}

describe("a fast level that was not reported", () => {
  it("is found where it stayed", () => {
    expect(swallowedOfLevel((timeMs) => (timeMs < 300_000 ? 60 : 70))).toBe(1);
  });

  it("is not missed for being elsewhere at the instants that are looked at", () => {
    expect(swallowedOfLevel((timeMs) => (timeMs % 500 < 50 ? 70 : 60))).toBe(0);
  });
});

describe("what a swinging door did not report", () => {
  it("is found", () => expect(swallowedOf(900_000)).toBe(1));

  it("is not asked for where a restart took the end of its line", () =>
    expect(swallowedOf(900_000, 990_000)).toBe(0));

  it("is asked for after a restart", () => expect(swallowedOf(900_000, 100_000)).toBe(1));
});
