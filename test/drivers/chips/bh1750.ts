import { describe, expect, it } from "vitest";
import { VirtualI2cBus } from "../../../src/sim/chips/virtualBus";
import { VirtualBh1750 } from "../../../src/sim/chips/virtualBh1750";
import { driveInVm, read, start, StillWorld, stop, type Step } from "../../support/chipScript";

function rig(illuminance: number) {
  const world = new StillWorld({ illuminance });
  const chip = new VirtualBh1750(world);
  const bus = new VirtualI2cBus().attach(chip);
  const drive = (steps: Step[]) => driveInVm("bh1750", bus, steps);
  const light = (lx: number) =>
    read(() => {
      world.values.illuminance = lx;
    });
  return { chip, drive, light };
}

describe("BH1750 driver", () => {
  it("reads from darkness to full sun, to a count", async () => {
    const levels = [0, 0.2, 5, 110, 1000, 20_000, 100_000, 121_000, 0.5, 100_000];
    const { drive, light } = rig(0);
    const { outcomes } = await drive([start(), ...levels.map(light), stop()]);
    expect(outcomes.map((o) => o.code)).toEqual(outcomes.map(() => ""));
    levels.forEach((lx, i) => {
      const { values, tookMs } = outcomes[i + 1] ?? { values: [], tookMs: NaN };
      expect(Math.abs((values[0] ?? NaN) - lx)).toBeLessThan(Math.max(0.06, 0.0005 * lx));
      expect(tookMs).toBeLessThan(1000);
    });
  });

  it("says that more light than it can measure is out of range", async () => {
    const { drive, light } = rig(0);
    const { outcomes } = await drive([start(), light(130_000), light(90_000)]);
    expect(outcomes.map((o) => o.code)).toEqual(["", "out-of-range", ""]);
  });

  it("does not take an old measurement for one of its new range", async () => {
    const { drive, chip, light } = rig(100);
    const { outcomes } = await drive([
      start(),
      light(100),
      light(24_000),
      read((now) => chip.faults.set({ slowFactor: 6 }, now)),
      light(10),
      light(10),
      read(() => chip.faults.clear()),
      light(10),
    ]);
    for (const outcome of outcomes.slice(1))
      if (outcome.code === "")
        expect(
          [100, 24_000, 10].some((lx) => Math.abs((outcome.values[0] ?? NaN) - lx) < 0.01 * lx),
        ).toBe(true);
      else expect(outcome.code).toBe("not-ready");
    expect(outcomes.at(-1)?.values[0]).toBeCloseTo(10, 0);
  });
});
