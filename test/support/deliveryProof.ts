import { METRIC_COUNT, metricDecimals, metricIndex, metricName } from "../../devs/contract/metrics";
import type { Reading } from "../../src/city/receiver";
import type { NodeReport } from "./simulatedCity";

/** Readings carry whole seconds, and the node's idea of UTC is a little late. */
const TIME_TOLERANCE_MS = 2500;

/** So long a reading may wait for others to fill its pack, with a broker that is there. */
const ON_ITS_WAY_MS = 120_000;

/** What nodes reported and what the city got, in virtual time or in real time. */
export interface DeliveryRun {
  readonly reports: readonly NodeReport[];
  readonly readings: readonly Reading[];
  /** UTC at which the scheduler's time began. */
  readonly startUtcMs: number;
  readonly scheduler: { readonly nowMs: number };
}

/** What became of the readings that the nodes' filters let through. */
export interface DeliveryVerdict {
  readonly reported: number;
  readonly delivered: number;
  /** Reported a while ago, and not at the city. */
  readonly lost: NodeReport[];
  /** At the city, and never reported, or a second time. */
  readonly invented: Reading[];
  /** Arrived after a later reading of the same metric. */
  readonly disordered: Reading[];
}

/**
 * Compares what nodes reported, in their own words and before the outbox saw it, with what
 * the city has: metric by metric, in the order of time, each reading once.
 */
export function judgeDelivery(city: DeliveryRun): DeliveryVerdict {
  const lost: NodeReport[] = [];
  const invented: Reading[] = [];
  const disordered: Reading[] = [];
  for (const node of new Set(city.reports.map((report) => report.node)))
    for (let i = 0; i < METRIC_COUNT; i++) {
      const metric = metricName(i);
      const of = (one: { node: string; metric: string }) =>
        one.node === node && one.metric === metric;
      const arrived = city.readings.filter(of);
      let latestMs = -Infinity;
      for (const reading of arrived) {
        if (reading.timeMs < latestMs - TIME_TOLERANCE_MS) disordered.push(reading);
        latestMs = Math.max(latestMs, reading.timeMs);
      }
      const reports = city.reports.filter(of).sort((a, b) => a.timeMs - b.timeMs);
      const matched = match(reports, arrived, city.startUtcMs);
      const waitingFromMs = city.scheduler.nowMs - ON_ITS_WAY_MS;
      lost.push(...matched.lost.filter(({ timeMs }) => timeMs < waitingFromMs));
      invented.push(...matched.invented);
    }
  const reported = city.reports.length;
  return { reported, delivered: reported - lost.length, lost, invented, disordered };
}

/** Gives each reading the first report of its value and time that has none yet. */
function match(reports: readonly NodeReport[], arrived: readonly Reading[], startUtcMs: number) {
  const open = [...reports];
  const invented: Reading[] = [];
  for (const reading of [...arrived].sort((a, b) => a.timeMs - b.timeMs)) {
    const atMs = reading.timeMs - startUtcMs;
    const decimals = metricDecimals(metricIndex(reading.metric));
    // Half a step of what is sent, and what DeviceScript prints of seven digits.
    const tolerance = 0.51 * 10 ** -decimals + 1e-6 * Math.abs(reading.value);
    const found = open.findIndex(
      ({ timeMs, value }) =>
        Math.abs(timeMs - atMs) <= TIME_TOLERANCE_MS &&
        Math.abs(value - reading.value) <= tolerance,
    );
    if (found < 0) invented.push(reading);
    else open.splice(found, 1);
  }
  return { lost: open, invented };
}
