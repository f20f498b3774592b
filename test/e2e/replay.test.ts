import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { channelConfig } from "../../devs/contract/config";
import { loadReplay, withReplay, type ReplayedMetric } from "../../src/sim/world/replay";
import { SyntheticDay } from "../../src/sim/world/syntheticDay";
import { PROJECT_FOLDER } from "../../src/projectFolder";
import { START_UTC_MS, startCity, type CityUnderTest } from "../support/simulatedCity";

const HOUR_MS = 3_600_000;
const PERIOD_S = 10;
/** The light of a recording is not that of the lamp's street: only the recording is of interest. */
const CONFIGURATION = {
  sensors: { ina226: { on: false } },
  noise: { on: false },
  channels: {
    illuminance: { periodS: PERIOD_S, report: { deadband: 50, deadbandPct: 0, heartbeatS: 900 } },
  },
};
/** What the VEML7700 and its driver make of the light: resolution, rounding, and 0.4 %. */
const CHIP_ERROR_SHARE = 0.005;
const CHIP_ERROR_LX = 0.5;
/** The chip shows the light of up to two integrations and a change of range ago. */
const CHIP_DELAY_S = 4;

/** What was reported in the last minute of a run still waits for its message. */
const UNSENT_MS = 90_000;

const RECORDING = join(PROJECT_FOLDER, "..", "shared", "data", "daylight-3d.csv");

let city: CityUnderTest | undefined;

afterEach(async () => {
  await city?.close();
  city = undefined;
});

/** Runs a node under a recording of daylight. */
async function runUnder(recording: ReplayedMetric, forMs: number): Promise<CityUnderTest> {
  city = await startCity({
    configuration: CONFIGURATION,
    surroundings: (node) =>
      withReplay(new SyntheticDay({ seed: 1, node, startUtcMs: START_UTC_MS }), [recording]),
  });
  await city.run(forMs);
  return city;
}

/** The least that the last report and the recording around a time can differ by. */
function distance(recording: ReplayedMetric, reported: number, timeMs: number): number {
  let least = Infinity;
  for (let agoS = 0; agoS <= CHIP_DELAY_S; agoS += 0.5) {
    const truth = recording.value(timeMs - agoS * 1000);
    if (truth === undefined) continue;
    const error = Math.abs(reported - truth) - CHIP_ERROR_SHARE * truth - CHIP_ERROR_LX;
    least = Math.min(least, error);
  }
  return least;
}

/** Expects that at every sample the last report was within the band of the recording. */
function expectWithinBand(run: CityUnderTest, recording: ReplayedMetric, hours: number): void {
  const band = channelConfig(CONFIGURATION, "illuminance").report?.deadband ?? NaN;
  const reports = run.readings
    .filter(({ metric }) => metric === "illuminance")
    .map(({ timeMs, value }) => ({ timeMs: timeMs - START_UTC_MS, value }))
    .sort((a, b) => a.timeMs - b.timeMs);
  expect(reports.length).toBeGreaterThan(hours * 3);
  expect(reports.length).toBeLessThan((hours * 3600) / PERIOD_S);
  const first = reports[0]?.timeMs ?? 0;
  let last = 0;
  for (let timeMs = first; timeMs < hours * HOUR_MS - UNSENT_MS; timeMs += PERIOD_S * 1000) {
    while ((reports[last + 1]?.timeMs ?? Infinity) <= timeMs + 1000) last++;
    const report = reports[last];
    if (!report) break;
    expect(distance(recording, report.value, timeMs), `at ${timeMs / 1000} s`).toBeLessThan(band);
  }
}

describe("a node under a recording", () => {
  it("publishes a morning's light within the deadband", async () => {
    const folder = mkdtempSync(join(tmpdir(), "streetnode-replay-"));
    const file = join(folder, "morning.csv");
    const rows = ["t_s,lux"];
    // Sunrise, with a cloud every ten minutes.
    for (let s = 0; s <= 3 * 3600; s += 30)
      rows.push(`${s},${(5000 * (s / 10800) ** 2 * (s % 600 < 120 ? 0.6 : 1)).toFixed(2)}`);
    writeFileSync(file, rows.join("\n"));
    const recording = loadReplay({ metric: "illuminance", file, column: "lux" });
    rmSync(folder, { recursive: true });
    const run = await runUnder(recording, 3 * HOUR_MS);
    expect(run.events.filter(({ event }) => event.channel === undefined)).toEqual([]);
    expectWithinBand(run, recording, 3);
  });

  it("has no sensor where the recording has no value, and says so once", async () => {
    const folder = mkdtempSync(join(tmpdir(), "streetnode-replay-"));
    const file = join(folder, "gap.csv");
    writeFileSync(file, "t_s,lux\n0,100\n600,120\n900,\n1200,-200\n1500,130\n7200,140\n");
    const recording = loadReplay({ metric: "illuminance", file, column: "lux" });
    rmSync(folder, { recursive: true });
    const run = await runUnder(recording, HOUR_MS);
    const faults = run.events.filter(({ event }) => event.chip !== undefined);
    expect(faults.map(({ event }) => [event.event, event.chip, event.reason])).toEqual([
      ["sensor-fault", "veml7700", "no-answer"],
      ["sensor-ok", "veml7700", "no-answer"],
    ]);
    const inGap = run.readings.filter(({ metric, timeMs }) => {
      const s = (timeMs - START_UTC_MS) / 1000;
      return metric === "illuminance" && s > 602 && s < 1498;
    });
    expect(inGap).toEqual([]);
  });

  it.runIf(existsSync(RECORDING))(
    "publishes a recorded day of light within the deadband",
    async () => {
      const recording = loadReplay({
        metric: "illuminance",
        file: RECORDING,
        column: "illuminance_lx",
      });
      expectWithinBand(await runUnder(recording, 24 * HOUR_MS), recording, 24);
    },
    120_000,
  );
});
