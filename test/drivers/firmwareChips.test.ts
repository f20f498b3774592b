import { describe, expect, it } from "vitest";
import type { VirtualI2cBus } from "../../src/sim/chips/virtualBus";
import { Sen5xStatus, type VirtualSen5x } from "../../src/sim/chips/virtualSen5x";
import { FULL_BUS_CONFIGURATION, fullBus } from "../support/fullBus";
import { startCity } from "../support/simulatedCity";

const MINUTE_MS = 60_000;
/** The goal for a node, with the configuration and the outbox on the same heap. */
const HEAP_LIMIT_BYTES = 36 * 1024;
/** The search for chips, and the start of each, are over after so long. */
const STARTED_MS = 2 * MINUTE_MS;
/** The command that starts a SEN5x's measurement (SEN5x data sheet, section 6.1.1). */
const SEN5X_START = Buffer.from([0x00, 0x21]);
/** Long enough for the chip to be started anew again and again. */
const BROKEN_MIN = 150;
/** A read may have to wait for the chip's own measurement (SCD41: 5 s), or be tried again. */
const LATE_MS = 6_500;

/**
 * How often each chip is to be read: those of which another one gives all metrics only once a
 * minute, to know whether they work.
 */
const PERIOD_MS: Readonly<Record<string, number>> = {
  sen0232: 125,
  ...{ sht4x: 10_000, bme280: 10_000, sen55: 10_000, scd41: 10_000, alphasense: 10_000 },
  ...{ veml7700: 10_000, ina226: 10_000 },
  ...{ housing: MINUTE_MS, pmsa003i: MINUTE_MS, bh1750: MINUTE_MS, dbm: MINUTE_MS },
};

/** Looks at each transaction on a bus before it is carried out. */
function watch(
  bus: VirtualI2cBus,
  look: (address: number, write: Uint8Array, nowMs: number) => void,
): void {
  const transaction = bus.transaction.bind(bus);
  bus.transaction = (address, write, readCount, nowMs) => {
    look(address, write, nowMs);
    return transaction(address, write, readCount, nowMs);
  };
}

/** The longest time for which each chip of a bus was left alone, from then on. */
function longestPauses(bus: VirtualI2cBus): Map<number, { lastMs: number; longestMs: number }> {
  const pauses = new Map<number, { lastMs: number; longestMs: number }>();
  watch(bus, (address, _, nowMs) => {
    const { lastMs, longestMs } = pauses.get(address) ?? { lastMs: nowMs, longestMs: 0 };
    const pauseMs = lastMs < STARTED_MS ? 0 : nowMs - lastMs;
    pauses.set(address, { lastMs: nowMs, longestMs: Math.max(longestMs, pauseMs) });
  });
  return pauses;
}

