import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { findMetric } from "../../../devs/contract/metrics";
import { BERKANE, clearDaylight, solarElevationDeg } from "../../../src/sim/world/sun";
import { SENSED_METRICS } from "../../../src/sim/world/surroundings";
import { SyntheticDay } from "../../../src/sim/world/syntheticDay";

const HOUR_MS = 3_600_000;
const START = Date.UTC(2026, 10, 23);
const day = (seed = 1, node = "bk-0001", startUtcMs = START) =>
  new SyntheticDay({ seed, node, startUtcMs });

function value(from: SyntheticDay, metric: string, timeMs: number): number {
  const v = from.value(metric, timeMs);
  if (v === undefined) throw new Error(`no ${metric}`);
  return v;
}

const anyTime = fc.integer({ min: 0, max: 366 * 24 * HOUR_MS });

describe("sun over Berkane", () => {
  it("stands as high at noon as the almanac says", () => {
    const noon = (month: number, date: number) =>
      Math.max(
        ...Array.from({ length: 240 }, (_, i) =>
          solarElevationDeg(Date.UTC(2026, month, date, 11, i), BERKANE),
        ),
      );
    // 90 degrees less the latitude, and the declination of the solstices and equinoxes.
    expect(noon(5, 21)).toBeCloseTo(90 - 34.92 + 23.44, 0);
    expect(noon(11, 21)).toBeCloseTo(90 - 34.92 - 23.44, 0);
    expect(noon(2, 20)).toBeCloseTo(90 - 34.92, 0);
  });

  it("sets at 17:53 UTC on 22 March and rises at 6:59 UTC on 1 January, within minutes", () => {
    // With refraction and the sun's radius the edge is at the horizon at -0.83 degrees.
    expect(solarElevationDeg(Date.UTC(2026, 2, 22, 18, 20), BERKANE)).toBeLessThan(0.83);
    expect(solarElevationDeg(Date.UTC(2026, 2, 22, 17, 50), BERKANE)).toBeGreaterThan(0);
    expect(solarElevationDeg(Date.UTC(2026, 0, 1, 6, 50), BERKANE)).toBeLessThan(-0.83);
    expect(solarElevationDeg(Date.UTC(2026, 0, 1, 7, 30), BERKANE)).toBeGreaterThan(0);
  });

  it("gives 100 klx at its highest, 3 lx at the end of civil twilight, and no jump", () => {
    const light = (elevation: number) => {
      const { directLx, skyLx } = clearDaylight(elevation);
      return directLx + skyLx;
    };
    expect(light(78)).toBeGreaterThan(95_000);
    expect(light(78)).toBeLessThan(130_000);
    expect(light(-6)).toBeCloseTo(3.4, 0);
    for (let elevation = -18; elevation < 89; elevation += 0.01)
      expect(light(elevation + 0.01) / light(elevation)).toBeLessThan(1.1);
  });
});

