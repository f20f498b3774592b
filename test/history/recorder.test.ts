import { expect, it } from "vitest";
import type { History, HistoryBatch } from "../../src/history/history";
import { Recorder } from "../../src/history/recorder";

it("acknowledges nothing while the disk is full, says so, and has all of it when there is room", async () => {
  let full = true;
  const stored: number[] = [];
  const write = (batch: HistoryBatch): Promise<void> => {
    if (full) return Promise.reject(new Error("database or disk is full"));
    stored.push(...batch.readings.map(({ value }) => value));
    return Promise.resolve();
  };
  const problems: (string | undefined)[] = [];
  const acknowledged: number[] = [];
  const recorder = new Recorder({
    city: "berkane",
    // The recorder asks no more of it.
    history: { write } as Pick<History, "write"> as History,
    sequences: () => undefined,
    measured: () => undefined,
    onProblem: (problem) => problems.push(problem),
    now: () => 5000,
  });
  const take = (value: number): void => {
    recorder.reading({
      city: "berkane",
      node: "bk-0001",
      metric: "pm25",
      unit: "ug/m3",
      value,
      timeMs: value,
    });
    recorder.afterWrite(() => acknowledged.push(value));
  };
  take(1);
  await recorder.flush();
  take(2);
  await recorder.flush();
  expect(acknowledged).toEqual([]);
  expect(problems[0]).toBe("nothing can be stored: database or disk is full");
  expect(problems).not.toContain(undefined);
  full = false;
  await recorder.flush();
  await recorder.flush();
  expect(stored).toEqual([1, 2]);
  expect(acknowledged).toEqual([1, 2]);
  expect(problems.filter((problem) => problem === undefined)).toHaveLength(1);
});
