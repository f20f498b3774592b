import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { channelConfig } from "../../devs/contract/config";
import { runChain } from "../../src/filter/chainRun";
import { plotRun } from "../../src/filter/plot";
import { PROJECT_FOLDER } from "../../src/projectFolder";
import { SyntheticDay } from "../../src/sim/world/syntheticDay";

/**
 * Draws what the default chains make of the synthetic city, for the README: the same
 * files, to the last byte, as long as neither changes.
 */

/** Where the README looks for them. */
const FOLDER = join(PROJECT_FOLDER, "src/filter/plots");

/** Midnight of a spring day in Berkane, in UTC. */
const MIDNIGHT_UTC_MS = Date.UTC(2026, 2, 20) - 3_600_000;

const PLOTS = [
  { metric: "pm25", title: "PM2.5 through the morning's rush, ug/m3", fromH: 6, hours: 3 },
  { metric: "illuminance", title: "Daylight from dawn, lx", fromH: 6, hours: 4 },
  { metric: "LAF", title: "Traffic, dB", fromH: 8, hours: 0.1 },
];

mkdirSync(FOLDER, { recursive: true });
for (const { metric, title, fromH, hours } of PLOTS) {
  const channel = channelConfig({}, metric);
  const startUtcMs = MIDNIGHT_UTC_MS + fromH * 3_600_000;
  const day = new SyntheticDay({ seed: 1, node: "bk-0001", startUtcMs });
  const samples = Array.from({ length: (hours * 3600) / channel.periodS }, (_, i) => ({
    timeS: i * channel.periodS,
    value: day.value(metric, i * channel.periodS * 1000) ?? NaN,
  }));
  const run = runChain(channel, samples);
  const summary = `${run.reports.length} reports of ${samples.length} samples`;
  writeFileSync(join(FOLDER, `${metric}.svg`), plotRun(run, `${title}: ${summary}`));
  console.log(`${metric}: ${summary}, largest error ${run.largestError.toPrecision(3)}`);
}
