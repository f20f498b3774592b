import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { PROJECT_FOLDER } from "../../../src/projectFolder";
import { CHIP_FAULTS, ChipFaults } from "../../../src/sim/chips/chipFaults";

const HOUR_MS = 3_600_000;

describe("faults of a chip", () => {
  it("bends nothing while there is none", () => {
    const faults = new ChipFaults("sen55", true);
    expect(faults.bend(12.5, "pm25", HOUR_MS)).toBe(12.5);
    expect(faults.seenTimeMs(HOUR_MS)).toBe(HOUR_MS);
  });

  it("drifts from the moment at which it was switched on", () => {
    const faults = new ChipFaults("sen55", true);
    faults.set({ driftPctPerHour: 10 }, HOUR_MS);
    expect(faults.bend(50, "pm25", HOUR_MS)).toBe(50);
    expect(faults.bend(50, "pm25", 3 * HOUR_MS)).toBeCloseTo(60, 9);
    faults.set({ badCrc: true }, 2 * HOUR_MS);
    expect(faults.bend(50, "pm25", 3 * HOUR_MS)).toBeCloseTo(60, 9);
  });

  it("freezes at the moment at which it was switched on, until it is switched off", () => {
    const faults = new ChipFaults("sen55", true);
    faults.set({ frozen: true }, 5000);
    faults.set({ frozen: true }, 7000);
    expect(faults.seenTimeMs(4000)).toBe(4000);
    expect(faults.seenTimeMs(9000)).toBe(5000);
    faults.clear();
    expect(faults.seenTimeMs(9000)).toBe(9000);
  });

  it("scatters with the given standard deviation, the same way in every run", () => {
    const faults = new ChipFaults("sen55", true);
    faults.set({ noisePct: 5 }, 0);
    const values = Array.from({ length: 4000 }, (_, i) => faults.bend(100, "LAF", i * 125));
    const mean = values.reduce((sum, v) => sum + v, 0) / values.length;
    const deviation = Math.sqrt(
      values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / values.length,
    );
    expect(mean).toBeGreaterThan(99.5);
    expect(mean).toBeLessThan(100.5);
    expect(deviation).toBeGreaterThan(4.5);
    expect(deviation).toBeLessThan(5.5);
    expect(values.map((_, i) => faults.bend(100, "LAF", i * 125))).toEqual(values);
  });

  it("switches off those it is told to, or all", () => {
    const faults = new ChipFaults("sen55", true);
    faults.set({ frozen: true, noisePct: 5, slowFactor: 3 }, 0);
    faults.clear("frozen", "slowFactor");
    expect(faults.settings).toMatchObject({ frozen: false, noisePct: 5, slowFactor: 1 });
    faults.clear();
    expect(faults.settings.noisePct).toBe(0);
  });

  it("refuses what the chip cannot have, and changes nothing then", () => {
    const faults = new ChipFaults("bh1750", false);
    const refused = (patch: object) => expect(() => faults.set(patch, 0));
    refused({ noAnswer: true, badCrc: true }).toThrow(
      "chip bh1750: fault badCrc is not possible: its answers have no check sum",
    );
    refused({ slowFactor: 0.5 }).toThrow("fault slowFactor: expected a number from 1 to 1000000");
    refused({ noisePct: NaN }).toThrow("fault noisePct: expected a number from 0 to 10000");
    refused({ frozen: 1 }).toThrow("fault frozen: expected true or false");
    refused({ rust: true }).toThrow("fault rust is not known, expected one of noAnswer, badCrc");
    expect(faults.settings).toEqual(new ChipFaults("bh1750", false).settings);
  });

  it("are those that a scenario can switch on, within the same bounds", () => {
    const schema = JSON.parse(
      readFileSync(join(PROJECT_FOLDER, "src/sim/scenario/scenario.schema.json"), "utf8"),
    ) as { definitions: { faults: { properties: Record<string, object> } } };
    const described = Object.entries(CHIP_FAULTS).map(([name, { none, least, most }]) => [
      name,
      typeof none === "boolean"
        ? { type: "boolean" }
        : { type: "number", minimum: least, maximum: most },
    ]);
    expect(schema.definitions.faults.properties).toEqual(Object.fromEntries(described));
  });
});