describe("synthetic day", () => {
  it("is a pure function of seed, node and time", () => {
    fc.assert(
      fc.property(anyTime, anyTime, fc.constantFrom(...SENSED_METRICS), (first, second, metric) => {
        const one = day();
        const before = value(one, metric, first);
        value(one, metric, second);
        expect(value(one, metric, first)).toBe(before);
        expect(value(day(), metric, first)).toBe(before);
      }),
    );
  });

  it("depends on the start of the run only through the time of day", () => {
    const later = day(1, "bk-0001", START + HOUR_MS);
    for (const metric of SENSED_METRICS)
      expect(value(later, metric, 0)).toBe(value(day(), metric, HOUR_MS));
  });

  it("differs from street to street and from seed to seed", () => {
    const noise = (d: SyntheticDay) => value(d, "LAF", 12 * HOUR_MS);
    expect(noise(day(1, "bk-0002"))).not.toBe(noise(day()));
    expect(noise(day(2))).not.toBe(noise(day()));
  });

  it("keeps every value physical, and each particle class in the next", () => {
    fc.assert(
      fc.property(anyTime, fc.integer({ min: 0, max: 1000 }), (timeMs, seed) => {
        const at = (metric: string) => value(day(seed), metric, timeMs);
        expect(at("pm1")).toBeGreaterThan(0);
        expect(at("pm25")).toBeGreaterThanOrEqual(at("pm1"));
        expect(at("pm4")).toBeGreaterThanOrEqual(at("pm25"));
        expect(at("pm10")).toBeGreaterThanOrEqual(at("pm4"));
        expect(at("pm10")).toBeLessThan(500);
        expect(at("temperature")).toBeGreaterThan(-5);
        expect(at("temperature")).toBeLessThan(48);
        expect(at("humidity")).toBeGreaterThanOrEqual(5);
        expect(at("humidity")).toBeLessThanOrEqual(98);
        expect(at("vocIndex")).toBeGreaterThanOrEqual(1);
        expect(at("noxIndex")).toBeGreaterThanOrEqual(1);
        expect(at("LAF")).toBeGreaterThan(35);
        expect(at("LAF")).toBeLessThan(85);
        expect(at("illuminance")).toBeGreaterThan(0);
        expect(at("illuminance")).toBeLessThan(130_000);
        expect(at("lampPower")).toBeCloseTo((at("lampVoltage") * at("lampCurrent")) / 1000, 9);
      }),
      { numRuns: 500 },
    );
  });

  it("sounds like a street: events over a murmur, louder in the rush hour than at night", () => {
    const levels = (fromHour: number) => {
      const sorted = Array.from({ length: 8 * 900 }, (_, i) =>
        value(day(), "LAF", fromHour * HOUR_MS + i * 125),
      ).sort((a, b) => a - b);
      const exceeded = (pct: number) => sorted[Math.floor(sorted.length * (1 - pct / 100))] ?? NaN;
      return { l10: exceeded(10), l50: exceeded(50), l90: exceeded(90), max: sorted.at(-1) ?? NaN };
    };
    const rush = levels(17.5);
    const night = levels(2);
    expect(rush.l50 - night.l50).toBeGreaterThan(8);
    expect(rush.l10 - rush.l90).toBeGreaterThan(5);
    expect(night.max - night.l50).toBeGreaterThan(12);
    expect(rush.max).toBeLessThan(80);
    expect(night.l90).toBeGreaterThan(38);
  });

  it("moves within a second, as a level with time weighting F does", () => {
    const steps = Array.from({ length: 800 }, (_, i) =>
      Math.abs(
        value(day(), "LAF", 12 * HOUR_MS + (i + 1) * 125) -
          value(day(), "LAF", 12 * HOUR_MS + i * 125),
      ),
    );
    const mean = steps.reduce((sum, s) => sum + s, 0) / steps.length;
    expect(mean).toBeGreaterThan(0.2);
    expect(Math.max(...steps)).toBeLessThan(8);
  });

  it("switches the lamp on once in the evening and off once in the morning, in any weather", () => {
    for (let seed = 0; seed < 6; seed++) {
      const d = day(seed);
      const switches: number[] = [];
      for (let minute = 1; minute < 3 * 24 * 60; minute++) {
        const burns = (at: number) => value(d, "lampCurrent", at * 60_000) > 1000;
        if (burns(minute) !== burns(minute - 1)) switches.push(((minute / 60) % 24) | 0);
      }
      expect(switches.length).toBe(6);
      for (const hour of switches) expect([5, 6, 7, 16, 17, 18]).toContain(hour);
    }
  });

  it("keeps a lamp dark through an outage", () => {
    const broken = new SyntheticDay({
      seed: 1,
      node: "bk-0001",
      startUtcMs: START,
      lampOutages: [{ fromMs: 22 * HOUR_MS, toMs: 23 * HOUR_MS }],
    });
    expect(value(broken, "lampCurrent", 22 * HOUR_MS - 1)).toBeGreaterThan(1000);
    expect(value(broken, "lampCurrent", 22 * HOUR_MS)).toBeLessThan(1);
    expect(value(broken, "lampPower", 22.5 * HOUR_MS)).toBeLessThan(0.1);
    expect(value(broken, "lampCurrent", 23 * HOUR_MS)).toBeGreaterThan(1000);
  });

  it("knows metrics of the contract only", () => {
    for (const metric of SENSED_METRICS) {
      expect(findMetric(metric)).toBeDefined();
      expect(day().value(metric, 0)).toBeDefined();
    }
    expect(day().value("nonsense", 0)).toBeUndefined();
  });
});
