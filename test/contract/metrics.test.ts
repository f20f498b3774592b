import { describe, expect, it } from "vitest";
import {
  METRIC_COUNT,
  METRIC_ROOM,
  READING_COUNT,
  Statistic,
  findMetric,
  metricDecimals,
  metricIndex,
  metricName,
  metricNames,
  metricUnit,
} from "../../devs/contract/metrics";

describe("metrics", () => {
  it("has a name of its own, a unit of SenML and decimals for each", () => {
    const units = ["ug/m3", "Cel", "%RH", "", "dB", "lx", "V", "mA", "W", "ppm", "hPa", "%", "Wh"];
    expect(new Set(metricNames()).size).toBe(METRIC_COUNT);
    for (const name of metricNames()) {
      const metric = findMetric(name);
      expect(metric?.name).toBe(name);
      expect(units).toContain(metric?.unit);
      expect(metric?.decimals).toBeLessThanOrEqual(2);
      expect(metricName(metricIndex(name))).toBe(name);
    }
  });

  it("has the statistics of each as readings of their own, in one byte", () => {
    expect(READING_COUNT).toBeLessThanOrEqual(256);
    const pm25 = metricIndex("pm25");
    const mean = Statistic.Mean * METRIC_ROOM + pm25;
    expect(metricName(mean)).toBe("pm25.mean");
    expect(metricUnit(mean)).toBe("ug/m3");
    expect(metricDecimals(mean)).toBe(1);
    const count = Statistic.Count * METRIC_ROOM + pm25;
    expect(findMetric("pm25.count")).toEqual({ name: "pm25.count", unit: "count", decimals: 0 });
    expect(metricName(count)).toBe("pm25.count");
    const names = Array.from({ length: READING_COUNT }, (_, i) => metricName(i));
    expect(new Set(names).size).toBe(READING_COUNT);
    for (const [i, name] of names.entries())
      if (i % METRIC_ROOM < METRIC_COUNT) expect(findMetric(name)?.name).toBe(name);
  });

  it("has a name for what a newer firmware may have left in flash", () => {
    expect(METRIC_COUNT).toBeLessThanOrEqual(METRIC_ROOM);
    const unknown = Statistic.Max * METRIC_ROOM + METRIC_ROOM - 1;
    expect(metricName(unknown)).toBe("metric41.max");
    expect(metricUnit(unknown)).toBe("");
    expect(metricDecimals(unknown)).toBe(0);
  });

  it("does not know other names", () => {
    for (const name of ["pm99", "pm25.median", "pm99.mean", "pm25.", ".mean"])
      expect(findMetric(name)).toBeUndefined();
    expect(metricIndex("ug/m3")).toBe(-1);
  });
});
