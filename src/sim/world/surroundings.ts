/** What is around a node: the true value of every quantity that its sensors measure. */
export interface Surroundings {
  /**
   * The value of a metric (a name of `devs/contract/metrics.ts`, in its unit) at a
   * time of the run, in milliseconds from its start. It depends on nothing but its
   * arguments. Undefined: a sensor of this metric does not answer at that time.
   */
  value(metric: string, timeMs: number): number | undefined;
}

/**
 * The metrics that a simulated chip senses in its surroundings. The others of the
 * contract are worked out from these, by a chip (the lamp's power) or by the node.
 */
export const SENSED_METRICS: readonly string[] = [
  "pm1",
  "pm25",
  "pm4",
  "pm10",
  "temperature",
  "humidity",
  "vocIndex",
  "noxIndex",
  "LAF",
  "illuminance",
  "lampVoltage",
  "lampCurrent",
  "co2",
  "no2",
  "o3",
  "pressure",
  "housingTemperature",
  "housingHumidity",
];
