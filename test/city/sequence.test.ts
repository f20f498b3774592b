import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RANGES_CAPACITY, SequenceTracker } from "../../src/city/sequence";

describe("SequenceTracker", () => {
  it("tells new, late and duplicate numbers apart in any order", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 200 }), (numbers) => {
        const tracker = new SequenceTracker(true);
        const seen = new Set<number>();
        let highest = 0;
        for (const seq of numbers) {
          const { kind } = tracker.accept(seq);
          expect(kind).toBe(seen.has(seq) ? "duplicate" : seq > highest ? "new" : "late");
          seen.add(seq);
          highest = Math.max(highest, seq);
          expect(tracker.gaps).toBe(highest - seen.size);
        }
      }),
    );
  });

  it("names the numbers that were skipped", () => {
    const tracker = new SequenceTracker(true);
    expect(tracker.accept(3)).toEqual({ kind: "new", missing: { from: 1, to: 2 } });
    expect(tracker.accept(4)).toEqual({ kind: "new" });
    expect(tracker.accept(9)).toEqual({ kind: "new", missing: { from: 5, to: 8 } });
  });

  it("counts nothing before its first number when it joins midway, yet takes it", () => {
    const tracker = new SequenceTracker(false);
    expect(tracker.accept(500)).toEqual({ kind: "new" });
    expect(tracker.gaps).toBe(0);
    expect(tracker.accept(498)).toEqual({ kind: "late" });
    expect(tracker.accept(498)).toEqual({ kind: "duplicate" });
    expect(tracker.gaps).toBe(0);
    tracker.accept(502);
    expect(tracker.gaps).toBe(1);
  });

  it("keeps its memory bounded and never passes a number twice when it forgets holes", () => {
    const tracker = new SequenceTracker(true);
    const last = 4 * RANGES_CAPACITY;
    for (let seq = 2; seq <= last; seq += 2) tracker.accept(seq);
    expect(tracker.gaps).toBe(last / 2);
    expect(tracker.accept(1).kind).toBe("duplicate");
    expect(tracker.accept(last - 1).kind).toBe("late");
    for (let seq = 2; seq <= last; seq += 2) expect(tracker.accept(seq).kind).toBe("duplicate");
  });

  it("takes a jump of four thousand million numbers in one step", () => {
    const tracker = new SequenceTracker(true);
    tracker.accept(4_000_000_000);
    expect(tracker.gaps).toBe(3_999_999_999);
    expect(tracker.accept(2_000_000_000).kind).toBe("late");
    expect(tracker.gaps).toBe(3_999_999_998);
  });
});
