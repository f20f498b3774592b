import { describe, expect, it } from "vitest";
import { HeapDays } from "../../../src/sim/verdict/heapDays";

const HOUR_MS = 3_600_000;

/** The figures of a program that holds so much after its collections, one an hour, in a run of that many hours. */
function figuresOf(hours: number, heldBytes: (hour: number) => number) {
  let least = Infinity;
  const days = new HeapDays(() => {
    const taken = Number.isFinite(least) ? least : 0;
    least = Infinity;
    return taken;
  }, hours * HOUR_MS);
  for (let hour = 0; hour < hours; hour++) {
    days.passed(hour * HOUR_MS);
    least = Math.min(least, heldBytes(hour));
  }
  return days.figures();
}

describe("a heap over days", () => {
  it("has grown by what its last day holds more than its first", () => {
    const leak = figuresOf(72, (hour) => 28_000 + 20 * hour);
    // The second half of the first day begins with its twelfth hour, that of the last with hour 60.
    expect(leak).toEqual({
      heapEarlyBytes: 28_000 + 20 * 12,
      heapEndBytes: 28_000 + 20 * 60,
      heapGrownBytes: 20 * 48,
    });
  });

  it("has not grown for a busy hour, or for what it held at its start", () => {
    expect(figuresOf(72, (hour) => (hour % 6 === 5 ? 40_000 : 28_000)).heapGrownBytes).toBe(0);
    expect(figuresOf(72, (hour) => (hour < 12 ? 20_000 : 28_000)).heapGrownBytes).toBe(0);
    expect(figuresOf(72, (hour) => 30_000 - 10 * hour).heapGrownBytes).toBe(0);
  });

  it("is compared over two days or more, and where both were measured", () => {
    expect(figuresOf(40, (hour) => 28_000 + 500 * hour).heapGrownBytes).toBe(0);
    expect(figuresOf(72, () => Infinity)).toMatchObject({ heapEarlyBytes: 0, heapGrownBytes: 0 });
  });
});
