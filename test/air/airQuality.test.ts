import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { americanIndex, europeanLevel, POLLUTANTS } from "../../devs/air/airIndexes";
import { HourlyMeans } from "../../devs/air/hourlyMeans";
import { airQualityCases } from "../shared/airQuality.cases";
import { testInBothWorlds } from "../support/sharedCases";

testInBothWorlds("air quality", airQualityCases, "test/vm/airQuality.main.ts");

const pollutant = fc.constantFrom(...POLLUTANTS);
const ugm3 = fc.double({ min: 0, max: 2000, noNaN: true });

describe("air quality indexes", () => {
  it("never fall while a concentration rises", () => {
    fc.assert(
      fc.property(pollutant, ugm3, ugm3, (name, a, b) => {
        const [low, high] = a < b ? [a, b] : [b, a];
        expect(europeanLevel(name, low)).toBeLessThanOrEqual(europeanLevel(name, high));
        const index = americanIndex(name, high);
        if (!Number.isNaN(index)) expect(americanIndex(name, low)).toBeLessThanOrEqual(index);
      }),
    );
  });

  it("stay on their scales", () => {
    fc.assert(
      fc.property(pollutant, ugm3, (name, value) => {
        expect([1, 2, 3, 4, 5, 6]).toContain(europeanLevel(name, value));
        const index = americanIndex(name, value);
        if (Number.isNaN(index)) expect(name).toBe("o3");
        else expect(Number.isInteger(index) && index >= 0 && index <= 500).toBe(true);
      }),
    );
  });
});

describe("hourly means", () => {
  it("are the means of what was heard, to a twentieth, or nothing", () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(fc.double({ min: 0, max: 3000, noNaN: true }), { maxLength: 40 }), {
          minLength: 1,
          maxLength: 30,
        }),
        fc.integer({ min: 1, max: 24 }),
        (hours, over) => {
          const means = new HourlyMeans();
          hours.forEach((values, hour) => {
            // From the second half of the array's lengths on, 110 s apart, 45 minutes are heard.
            values.forEach((value, i) => means.add(value, hour * 3600 + i * 110));
            means.endHour();
          });
          // A sample stands for the time since the one before, for 900 s and for twice as much
          // as that one stood for at the most.
          let lastS = NaN;
          let stoodForS = 900;
          const heardS = hours.map((values, hour) =>
            values.reduce((sum, _, i) => {
              const timeS = hour * 3600 + i * 110;
              const sinceS = timeS - lastS;
              lastS = timeS;
              if (Number.isNaN(sinceS) || sinceS <= 0) return sum;
              stoodForS = Math.min(sinceS, 900, 2 * stoodForS);
              return sum + stoodForS;
            }, 0),
          );
          const heard = hours
            .slice(-over)
            .filter((_, i, all) => (heardS[hours.length - all.length + i] ?? 0) >= 2700)
            .map((values) => values.reduce((a, b) => a + b) / values.length);
          const got = means.over(over);
          if (heard.length < 0.75 * over) expect(got).toBeNaN();
          else
            expect(Math.abs(got - heard.reduce((a, b) => a + b) / heard.length)).toBeLessThan(
              0.051,
            );
        },
      ),
    );
  });
});
