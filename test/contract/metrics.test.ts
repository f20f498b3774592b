import { describe, expect, it } from "vitest";
import {
  METRIC_COUNT,
  findMetric,
  metricIndex,
  metricName,
  metricNames,
} from "../../devs/contract/metrics";

describe("metrics", () => {
  it("has a name of its own, a unit of SenML and decimals for each", () => {
    const units = ["ug/m3", "Cel", "%RH", "", "dB", "lx", "V", "mA", "W", "ppm", "hPa"];
    expect(new Set(metricNames()).size).toBe(METRIC_COUNT);
    for (const name of metricNames()) {
      const metric = findMetric(name);
      expect(metric?.name).toBe(name);
      expect(units).toContain(metric?.unit);
      expect(metric?.decimals).toBeLessThanOrEqual(2);
      expect(metricName(metricIndex(name))).toBe(name);
    }
  });

  it("does not know other names", () => {
    expect(findMetric("pm99")).toBeUndefined();
    expect(metricIndex("ug/m3")).toBe(-1);
  });
});
