import { expect, it } from "vitest";
import { PART_COUNT, partName } from "../../devs/contract/parts";
import { frozenAfterMs, stillUpTo } from "../../devs/sampling/frozen";

it("knows of every part how long it may say the same", () => {
  for (let part = 0; part < PART_COUNT; part++) {
    expect(frozenAfterMs(part), partName(part)).toBeGreaterThanOrEqual(120_000);
    expect(frozenAfterMs(part), partName(part)).toBeLessThanOrEqual(3_600_000);
    expect(stillUpTo(part), partName(part)).toBeGreaterThanOrEqual(0);
  }
});

it("lets darkness, a lamp that is off and clean air stand still", () => {
  const still = (part: string) =>
    stillUpTo(Array.from({ length: PART_COUNT }, (_, i) => partName(i)).indexOf(part));
  expect(still("veml7700")).toBeGreaterThan(10);
  expect(still("bh1750")).toBeGreaterThan(10);
  // 36 V on the bus, no current and no power.
  expect(still("ina226")).toBeGreaterThan(36);
  expect(still("pmsa003i")).toBeGreaterThan(9);
});
