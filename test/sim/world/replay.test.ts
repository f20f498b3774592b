import fc from "fast-check";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { InputError } from "../../../src/inputError";
import {
  loadReplay,
  parseReplayOption,
  ReplayedMetric,
  withReplay,
} from "../../../src/sim/world/replay";
import { StillWorld } from "../../support/chipScript";

const folder = mkdtempSync(join(tmpdir(), "streetnode-replay-"));
afterAll(() => rmSync(folder, { recursive: true }));

let files = 0;
function csv(text: string): string {
  const file = join(folder, `${files++}.csv`);
  writeFileSync(file, text);
  return file;
}

const load = (text: string, column = "pm") =>
  loadReplay({ metric: "pm25", file: csv(text), column });

function problem(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    expect(error).toBeInstanceOf(InputError);
    const { message } = error as InputError;
    expect(message).not.toContain("\n");
    return message.replaceAll(folder, "DIR");
  }
  throw new Error("nothing was thrown");
}

describe("--replay", () => {
  it("is taken apart at its first equals sign and its last colon", () => {
    expect(parseReplayOption("pm25=a.csv:pm")).toEqual({
      metric: "pm25",
      file: "a.csv",
      column: "pm",
    });
    expect(parseReplayOption("LAF=C:\\data\\a=b.csv:LA_dB")).toEqual({
      metric: "LAF",
      file: "C:\\data\\a=b.csv",
      column: "LA_dB",
    });
  });

  it("names what is wrong with it", () => {
    expect(problem(() => parseReplayOption("x=y"))).toMatch(
      /^--replay x=y: no metric 'x'; those that can be replayed are pm1, pm25, .*illuminance/,
    );
    expect(problem(() => parseReplayOption("lampPower=a.csv:b"))).toMatch(
      /'lampPower' is worked out from others; those that can be replayed are/,
    );
    for (const text of ["pm25=y", "pm25=", "pm25=:c", "pm25=f:", "pm25", "=f:c", ""])
      expect(problem(() => parseReplayOption(text))).toMatch(
        /expected metric=FILE:COLUMN|no metric/,
      );
  });
});

