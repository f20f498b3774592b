import { describe, expect, it } from "vitest";
import { VirtualI2cBus } from "../../../src/sim/chips/virtualBus";
import { VirtualVeml7700 } from "../../../src/sim/chips/virtualVeml7700";
import {
  driveInVm,
  read,
  start,
  StillWorld,
  stop,
  wait,
  type Step,
} from "../../support/chipScript";

function rig(illuminance: number) {
  const world = new StillWorld({ illuminance });
  const chip = new VirtualVeml7700(world);
  const bus = new VirtualI2cBus().attach(chip);
  const drive = (steps: Step[]) => driveInVm("veml7700", bus, steps);
  const light = (lx: number | undefined) => () => {
    world.values.illuminance = lx;
  };
  return { world, chip, bus, drive, light };
}

describe("VEML7700 driver", () => {
  it("reads from starlight to full sun, within a count or a percent", async () => {
    const levels = [0, 0.05, 1, 15, 84, 300, 999, 1200, 10_000, 50_000, 100_000, 120_000];
    const { drive, light } = rig(0);
    const { outcomes } = await drive([
      start(),
      ...levels.flatMap((lx): Step[] => [{ op: "wait", waitMs: 1000, prepare: light(lx) }, read()]),
    ]);
    expect(outcomes.map((o) => o.code)).toEqual(outcomes.map(() => ""));
    levels.forEach((lx, i) => {
      const measured = outcomes[i + 1]?.values[0] ?? NaN;
      expect(Math.abs(measured - lx), `${lx} lx read as ${measured}`).toBeLessThan(
        Math.max(0.0084, 0.01 * lx),
      );
    });
  });

  it("comes from night to full sun in one read, and back", async () => {
    const { drive, light } = rig(0.5);
    const { outcomes } = await drive([
      start(),
      wait(1000),
      read(),
      read(light(100_000)),
      read(light(0.5)),
      wait(1000),
      read(),
    ]);
    expect(outcomes.map((o) => o.code)).toEqual(["", "", "", "", ""]);
    expect(outcomes[2]?.values[0]).toBeGreaterThan(99_000);
    expect(outcomes[2]?.values[0]).toBeLessThan(101_000);
    expect(outcomes[4]?.values[0]).toBeCloseTo(0.5, 1);
    for (const outcome of outcomes) expect(outcome.tookMs).toBeLessThan(1000);
  });

  it("does not take a chip that lost its supply for a moment for darkness", async () => {
    const { drive, chip } = rig(20_000);
    const { outcomes } = await drive([
      start(),
      wait(1000),
      read(() => chip.powerCycle()),
      start(),
      read(),
    ]);
    expect(outcomes.map((o) => o.code)).toEqual(["", "not-ready", "", ""]);
    expect(outcomes[3]?.values[0]).toBeGreaterThan(19_800);
    expect(outcomes[3]?.values[0]).toBeLessThan(20_200);
  });

  it("says that more light than it can measure is out of range", async () => {
    const { drive, light } = rig(150_000);
    const { outcomes } = await drive([start(), read(), wait(500), read(light(500)), stop()]);
    expect(outcomes.map((o) => o.code)).toEqual(["", "out-of-range", "", ""]);
  });

  it("does not take an old measurement for one of its new range", async () => {
    const { drive, chip, light } = rig(100);
    const { outcomes } = await drive([
      start(),
      wait(1000),
      read(),
      { op: "wait", waitMs: 1000, prepare: light(600) },
      read((now) => chip.faults.set({ slowFactor: 4 }, now)),
      { op: "wait", waitMs: 4000, prepare: light(1) },
      read(),
      { op: "wait", waitMs: 1000, prepare: () => chip.faults.clear() },
      read(),
    ]);
    expect(outcomes.map((o) => o.code)).toEqual(["", "", "", "not-ready", ""]);
    expect(outcomes[2]?.values[0]).toBeCloseTo(600, 0);
    expect(outcomes[4]?.values[0]).toBeCloseTo(1, 1);
  });

  it("refuses another part at its address", async () => {
    const other = new VirtualVeml7700(new StillWorld({ illuminance: 1 }));
    const bus = {
      transaction: (address: number, write: Uint8Array, count: number, now: number) => {
        const result = new VirtualI2cBus().attach(other).transaction(address, write, count, now);
        return write[0] === 0x07 ? { ...result, data: Uint8Array.of(0x35, 0) } : result;
      },
    };
    const { outcomes } = await driveInVm("veml7700", bus, [start()]);
    expect(outcomes[0]?.code).toBe("wrong-chip");
  });
});