it("the firmware reads twelve chips, some at their other address, each on time, for an hour while three of them fail and come back", async () => {
  const city = await startCity({ configuration: FULL_BUS_CONFIGURATION, bus: fullBus });
  const nowMs = () => city.startUtcMs + city.scheduler.nowMs;
  const bus = city.buses.get("bk-0001") as VirtualI2cBus;
  const pauses = longestPauses(bus);
  const [sht4x, sen55, scd41] = ["sht4x", "sen55", "scd41"].map((chip) => bus.chip(chip));
  await city.run(10 * MINUTE_MS);
  sht4x?.faults.set({ noAnswer: true }, city.scheduler.nowMs);
  const silentFromMs = nowMs();
  await city.run(5 * MINUTE_MS);
  sht4x?.faults.clear();
  const silentToMs = nowMs();
  await city.run(5 * MINUTE_MS);
  sen55?.faults.set({ noAnswer: true }, city.scheduler.nowMs);
  scd41?.faults.set({ badCrc: true }, city.scheduler.nowMs);
  await city.run(7 * MINUTE_MS);
  sen55?.faults.clear();
  await city.run(8 * MINUTE_MS);
  scd41?.faults.clear();
  await city.run(25 * MINUTE_MS);
  await city.close();

  const online = city.states.findLast(({ state }) => state.state === "online");
  const found = "sht4x bme280 sen55 pmsa003i scd41 veml7700 bh1750 ina226 sen0232 dbm alphasense";
  expect(online?.state).toMatchObject({ chips: [...found.split(" "), "housing"] });
  const serials = ["dbm", "housing", "scd41", "sen55", "sht4x"];
  expect(Object.keys(online?.state.serials ?? {}).sort()).toEqual(serials);
  expect(city.bad).toEqual([]);
  const [node] = city.city.nodes;
  expect(node?.panics).toBe(0);
  expect(node?.heapPeaks.liveBytes).toBeLessThan(HEAP_LIMIT_BYTES);
  const kinds = city.events.map(({ event }) => `${event.event} ${event.chip ?? event.channel}`);
  expect(kinds.filter((kind) => kind.startsWith("sensor"))).toEqual([
    "sensor-fault sht4x",
    "sensor-ok sht4x",
    expect.stringMatching(/sensor-fault (sen55|scd41)/),
    expect.stringMatching(/sensor-fault (sen55|scd41)/),
    "sensor-ok sen55",
    "sensor-ok scd41",
  ]);
  const failing = [sht4x, sen55, scd41];
  for (const chip of bus.chips.filter((one) => !failing.includes(one))) {
    const periodMs = PERIOD_MS[chip.name] ?? NaN;
    const longestMs = pauses.get(chip.address)?.longestMs;
    expect(longestMs, chip.name).toBeLessThan(periodMs + LATE_MS);
    // A second meter beside the first is no part of its figures.
    expect(longestMs, chip.name).toBeGreaterThan(0.9 * periodMs);
  }
  const temperatures = city.readings.filter(({ metric }) => metric === "temperature");
  expect(temperatures.length).toBeGreaterThan(0);
  // Four other chips measure a temperature meanwhile: no channel mixes two sensors.
  expect(
    temperatures.filter(({ timeMs }) => timeMs > silentFromMs + 5_000 && timeMs < silentToMs),
  ).toEqual([]);
  expect(city.readings.some(({ metric }) => metric === "housingTemperature")).toBe(true);
}, 120_000);

describe("a SEN55 whose humidity sensor breaks", () => {
  it.each([
    ["at its start", 0],
    ["after minutes", 10],
    ["after hours", 180],
  ])(
    "%s goes on giving its particles, and is well again by itself",
    async (_, brokenAfterMin) => {
      const city = await startCity();
      const nowMs = () => city.startUtcMs + city.scheduler.nowMs;
      const bus = city.buses.get("bk-0001") as VirtualI2cBus;
      const sen55 = bus.chip("sen55") as VirtualSen5x;
      let starts = 0;
      watch(bus, (address, write) => {
        if (address === sen55.address && Buffer.from(write).equals(SEN5X_START)) starts++;
      });
      await city.run(brokenAfterMin * MINUTE_MS);
      const startsBefore = starts;
      sen55.status = Sen5xStatus.humidity;
      const brokenFromMs = nowMs();
      await city.run(BROKEN_MIN * MINUTE_MS);
      sen55.status = 0;
      const brokenToMs = nowMs();
      await city.run(10 * MINUTE_MS);
      await city.close();

      const told = city.events.flatMap(({ event }) =>
        event.event.startsWith("sensor") ? [`${event.event} ${event.chip} ${event.reason}`] : [],
      );
      expect(told).toEqual(["sensor-fault sen55 chip-error", "sensor-ok sen55 chip-error"]);
      // One start for the fault, which may mend it, and one an hour after that.
      expect(starts - startsBefore).toBeLessThanOrEqual(2 + BROKEN_MIN / 60);
      const broken = city.readings.filter(
        ({ timeMs }) => timeMs > brokenFromMs + 2 * MINUTE_MS && timeMs < brokenToMs,
      );
      const damp = ["temperature", "humidity", "vocIndex"];
      expect(broken.filter(({ metric }) => damp.includes(metric))).toEqual([]);
      // Its heartbeat is a quarter of an hour: at no time are the particles away for longer.
      for (const metric of ["pm25", "pm10"]) {
        const times = broken.flatMap((reading) =>
          reading.metric === metric ? [reading.timeMs] : [],
        );
        const all = [brokenFromMs, ...times, brokenToMs];
        const pausesMs = all.slice(1).map((timeMs, i) => timeMs - (all[i] ?? NaN));
        expect(Math.max(...pausesMs), metric).toBeLessThan(18 * MINUTE_MS);
      }
    },
    120_000,
  );
});
