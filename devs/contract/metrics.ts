/**
 * Every metric that a node can publish: its name in SenML records, its unit from
 * the SenML registry (RFC 8428 section 12.1, RFC 8798) and how it is shown.
 */

export interface Metric {
  /** Name of the channel and of the SenML record. */
  readonly name: string;
  /** SenML unit; empty for an index without one. */
  readonly unit: string;
  /** Decimals worth publishing: a tenth of the sensor's stated repeatability or better. */
  readonly decimals: number;
}

/**
 * Name, unit and decimals of each metric. The order is that of the channels. One text each,
 * since the table stays in the node's memory, and texts that are in the program take none.
 */
const TABLE: string[] = [
  "pm1 ug/m3 1",
  "pm25 ug/m3 1",
  "pm4 ug/m3 1",
  "pm10 ug/m3 1",
  "temperature Cel 2",
  "humidity %RH 1",
  "vocIndex  0",
  "noxIndex  0",
  "LAF dB 1",
  "illuminance lx 1",
  "lampVoltage V 2",
  "lampCurrent mA 0",
  "lampPower W 1",
  "co2 ppm 0",
  "no2 ug/m3 1",
  "o3 ug/m3 1",
  "pressure hPa 1",
  "LAeq dB 1",
  "LAFmax dB 1",
  "LAFmin dB 1",
  "L10 dB 1",
  "L50 dB 1",
  "L90 dB 1",
  "noiseCoverage % 0",
  "lampOn  0",
  "lampEnergy Wh 0",
  "eaqi  0",
  "aqi  0",
  "housingTemperature Cel 1",
  "housingHumidity %RH 0",
];

/** Code of the character 0. */
const DIGIT_ZERO = 48;

/** How many metrics there are; their indexes count from 0. */
export const METRIC_COUNT = TABLE.length;
/**
 * How many there may be: readings wait in flash under their indexes, also while the firmware is
 * replaced by one that knows more metrics.
 */
export const METRIC_ROOM = 42;

/**
 * What a reading tells of its metric. The figures of a window are readings of their own,
 * with the index statistic * `METRIC_ROOM` + metric and names like `pm25.mean`; the
 * functions below take such indexes, too.
 */
export enum Statistic {
  /** The value itself: no statistic. */
  Value,
  /** Mean, for levels in decibels that of the energy. */
  Mean,
  Min,
  Max,
  /** Standard deviation. */
  Stdev,
  /** How many samples there were. */
  Count,
}

const STATISTIC_NAMES: string[] = ["", ".mean", ".min", ".max", ".stdev", ".count"];

/** Indexes that a reading can have; they fit into a byte. */
export const READING_COUNT = METRIC_ROOM * STATISTIC_NAMES.length;

/** Name of the metric with that index. */
export function metricName(index: number): string {
  const row = rowOf(index);
  return row.slice(0, row.indexOf(" ")) + STATISTIC_NAMES[statisticOf(index)];
}

/** SenML unit of the metric with that index; empty for an index without one. */
export function metricUnit(index: number): string {
  if (statisticOf(index) === Statistic.Count) return "count";
  const row = rowOf(index);
  return row.slice(row.indexOf(" ") + 1, row.length - 2);
}

/** Decimals that are worth publishing of the metric with that index. */
export function metricDecimals(index: number): number {
  if (statisticOf(index) === Statistic.Count) return 0;
  const row = rowOf(index);
  return row.charCodeAt(row.length - 1) - DIGIT_ZERO;
}

/**
 * A newer firmware, before an update was taken back, may have left readings of metrics that this one
 * does not know: they go out as `metric41`, in steps of a decimal that nobody here can tell.
 */
function rowOf(index: number): string {
  return TABLE[index % METRIC_ROOM] || "metric" + (index % METRIC_ROOM) + "  0";
}

function statisticOf(index: number): number {
  return Math.floor(index / METRIC_ROOM);
}

/** Index of the metric of that name, or -1. */
export function metricIndex(name: string): number {
  for (let i = 0; i < METRIC_COUNT; i++) if (metricName(i) === name) return i;
  return -1;
}

/** The metric of that name, or the statistic of one, or undefined. */
export function findMetric(name: string): Metric | undefined {
  const dot = name.indexOf(".");
  const statistic = dot < 0 ? 0 : STATISTIC_NAMES.indexOf(name.slice(dot));
  const metric = metricIndex(dot < 0 ? name : name.slice(0, dot));
  if (statistic < 0 || metric < 0) return undefined;
  const i = statistic * METRIC_ROOM + metric;
  return { name: name, unit: metricUnit(i), decimals: metricDecimals(i) };
}

/** Every metric's name, in the order of their indexes. */
export function metricNames(): string[] {
  const names: string[] = [];
  for (let i = 0; i < METRIC_COUNT; i++) names.push(metricName(i));
  return names;
}
