import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { backoffDelayMs, refusedDelayMs, togetherDelayMs } from "../../devs/mqtt/backoff";

const random = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true });

/** The 50th percentile of the wait between the end of an outage and the next attempt, in ms. */
function medianReturnMs(outageMs: number, next: () => number): number {
  const waits: number[] = [];
  for (let run = 0; run < 2001; run++) {
    let atMs = 0;
    for (let failures = 0; atMs < outageMs; failures++)
      atMs += failures === 0 ? togetherDelayMs(0, next()) : backoffDelayMs(failures, next());
    waits.push(atMs - outageMs);
  }
  waits.sort((a, b) => a - b);
  return waits[1000];
}

describe("back-off", () => {
  it("tries within a second first, and never later than after two minutes", () => {
    fc.assert(
      fc.property(fc.nat(100000), random, (failures, r) => {
        const delay = backoffDelayMs(failures, r);
        expect(delay).toBeGreaterThanOrEqual(100);
        expect(delay).toBeLessThanOrEqual(failures === 0 ? 1000 : 120000);
      }),
    );
  });

  it("spreads over the whole range, whose end only grows", () => {
    const limits = [...Array(31).keys()].map((failures) => backoffDelayMs(failures, 0.999999));
    expect(limits).toEqual([...limits].sort((a, b) => a - b));
    expect(limits[0]).toBe(999);
    expect(limits[30]).toBe(119999);
    for (const failures of [0, 5, 30]) expect(backoffDelayMs(failures, 0)).toBe(100);
  });

  it("spreads nodes that start or lose their connections together over five seconds", () => {
    expect(togetherDelayMs(0, 0)).toBe(100);
    expect(togetherDelayMs(0, 0.999999)).toBe(4999);
    // Connections that are lost again and again do not shorten the delay.
    expect(togetherDelayMs(30, 0.999999)).toBe(119999);
  });

  it("waits minutes after a refusal", () => {
    expect(refusedDelayMs(0)).toBe(300000);
    expect(refusedDelayMs(0.999999)).toBe(599999);
  });

  it("is back within 5 s of the end of an outage of 20 s, in half of the cases", () => {
    let state = 1;
    const next = () => (state = (state * 16807) % 2147483647) / 2147483647;
    expect(medianReturnMs(20_000, next)).toBeLessThan(5000);
  });
});
