import { describe, expect, it } from "vitest";
import { cityDay, prayersOf, windAt } from "../../../src/sim/city/cityDay";
import { LANDMARKS, POLES, distanceM, groupsOf, poleOf } from "../../../src/sim/city/cityMap";
import { seedFor } from "../../../src/sim/random";
import { solarElevationDeg } from "../../../src/sim/world/sun";
import { SENSED_METRICS } from "../../../src/sim/world/surroundings";

const HOUR_MS = 3_600_000;
const FRIDAY = Date.UTC(2026, 2, 20);
const TUESDAY = Date.UTC(2026, 2, 24);

/** The number of the node nearest to a landmark. */
function nearest(kind: string): number {
  const landmark = LANDMARKS.find((place) => place.kind === kind);
  if (!landmark) throw new Error(`no ${kind} in the town`);
  const numbers = POLES.map((_, i) => i + 1);
  const away = (number: number) => distanceM(poleOf(number).at, landmark.at);
  return numbers.reduce((best, number) => (away(number) < away(best) ? number : best));
}

/** Mean of a metric over some minutes of a day. */
function mean(number: number, metric: string, startUtcMs: number, atMs: number, minutes: number) {
  const day = cityDay({ seed: 1, node: `bk-${number}`, startUtcMs });
  let sum = 0;
  const samples = minutes * 60;
  for (let i = 0; i < samples; i++) sum += day.value(metric, atMs + 1000 * i) ?? NaN;
  return sum / samples;
}

