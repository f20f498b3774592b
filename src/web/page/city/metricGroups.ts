import type { MetricGroup } from "../texts/texts";

/** The order in which metrics stand; those that are not here come last, by name. */
const GROUPS: readonly [MetricGroup, readonly string[]][] = [
  ["air", ["pm25", "pm10", "pm1", "pm4", "no2", "o3", "co2", "vocIndex", "noxIndex"]],
  ["noise", ["LAeq", "LAFmax", "LAFmin", "L10", "L50", "L90", "LAF", "noiseCoverage"]],
  ["weather", ["temperature", "humidity", "pressure"]],
  ["light", ["illuminance", "lampOn", "lampPower", "lampCurrent", "lampVoltage", "lampEnergy"]],
  ["other", ["housingTemperature", "housingHumidity"]],
];

/** The group of a metric. */
export function groupOf(metric: string): MetricGroup {
  return GROUPS.find(([, metrics]) => metrics.includes(metric))?.[0] ?? "other";
}

/** Metrics by group, both in the order in which they are shown; no group is empty. */
export function groupMetrics(metrics: readonly string[]): [MetricGroup, string[]][] {
  const order = GROUPS.flatMap(([, names]) => names);
  const place = (metric: string) => (order.includes(metric) ? order.indexOf(metric) : order.length);
  const sorted = [...metrics].sort((a, b) => place(a) - place(b) || (a < b ? -1 : 1));
  const groups = new Map<MetricGroup, string[]>();
  for (const metric of sorted) {
    const group = groupOf(metric);
    groups.set(group, [...(groups.get(group) ?? []), metric]);
  }
  return [...groups];
}
