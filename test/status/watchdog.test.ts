import { expect, it } from "vitest";
import { STANDSTILL_MS, standsStill } from "../../devs/status/watchdog";

it("a part that makes no progress for a quarter of an hour stands still", () => {
  const watch: number[] = [];
  expect(standsStill(watch, 5, true, 0, 0)).toBe(false);
  expect(standsStill(watch, 5, true, 0, STANDSTILL_MS - 1)).toBe(false);
  expect(standsStill(watch, 6, true, 0, STANDSTILL_MS)).toBe(false);
  expect(standsStill(watch, 6, true, 0, 2 * STANDSTILL_MS - 1)).toBe(false);
  expect(standsStill(watch, 6, true, 0, 2 * STANDSTILL_MS)).toBe(true);
});

it("a part that has nothing to do does not", () => {
  const watch: number[] = [];
  standsStill(watch, 0, true, 0, 0);
  expect(standsStill(watch, 0, false, 0, 2 * STANDSTILL_MS)).toBe(false);
  expect(standsStill(watch, 0, true, 0, 3 * STANDSTILL_MS - 1)).toBe(false);
  expect(standsStill(watch, 0, true, 0, 3 * STANDSTILL_MS)).toBe(true);
});

it.each([
  [1, 2],
  [3, 8],
  [5, 32],
  [50, 32],
])(
  "after %i restarts in a row the patience is %i times as long, eight hours at most",
  (restarts, factor) => {
    const watch: number[] = [];
    standsStill(watch, 1, true, restarts, 0);
    expect(standsStill(watch, 1, true, restarts, factor * STANDSTILL_MS - 1)).toBe(false);
    expect(standsStill(watch, 1, true, restarts, factor * STANDSTILL_MS)).toBe(true);
  },
);
