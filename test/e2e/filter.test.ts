import { afterEach, describe, expect, it } from "vitest";
import { START_UTC_MS, startCity, type CityUnderTest } from "../support/simulatedCity";

const MINUTE_MS = 60_000;

let city: CityUnderTest | undefined;

afterEach(async () => {
  await city?.close();
  city = undefined;
});

describe("the filter of a simulated node", () => {
  it("publishes the figures of each window as readings of their own", async () => {
    city = await startCity({
      configuration: {
        channels: {
          LAF: { on: false },
          temperature: { report: { deadband: 0 }, statistics: { windowS: 60 } },
          pm25: { calibrate: { humidity: { kappa: 0.4 } } },
        },
      },
    });
    await city.run(5 * MINUTE_MS);
    const { readings } = city;
    expect(city.bad).toEqual([]);
    const values = readings.filter(({ metric }) => metric === "temperature");
    const means = readings.filter(({ metric }) => metric === "temperature.mean");
    expect(means.length).toBeGreaterThanOrEqual(3);
    for (const mean of means.slice(1)) {
      const endMs = mean.timeMs;
      const window = values.filter(
        ({ timeMs }) => timeMs >= endMs - MINUTE_MS - 500 && timeMs < endMs - 500,
      );
      const of = (metric: string) =>
        readings.find((reading) => reading.metric === metric && reading.timeMs === endMs);
      expect(of("temperature.count")).toMatchObject({ value: 6, unit: "count" });
      expect(of("temperature.min")).toMatchObject({ unit: "Cel" });
      const least = of("temperature.min")?.value ?? NaN;
      const greatest = of("temperature.max")?.value ?? NaN;
      expect(mean.value).toBeGreaterThanOrEqual(least);
      expect(mean.value).toBeLessThanOrEqual(greatest);
      expect(of("temperature.stdev")?.value).toBeLessThanOrEqual(greatest - least);
      for (const { value } of window) {
        expect(value).toBeGreaterThanOrEqual(least);
        expect(value).toBeLessThanOrEqual(greatest);
      }
    }
    // Particles are dried only as far as the air is damp, and never more than wholly.
    const pm25 = readings.filter(({ metric }) => metric === "pm25");
    const pm4 = readings.filter(({ metric }) => metric === "pm4");
    expect(pm25.at(-1)?.value).toBeLessThan(pm4.at(-1)?.value ?? NaN);
    expect(START_UTC_MS).toBeLessThan(pm25[0]?.timeMs ?? NaN);
  }, 120_000);
});
