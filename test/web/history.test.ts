import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Point } from "../../src/city/cityView";
import { History } from "../../src/web/page/city/history";

const SPAN_MS = 1000;

describe("History", () => {
  it("is in order of time and without doubles, however points come and overlap", () => {
    const batches = fc.array(fc.array(fc.integer({ min: 1, max: SPAN_MS }), { maxLength: 20 }));
    fc.assert(
      fc.property(batches, (all) => {
        const history = new History(SPAN_MS);
        for (const batch of all) history.add(batch.map((t): Point => [t, 10 * t]));
        const expected = [...new Set(all.flat())].sort((a, b) => a - b);
        const { timesS, values } = history.window(SPAN_MS, 0);
        expect(timesS).toEqual(expected.map((t) => t / 1000));
        expect(values).toEqual(expected.map((t) => 10 * t));
      }),
    );
  });

  it("opens with the value that held when the span began, and goes on to now", () => {
    const history = new History(SPAN_MS);
    history.add([
      [100, 1],
      [500, 2],
      [1200, 3],
    ]);
    expect(history.window(1600, 1600)).toEqual({ timesS: [0.6, 1.2, 1.6], values: [2, 3, 3] });
  });

  it("ends where a value went stale", () => {
    const history = new History(SPAN_MS);
    history.add([[100, 1]]);
    expect(history.window(600, 100)).toEqual({ timesS: [0.1], values: [1] });
    expect(new History(SPAN_MS).window(600, 600)).toEqual({ timesS: [], values: [] });
  });
});
