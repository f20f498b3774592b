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

function metric(name: string, unit: string, decimals: number): Metric {
  return { name: name, unit: unit, decimals: decimals };
}

export const METRICS: Metric[] = [
  metric("pm1", "ug/m3", 1),
  metric("pm25", "ug/m3", 1),
  metric("pm4", "ug/m3", 1),
  metric("pm10", "ug/m3", 1),
  metric("temperature", "Cel", 2),
  metric("humidity", "%RH", 1),
  metric("vocIndex", "", 0),
  metric("noxIndex", "", 0),
  metric("LAF", "dB", 1),
  metric("illuminance", "lx", 1),
  metric("lampVoltage", "V", 2),
  metric("lampCurrent", "mA", 0),
  metric("lampPower", "W", 1),
];

/** The metric of that name, or undefined. */
export function findMetric(name: string): Metric | undefined {
  for (const m of METRICS) if (m.name === name) return m;
  return undefined;
}

/** Index in `METRICS` of the metric of that name, or -1. */
export function metricIndex(name: string): number {
  for (let i = 0; i < METRICS.length; i++) if (METRICS[i]?.name === name) return i;
  return -1;
}