describe("the town", () => {
  it("has a pole of its own for each of a thousand nodes, all within a small town", () => {
    const poles = Array.from({ length: 1000 }, (_, i) => poleOf(i + 1));
    expect(new Set(poles.map(({ id }) => id)).size).toBe(1000);
    for (const { place } of poles) {
      expect(Math.abs(place.latitudeDeg - 34.92)).toBeLessThan(0.012);
      expect(Math.abs(place.longitudeDeg + 2.32)).toBeLessThan(0.015);
    }
    for (const { circuit } of POLES)
      expect(POLES.filter((pole) => pole.circuit === circuit).length).toBeLessThanOrEqual(42);
    expect(groupsOf("bk-0001")).toContain(poleOf(1).circuit);
  });

  it("is the same for a seed and another one for another", () => {
    const values = (seed: number) =>
      SENSED_METRICS.map((metric) =>
        cityDay({ seed, node: "bk-0007", startUtcMs: FRIDAY }).value(metric, 9 * HOUR_MS),
      );
    expect(values(5)).toEqual(values(5));
    expect(values(5)).not.toEqual(values(6));
    for (const value of values(5)) expect(Number.isFinite(value)).toBe(true);
  });

  it("is the same to the last byte, in whatever order it is asked", () => {
    const numbers = Array.from({ length: 40 }, (_, i) => i + 1);
    const hours = Array.from({ length: 24 }, (_, hour) => hour * HOUR_MS);
    /** Every value as the eight bytes of its number. */
    const bytes = (order: <T>(list: readonly T[]) => T[]) => {
      const days = new Map(
        order(numbers).map((number) => [
          number,
          cityDay({ seed: 3, node: `bk-${number}`, startUtcMs: FRIDAY }),
        ]),
      );
      const values = new Map<string, number>();
      for (const atMs of order(hours))
        for (const number of order(numbers))
          for (const metric of order(SENSED_METRICS))
            values.set(`${number} ${metric} ${atMs}`, days.get(number)?.value(metric, atMs) ?? NaN);
      const names = [...values.keys()].sort();
      return Buffer.from(Float64Array.from(names, (name) => values.get(name) ?? NaN).buffer);
    };
    const forwards = bytes((list) => [...list]);
    expect(forwards.length).toBe(8 * 40 * 24 * SENSED_METRICS.length);
    expect(forwards.equals(bytes((list) => [...list].reverse()))).toBe(true);
  });

  it("has its sunset by the date, and later in the west", () => {
    const sunset = (dayMs: number) => new Date(prayersOf(dayMs).calls[3] ?? NaN).toISOString();
    // By the almanac for 34.92 N, 2.32 W, within two minutes: 19:26 and 17:01 UTC.
    expect(sunset(Date.UTC(2026, 5, 21))).toMatch(/T19:2[4-8]/);
    expect(sunset(Date.UTC(2026, 11, 21))).toMatch(/T(16:59|17:0[0-3])/);
    const atMs = Date.UTC(2026, 5, 21, 19, 26);
    const at = (longitudeDeg: number) =>
      solarElevationDeg(atMs, { latitudeDeg: 34.92, longitudeDeg });
    expect(at(-2.32)).toBeCloseTo(-0.833, 0);
    // The sun moves by a degree of longitude in four minutes.
    expect(at(-3.32)).toBeGreaterThan(at(-2.32) + 0.7);
  });

  it("empties its streets at the midday prayer of Fridays, and at no other day's", () => {
    const level = (dayMs: number, hour: number) => {
      let sum = 0;
      // Far from the loudspeakers, in the mean of many streets.
      const quiet = POLES.map((_, i) => i + 1).filter((number) =>
        LANDMARKS.every(
          ({ kind, at }) => kind === "source" || distanceM(poleOf(number).at, at) > 600,
        ),
      );
      for (const number of quiet.slice(0, 20)) sum += mean(number, "no2", dayMs, hour * HOUR_MS, 1);
      return sum;
    };
    // 13:30 in Morocco is 12:30 UTC.
    const thursday = FRIDAY - 24 * HOUR_MS;
    expect(level(FRIDAY, 12.5)).toBeLessThan(0.7 * level(thursday, 12.5));
    expect(level(FRIDAY, 11.9)).toBeGreaterThan(1.15 * level(thursday, 11.9));
  });

  it("has its rush hours, which the weekend lessens", () => {
    const busy = (dayMs: number, hour: number) => {
      let sum = 0;
      for (let number = 1; number <= 20; number++)
        sum += mean(number, "no2", dayMs, hour * HOUR_MS, 1);
      return sum;
    };
    const monday = Date.UTC(2026, 2, 23);
    const sunday = Date.UTC(2026, 2, 22);
    // Ten past eight, half past six in the evening, and half past two at night, in Morocco.
    expect(busy(monday, 7.2)).toBeGreaterThan(2 * busy(monday, 1.5));
    expect(busy(monday, 17.5)).toBeGreaterThan(1.2 * busy(monday, 13));
    expect(busy(sunday, 7.2)).toBeLessThan(0.85 * busy(monday, 7.2));
  });

  it("calls to prayer when the sun says so", () => {
    const { calls } = prayersOf(FRIDAY);
    const utc = calls.map((call) => new Date(call).toISOString().slice(11, 16));
    // Solar noon is at 12:17 UTC at this longitude and date; sunset six hours later.
    expect(utc[1]).toMatch(/^12:1[5-9]$/);
    expect(utc[3]).toMatch(/^18:2/);
    expect([...calls].sort((a, b) => a - b)).toEqual(calls);
  });

  it("hears the Friday sermon beside the mosque, and the market on its day", () => {
    const { noonMs } = prayersOf(FRIDAY);
    const atMs = noonMs + 10 * 60_000 - FRIDAY;
    const beside = nearest("mosque");
    const friday = mean(beside, "LAF", FRIDAY, atMs, 5);
    expect(friday).toBeGreaterThan(
      mean(beside, "LAF", FRIDAY + 7 * 24 * HOUR_MS, atMs + 3 * HOUR_MS, 5) + 3,
    );
    const stall = nearest("market");
    const tuesday = mean(stall, "LAF", TUESDAY, 10 * HOUR_MS, 10);
    expect(tuesday).toBeGreaterThan(
      mean(stall, "LAF", TUESDAY + 24 * HOUR_MS, 10 * HOUR_MS, 10) + 3,
    );
  });

  it("blows the smoke of the kilns to where the wind goes", () => {
    const source = LANDMARKS.find(({ kind }) => kind === "source");
    const key = seedFor(1, "wind");
    let under = 0;
    let beside = 0;
    for (let hour = 0; hour < 72; hour++) {
      const utcMs = FRIDAY + hour * HOUR_MS;
      const { towards } = windAt(key, utcMs);
      const angles = POLES.map(({ at }, i) => {
        const angle = Math.atan2(
          at.northM - (source?.at.northM ?? 0),
          at.eastM - (source?.at.eastM ?? 0),
        );
        return {
          i,
          off: Math.abs(Math.atan2(Math.sin(angle - towards), Math.cos(angle - towards))),
        };
      }).sort((a, b) => a.off - b.off);
      const [inPlume] = angles;
      const away = angles.at(-1);
      if (!inPlume || !away || inPlume.off > 0.05) continue;
      // The nodes whose poles these are.
      const numberOf = (index: number) =>
        POLES.findIndex((_, n) => poleOf(n + 1) === POLES[index]) + 1;
      under += mean(numberOf(inPlume.i), "pm25", utcMs, 0, 1);
      beside += mean(numberOf(away.i), "pm25", utcMs, 0, 1);
    }
    expect(under).toBeGreaterThan(0);
    expect(under).toBeGreaterThan(1.3 * beside);
  });

  it("switches the lamps of a circuit together, at dusk", () => {
    const circuit = poleOf(1).circuit;
    const numbers = POLES.map((_, i) => i + 1).filter(
      (number) => poleOf(number).circuit === circuit,
    );
    const litAt = numbers.slice(0, 5).map((number) => {
      const day = cityDay({ seed: 1, node: `bk-${number}`, startUtcMs: FRIDAY });
      for (let minute = 15 * 60; minute < 24 * 60; minute++)
        if ((day.value("lampCurrent", minute * 60_000) ?? 0) > 1000) return minute;
      return NaN;
    });
    expect(Math.max(...litAt) - Math.min(...litAt)).toBeLessThanOrEqual(1);
    // Sunset is at about 18:22 UTC.
    expect(litAt[0]).toBeGreaterThan(18 * 60 + 10);
    expect(litAt[0]).toBeLessThan(19 * 60);
  });
});
