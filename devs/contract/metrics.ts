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
 * Name, unit and decimals of each metric in turn. The order is that of the channels. A
 * flat table, since it stays in the node's memory: objects would take four times as much.
 */
// prettier-ignore
const TABLE: (string | number)[] = [
  "pm1", "ug/m3", 1,
  "pm25", "ug/m3", 1,
  "pm4", "ug/m3", 1,
  "pm10", "ug/m3", 1,
  "temperature", "Cel", 2,
  "humidity", "%RH", 1,
  "vocIndex", "", 0,
  "noxIndex", "", 0,
  "LAF", "dB", 1,
  "illuminance", "lx", 1,
  "lampVoltage", "V", 2,
  "lampCurrent", "mA", 0,
  "lampPower", "W", 1,
  "co2", "ppm", 0,
  "no2", "ug/m3", 1,
  "o3", "ug/m3", 1,
  "pressure", "hPa", 1,
];

const COLUMNS = 3;

/** How many metrics there are; their indexes count from 0. */
export const METRIC_COUNT = TABLE.length / COLUMNS;

/** Name of the metric with that index. */
export function metricName(index: number): string {
  return TABLE[index * COLUMNS] as string;
}

/** SenML unit of the metric with that index; empty for an index without one. */
export function metricUnit(index: number): string {
  return TABLE[index * COLUMNS + 1] as string;
}

/** Decimals that are worth publishing of the metric with that index. */
export function metricDecimals(index: number): number {
  return TABLE[index * COLUMNS + 2] as number;
}

/** Index of the metric of that name, or -1. */
export function metricIndex(name: string): number {
  for (let i = 0; i < METRIC_COUNT; i++) if (TABLE[i * COLUMNS] === name) return i;
  return -1;
}

/** The metric of that name, or undefined. */
export function findMetric(name: string): Metric | undefined {
  const i = metricIndex(name);
  if (i < 0) return undefined;
  return { name: name, unit: metricUnit(i), decimals: metricDecimals(i) };
}

/** Every metric's name, in the order of their indexes. */
export function metricNames(): string[] {
  const names: string[] = [];
  for (let i = 0; i < METRIC_COUNT; i++) names.push(metricName(i));
  return names;
}
