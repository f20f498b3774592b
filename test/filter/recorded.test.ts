import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { PROJECT_FOLDER } from "../../src/projectFolder";
import { readRecording } from "../../src/recording";
import { recordedGuarantees, type RecordedSignal } from "../shared/recordedGuarantees";
import { runCasesInVm } from "../vm/harness";

const RECORDINGS = join(PROJECT_FOLDER, "..", "shared", "data");
/** So many samples of each recording run in the VM. */
const VM_SAMPLES = 240;

// prettier-ignore
const SIGNALS = [
  { file: "daylight-3d.csv", column: "illuminance_lx", bound: 50, heartbeatS: 900, above: 20000, clear: 15000, delayS: 60 },
  { file: "noise-traffic-30min.csv", column: "LA_dB", bound: 3, heartbeatS: 30, above: 60, clear: 55, delayS: 0.3 },
  // Hours are missing in these two: after so long a silence a delay would begin anew.
  { file: "pm25-hourly-90d.csv", column: "pm25_ugm3", bound: 5, heartbeatS: 43200, above: 75, clear: 50, delayS: 0 },
  { file: "no2-co-hourly-90d.csv", column: "no2_ugm3", bound: 10, heartbeatS: 43200, above: 120, clear: 90, delayS: 0 },
];

function recorded({ file, column, ...figures }: (typeof SIGNALS)[number]): RecordedSignal {
  const path = join(RECORDINGS, file);
  const rows = readRecording(path, column, path).filter(({ value }) => !Number.isNaN(value));
  return {
    ...figures,
    name: column,
    values: rows.map(({ value }) => value),
    times: rows.map(({ timeMs }) => timeMs / 1000),
  };
}

describe.runIf(existsSync(RECORDINGS))("a chain's guarantees on recorded signals", () => {
  it.each(SIGNALS)("$column, all of it", async (signal) => {
    const failed: string[] = [];
    await recordedGuarantees(
      {
        check: (name, ok, detail = "") => {
          if (!ok) failed.push(`${name}: ${detail}`);
        },
        pause: async () => {},
      },
      recorded(signal),
    );
    expect(failed).toEqual([]);
  });

  it("a part of each in the VM", async () => {
    const signals = SIGNALS.map((signal) => {
      const { values, times, ...figures } = recorded(signal);
      const crossing = values.findIndex((value) => value > signal.above);
      const from = Math.max(0, crossing - VM_SAMPLES / 3);
      return {
        ...figures,
        values: values.slice(from, from + VM_SAMPLES),
        times: times.slice(from, from + VM_SAMPLES),
      };
    });
    const folder = join(PROJECT_FOLDER, "dist", `recorded-${process.pid}`);
    mkdirSync(folder, { recursive: true });
    const entry = join(folder, "recorded.main.ts");
    writeFileSync(
      entry,
      `import { recordedGuarantees } from "../../test/shared/recordedGuarantees";
import { reportCases } from "../../test/vm/caseReporter";
await reportCases(async (t) => {
${signals.map((signal) => `  await recordedGuarantees(t, ${JSON.stringify(signal)});`).join("\n")}
});
`,
    );
    try {
      const results = await runCasesInVm(entry);
      expect(results.length).toBeGreaterThan(SIGNALS.length * 12);
      expect(results.filter(({ ok }) => !ok)).toEqual([]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  }, 120_000);
});