describe("a recording", () => {
  it("is read with its line ends, spaces and byte order mark", () => {
    const recording = load("\ufefft_s, pm\r\n0, 10\r\n60, 20\r\n");
    expect(recording.value(30_000)).toBe(15);
  });

  it("holds before its first row, and after its last for one more step", () => {
    const recording = load("t_s,pm\n10,5\n20,6\n50,9\n");
    expect(recording.value(0)).toBe(5);
    expect(recording.value(10_000)).toBe(5);
    expect(recording.value(15_000)).toBe(5.5);
    expect(recording.value(50_000)).toBe(9);
    expect(recording.value(80_000)).toBe(9);
    expect(recording.value(80_001)).toBeUndefined();
  });

  it("has nothing between the good rows around a row without a value", () => {
    for (const marker of ["", "-200", "-200.0", "NaN", "NA", "null", "-999", "-9999"]) {
      const recording = load(`t_s,pm\n0,1\n10,2\n20,${marker}\n30,${marker}\n40,4\n`);
      expect(recording.value(10_000)).toBe(2);
      expect(recording.value(10_001)).toBeUndefined();
      expect(recording.value(20_000)).toBeUndefined();
      expect(recording.value(39_999)).toBeUndefined();
      expect(recording.value(40_000)).toBe(4);
    }
  });

  it("has nothing before its first good row when it starts with bad ones", () => {
    const recording = load("t_s,pm\n10,\n20,7\n");
    expect(recording.value(0)).toBeUndefined();
    expect(recording.value(19_999)).toBeUndefined();
    expect(recording.value(20_000)).toBe(7);
  });

  it("is a constant when it has one row", () => {
    const recording = load("t_s,pm\n10,7\n");
    for (const timeMs of [0, 10_000, 1e9]) expect(recording.value(timeMs)).toBe(7);
  });

  it("keeps between its rows, and gives each row back", () => {
    const rows = fc
      .uniqueArray(fc.integer({ min: 0, max: 1e6 }), { minLength: 1, maxLength: 30 })
      .chain((times) =>
        fc
          .array(fc.option(fc.double({ min: -50, max: 1e5, noNaN: true }), { nil: NaN }), {
            minLength: times.length,
            maxLength: times.length,
          })
          .map((values) =>
            [...times].sort((a, b) => a - b).map((t, i) => ({ timeMs: t, value: values[i] ?? 0 })),
          ),
      );
    fc.assert(
      fc.property(rows, fc.double({ min: 0, max: 1e6, noNaN: true }), (list, timeMs) => {
        const recording = new ReplayedMetric("pm25", list);
        for (const row of list)
          expect(recording.value(row.timeMs)).toBe(Number.isNaN(row.value) ? undefined : row.value);
        const before = list.findLast((row) => row.timeMs <= timeMs) ?? list[0];
        const after = list.find((row) => row.timeMs > timeMs) ?? list.at(-1);
        const value = recording.value(timeMs);
        if (value === undefined || !before || !after) return;
        const low = Math.min(before.value, after.value);
        const high = Math.max(before.value, after.value);
        // A product of doubles may round past the ends.
        const rounding = 1e-9 * Math.max(1, Math.abs(low), Math.abs(high));
        expect(value).toBeGreaterThanOrEqual(low - rounding);
        expect(value).toBeLessThanOrEqual(high + rounding);
      }),
    );
  });

  it("replaces its own metric only", () => {
    const base = new StillWorld({ pm25: 1, pm10: 2 });
    const both = withReplay(base, [load("t_s,pm\n0,33\n")]);
    expect(both.value("pm25", 0)).toBe(33);
    expect(both.value("pm10", 0)).toBe(2);
    expect(withReplay(base, [])).toBe(base);
  });

  it("names what is wrong with its file", () => {
    expect(
      problem(() => loadReplay({ metric: "pm25", file: `${folder}/none.csv`, column: "pm" })),
    ).toBe("--replay pm25: DIR/none.csv: no such file");
    expect(problem(() => loadReplay({ metric: "pm25", file: folder, column: "pm" }))).toBe(
      "--replay pm25: DIR cannot be read: EISDIR",
    );
    const cases: [string, RegExp][] = [
      ["", / is empty$/],
      ["t_s,pm\n", / has no rows$/],
      ["t_s,pm\n0,\n5,-200\n", / has no value in column 'pm'$/],
      ["t_s,other,third\n0,1,2\n", / has no column 'pm'; it has t_s, other, third$/],
      ["time,pm\n0,1\n", / has no column 't_s'; it has time, pm$/],
      ["t_s,pm\n0,1\n5,high\n", / line 3: 'high' in column 'pm' is no number$/],
      ["t_s,pm\n0,1\n\n5,1e999\n", / line 4: '1e999' in column 'pm' is no number$/],
      ["t_s,pm\nnoon,1\n", / line 2: 'noon' in column 't_s' is no number$/],
      ["t_s,pm\n0,1\n,2\n", / line 3: no time in column 't_s'$/],
      ["t_s,pm\n0,1\n5,2\n5,3\n", / line 4: the time 5 s does not come after 5 s$/],
      ["t_s,pm\n5,1\n4,2\n", / line 3: the time 4 s does not come after 5 s$/],
      ['t_s,pm\n0,"1\n', / is no CSV file: /],
    ];
    for (const [text, message] of cases) expect(problem(() => load(text))).toMatch(message);
  });
});

const daylight = new URL("../../../../shared/data/daylight-3d.csv", import.meta.url);

describe.runIf(existsSync(daylight))(
  "three recorded days of daylight (only where the file is)",
  () => {
    it("come back row by row", () => {
      const file = daylight.pathname;
      const recording = loadReplay({ metric: "illuminance", file, column: "illuminance_lx" });
      const rows = readFileSync(file, "utf8").trim().split("\n").slice(1);
      expect(rows.length).toBeGreaterThan(8000);
      for (const row of rows) {
        const [time, lux] = row.split(",").map(Number);
        expect(recording.value((time ?? 0) * 1000)).toBeCloseTo(lux ?? NaN, 6);
      }
    });
  },
);
