import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Scheduler } from "../../src/sim/scheduler";

describe("scheduler", () => {
  it("runs tasks by time, and those of one time in the order they were made", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(50), { maxLength: 200 }), (times) => {
        const scheduler = new Scheduler();
        const ran: { time: number; i: number }[] = [];
        times.forEach((time, i) => scheduler.at(time, () => ran.push({ time, i })));
        scheduler.runUntil(50);
        const expected = times
          .map((time, i) => ({ time, i }))
          .sort((a, b) => a.time - b.time || a.i - b.i);
        expect(ran).toEqual(expected);
      }),
    );
  });

  it("leaves out what was cancelled and says when the next task is", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(50), fc.boolean()), { maxLength: 100 }), (entries) => {
        const scheduler = new Scheduler();
        const ran: number[] = [];
        const tasks = entries.map(([time], i) => scheduler.at(time, () => ran.push(i)));
        entries.forEach(([, cancel], i) => {
          if (cancel) tasks[i]?.cancel();
        });
        const kept = entries.map(([time, cancel], i) => ({ time, cancel, i }));
        const left = kept.filter(({ cancel }) => !cancel);
        const next = left.length ? Math.min(...left.map(({ time }) => time)) : undefined;
        expect(scheduler.nextTimeMs()).toBe(next);
        scheduler.runUntil(50);
        expect([...ran].sort((a, b) => a - b)).toEqual(left.map(({ i }) => i));
      }),
    );
  });

  it("moves the time to the end of a run, never back", () => {
    const scheduler = new Scheduler();
    scheduler.runUntil(100);
    let at = -1;
    scheduler.at(20, () => {
      at = scheduler.nowMs;
    });
    scheduler.runUntil(60);
    expect(at).toBe(-1);
    scheduler.runUntil(100);
    expect(at).toBe(100);
    expect(scheduler.nowMs).toBe(100);
  });

  it("tells a real-time loop of a task that comes before all others", () => {
    const scheduler = new Scheduler();
    let told = 0;
    scheduler.onEarlier(() => told++);
    scheduler.at(50, () => {});
    scheduler.at(60, () => {});
    scheduler.at(40, () => {});
    expect(told).toBe(2);
  });
});
