import { describe, expect, it } from "vitest";
import { VirtualI2cBus } from "../../src/sim/chips/virtualBus";
import { seededRandom, seedFor } from "../../src/sim/random";
import type { VirtualChip } from "../../src/sim/chips/virtualChip";
import { driveInVm, read, start, StillWorld, wait, type Step } from "./chipScript";

/** A driver, its chip, and what they give together in a world that stands still. */
export interface DriverUnderTest {
  /** Program of `test/vm/drivers/`, without its ending. */
  readonly program: string;
  readonly world: Record<string, number>;
  readonly chip: (world: StillWorld) => VirtualChip;
  /** After so long the driver has all its values. */
  readonly warmUpMs: number;
  /** The values read in that world, each within `tolerance`. */
  readonly good: readonly number[];
  readonly tolerance: number;
  readonly hasCheckSum: boolean;
  /** Codes of the first and of later reads after the chip's supply dipped; "" where it does no harm. */
  readonly afterPowerCycle: readonly [string, string];
}

/** Declares the tests that every driver must pass: each fault is told, and passes. */
export function testFaultsOf(driver: DriverUnderTest): void {
  const rig = () => {
    const world = new StillWorld({ ...driver.world });
    const chip = driver.chip(world);
    const bus = new VirtualI2cBus().attach(chip);
    const drive = (steps: Step[]) =>
      driveInVm(`test/vm/drivers/${driver.program}.main.ts`, bus, steps);
    return { world, chip, bus, drive };
  };
  const expectGood = (values: readonly number[] | undefined) => {
    expect(values?.length).toBe(driver.good.length);
    driver.good.forEach((expected, i) =>
      expect(
        Math.abs((values?.[i] ?? NaN) - expected),
        `value ${i}: ${values?.[i]}`,
      ).toBeLessThanOrEqual(driver.tolerance),
    );
  };
  const nothing = driver.good.map(() => NaN);
  const warmUp = wait(driver.warmUpMs);
  // Longer than any chip's measurement takes, so that a new one is there.
  const pause = wait(6000);

  describe(`${driver.program} driver and its faults`, () => {
    it("reads what is there", async () => {
      const { drive } = rig();
      const { outcomes } = await drive([start(), warmUp, read(), pause, read()]);
      expect(outcomes.map((o) => o.code)).toEqual(["", "", ""]);
      expectGood(outcomes[1]?.values);
      expectGood(outcomes[2]?.values);
    });

    it("tells a chip that does not answer, and a bus held low", async () => {
      const { drive, chip } = rig();
      const { outcomes } = await drive([
        start((now) => chip.faults.set({ noAnswer: true }, now)),
        start(() => chip.faults.clear()),
        warmUp,
        read((now) => chip.faults.set({ noAnswer: true }, now)),
        pause,
        read(() => chip.faults.clear()),
        read((now) => chip.faults.set({ busStuck: true }, now)),
        pause,
        read(() => chip.faults.clear()),
      ]);
      expect(outcomes.map((o) => o.code)).toEqual([
        "no-answer",
        "",
        "no-answer",
        "",
        "no-answer",
        "",
      ]);
      expect(outcomes[2]?.values).toEqual(nothing);
      expect(outcomes[4]?.values).toEqual(nothing);
      expectGood(outcomes[3]?.values);
      expectGood(outcomes[5]?.values);
    });

    it("gives no value where its surroundings have none, and a value when they have", async () => {
      const { drive, world } = rig();
      const metric = Object.keys(driver.world)[0] ?? "";
      const { outcomes } = await drive([
        start(),
        warmUp,
        {
          ...pause,
          prepare: () => {
            world.values[metric] = undefined;
          },
        },
        read(),
        {
          ...pause,
          prepare: () => {
            world.values[metric] = driver.world[metric];
          },
        },
        read(),
      ]);
      expect(outcomes.map((o) => o.code)).toEqual(["", "no-answer", ""]);
      expectGood(outcomes[2]?.values);
    });

    const checkSum = async () => {
      const { drive, chip } = rig();
      const { outcomes } = await drive([
        start((now) => chip.faults.set({ badCrc: true }, now)),
        start(() => chip.faults.clear()),
        warmUp,
        read((now) => chip.faults.set({ badCrc: true }, now)),
        pause,
        read(() => chip.faults.clear()),
      ]);
      expect(outcomes.map((o) => o.code)).toEqual(["bad-crc", "", "bad-crc", ""]);
      expect(outcomes[2]?.values).toEqual(nothing);
      expectGood(outcomes[3]?.values);
    };
    if (driver.hasCheckSum) it("tells a wrong check sum", checkSum);

    it("gives no wrong value after a dip of the chip's supply, and the right ones after a start", async () => {
      const { drive, chip } = rig();
      const { outcomes } = await drive([
        start(),
        warmUp,
        read((now) => chip.powerCycle(now)),
        wait(1000),
        read(),
        start(),
        warmUp,
        read(),
      ]);
      const [first, later] = driver.afterPowerCycle;
      expect(outcomes.map((o) => o.code)).toEqual(["", first, later, "", ""]);
      for (const outcome of outcomes.slice(1, 3))
        if (outcome.code === "") expectGood(outcome.values);
        else expect(outcome.values).toEqual(nothing);
      expectGood(outcomes[4]?.values);
    });

    it("survives a bus that answers nonsense, and takes none of it for a good value", async () => {
      const random = seededRandom(seedFor(1, driver.program));
      const { bus, chip, drive } = rig();
      const real = bus.transaction.bind(bus);
      let nonsense = false;
      bus.transaction = (address, write, readCount, nowMs) => {
        const result = real(address, write, readCount, nowMs);
        const kind = nonsense ? random() : 1;
        if (kind < 0.1) return { status: 1 + Math.floor(random() * 3), data: Uint8Array.of() };
        if (kind > 0.6) return result;
        return { status: 0, data: Uint8Array.from({ length: readCount }, () => random() * 256) };
      };
      const tries = Array.from({ length: 25 }, () => [start(), read(), wait(400), read()]).flat();
      const { outcomes } = await drive([
        start(() => {
          nonsense = true;
        }),
        ...tries,
        start((now) => {
          nonsense = false;
          chip.powerCycle(now);
        }),
        wait(1000),
        start(),
        warmUp,
        read(),
      ]);
      const known = [
        "",
        "no-answer",
        "bad-crc",
        "not-ready",
        "out-of-range",
        "wrong-chip",
        "chip-error",
      ];
      for (const outcome of outcomes) {
        expect(known).toContain(outcome.code);
        if (driver.hasCheckSum && outcome.code === "" && outcome.op === "read")
          outcome.values.forEach((value, i) =>
            expect(Number.isNaN(value) || value <= (driver.good[i] ?? NaN) + driver.tolerance).toBe(
              true,
            ),
          );
      }
      expect(outcomes.at(-1)?.code).toBe("");
      expectGood(outcomes.at(-1)?.values);
    });

    it("repeats itself when the chip is frozen, which the node's own check must find", async () => {
      const { drive, chip, world } = rig();
      const { outcomes } = await drive([
        start(),
        warmUp,
        read((now) => chip.faults.set({ frozen: true }, now)),
        {
          ...pause,
          prepare: (now) => {
            world.higherFromMs = now;
          },
        },
        read(),
        { ...pause, prepare: () => chip.faults.clear() },
        read(),
      ]);
      expect(outcomes.map((o) => o.code)).toEqual(["", "", "", ""]);
      expect(outcomes[2]?.values).toEqual(outcomes[1]?.values);
      expect(outcomes[3]?.values).not.toEqual(outcomes[1]?.values);
    });
  });
}
