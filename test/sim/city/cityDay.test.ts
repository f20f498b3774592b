import { describe, expect, it } from "vitest";
import { cityDay, prayersOf, windAt } from "../../../src/sim/city/cityDay";
import { LANDMARKS, POLES, distanceM, groupsOf, poleOf } from "../../../src/sim/city/cityMap";
import { seedFor } from "../../../src/sim/random";
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
