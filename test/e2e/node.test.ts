import { afterEach, describe, expect, it } from "vitest";
import { START_UTC_MS, startCity, type CityUnderTest } from "../support/simulatedCity";
import { metricNames } from "../../devs/contract/metrics";
import { SyntheticDay } from "../../src/sim/world/syntheticDay";
import { summarize } from "../../src/sim/runSummary";

const MINUTE_MS = 60_000;
/** What a node may need of its 64 KB, right after a collection. */
const HEAP_LIMIT_BYTES = 36 * 1024;
/** Half of the 256 KB of flash that program, settings and journal share on a board. */
const BYTECODE_LIMIT_BYTES = 128 * 1024;

/** What the first four chips measure. */
const METRICS = [
  "pm1",
  "pm25",
  "pm4",
  "pm10",
  "temperature",
  "humidity",
  "vocIndex",
  "noxIndex",
  "LAeq",
  "LAFmax",
  "LAFmin",
  "L10",
  "L50",
  "L90",
  "noiseCoverage",
  "illuminance",
  "lampVoltage",
  "lampCurrent",
  "lampPower",
  "lampOn",
  "lampEnergy",
];

let city: CityUnderTest | undefined;

afterEach(async () => {
  await city?.close();
  city = undefined;
});

describe("a simulated node", () => {
  it("is born, finds its chips and publishes every metric", async () => {
    city = await startCity();
    await city.run(10 * MINUTE_MS);
    expect(city.bad).toEqual([]);
    expect(city.states[0]?.state).toMatchObject({
      state: "online",
      reason: "boot",
      boot: 1,
      chips: ["sen55", "veml7700", "ina226", "sen0232"],
    });
    const seen = new Set(city.readings.map((reading) => reading.metric));
    expect([...seen].sort()).toEqual([...METRICS].sort());
    expect(metricNames()).toEqual(expect.arrayContaining(METRICS));
    expect(city.events).toEqual([]);
    expect(city.receiver.counters).toMatchObject({ duplicates: 0, gaps: 0, bad: 0 });
  });

  it("stays within its memory and never panics", async () => {
    city = await startCity();
    await city.run(60 * MINUTE_MS);
    const node = city.city.nodes[0];
    expect(node?.panics).toBe(0);
    expect(node?.boots).toBe(1);
    expect(node?.heapPeaks.liveBytes).toBeGreaterThan(0);
    expect(node?.heapPeaks.liveBytes).toBeLessThan(HEAP_LIMIT_BYTES);
    const { bytecode } = (await import("../../src/toolchain/firmware")).loadFirmware();
    expect(bytecode.length).toBeLessThan(BYTECODE_LIMIT_BYTES);
  });

  it("does the same again for the same seed, and something else for another", async () => {
    const run = async (seed: number) => {
      city = await startCity({ seed, nodes: 2 });
      await city.run(10 * MINUTE_MS);
      const result = {
        nodes: city.city.nodes.map((node) => summarize(node, 0)),
        readings: city.readings,
      };
      await city.close();
      return result;
    };
    const first = await run(1);
    expect(await run(1)).toEqual(first);
    expect((await run(2)).readings).not.toEqual(first.readings);
  });

  it("reports a chip that stops answering once, and once that it is back", async () => {
    city = await startCity({ configuration: { release: { periodS: 30 } } });
    await city.run(2 * MINUTE_MS);
    const chip = city.buses.get("bk-0001")?.chip("sen55");
    if (!chip) throw new Error("no sen55 on the bus");
    chip.faults.set({ noAnswer: true }, city.scheduler.nowMs);
    await city.run(2 * MINUTE_MS);
    const faultMs = city.events[0]?.timeMs ?? Infinity;
    const levelsMeanwhile = city.readings.filter(
      ({ metric, timeMs }) => metric === "LAeq" && timeMs > faultMs,
    ).length;
    chip.faults.clear();
    // Longer than a heartbeat, so that the air is heard of whether it changes or not.
    await city.run(20 * MINUTE_MS);
    expect(city.events.map(({ event }) => [event.event, event.chip, event.reason])).toEqual([
      ["sensor-fault", "sen55", "no-answer"],
      ["sensor-ok", "sen55", "no-answer"],
    ]);
    expect(levelsMeanwhile).toBeGreaterThan(0);
    const last = city.readings.filter((reading) => reading.metric === "temperature").at(-1);
    expect(last?.timeMs).toBeGreaterThan(city.events[1]?.timeMs ?? Infinity);
  });

  it("never publishes a value that came with a wrong check sum", async () => {
    city = await startCity();
    await city.run(2 * MINUTE_MS);
    const chip = city.buses.get("bk-0001")?.chip("sen55");
    if (!chip) throw new Error("no sen55 on the bus");
    chip.faults.set({ badCrc: true }, city.scheduler.nowMs);
    const fromMs = city.scheduler.nowMs;
    await city.run(10 * MINUTE_MS);
    expect(city.events.map(({ event }) => [event.event, event.reason])).toEqual([
      ["sensor-fault", "bad-crc"],
    ]);
    const airSince = city.readings.filter(
      ({ metric, timeMs }) => metric === "pm25" && timeMs > START_UTC_MS + fromMs + 2000,
    );
    expect(airSince).toEqual([]);
  });

  it("takes a level that never changes by a bit for a fault", async () => {
    city = await startCity();
    await city.run(2 * MINUTE_MS);
    const chip = city.buses.get("bk-0001")?.chip("sen0232");
    if (!chip) throw new Error("no sen0232 on the bus");
    chip.faults.set({ frozen: true }, city.scheduler.nowMs);
    await city.run(10 * MINUTE_MS);
    chip.faults.clear();
    await city.run(10 * MINUTE_MS);
    expect(city.events.map(({ event }) => [event.event, event.chip, event.reason])).toEqual([
      ["sensor-fault", "sen0232", "frozen"],
      ["sensor-ok", "sen0232", "frozen"],
    ]);
  });

  it("tells a bus that is held low once, for all its chips, and once that it is back", async () => {
    city = await startCity();
    await city.run(2 * MINUTE_MS);
    const chip = city.buses.get("bk-0001")?.chip("ina226");
    if (!chip) throw new Error("no ina226 on the bus");
    chip.faults.set({ busStuck: true }, city.scheduler.nowMs);
    await city.run(3 * MINUTE_MS);
    chip.faults.clear();
    await city.run(5 * MINUTE_MS);
    expect(city.events.map(({ event }) => [event.event, event.chip, event.reason])).toEqual([
      ["sensor-fault", "i2c", "bus-stuck"],
      ["sensor-ok", "i2c", "bus-stuck"],
    ]);
  });

  it("tells a lamp that goes out at ten at night within five minutes, and its repair", async () => {
    const startUtcMs = Date.UTC(2026, 2, 20, 21, 50);
    city = await startCity({
      surroundings: (node) =>
        new SyntheticDay({
          seed: 1,
          node,
          startUtcMs,
          lampOutages: [{ fromMs: 10 * MINUTE_MS, toMs: 25 * MINUTE_MS }],
        }),
    });
    await city.run(35 * MINUTE_MS);
    expect(city.events.map(({ event }) => [event.event, event.reason])).toEqual([
      ["lamp-fault", "lamp-out"],
      ["lamp-ok", "lamp-out"],
    ]);
    const [fault, repair] = city.events.map(({ timeMs }) => (timeMs - START_UTC_MS) / MINUTE_MS);
    expect(fault).toBeGreaterThan(10);
    expect(fault).toBeLessThan(15);
    expect(repair).toBeGreaterThan(25);
    expect(repair).toBeLessThan(30);
  });

  it("remembers a chip that is silent after a restart, and tells it", async () => {
    city = await startCity();
    await city.run(MINUTE_MS);
    const node = city.city.nodes[0];
    node?.powerOff();
    const bus = city.buses.get("bk-0001");
    bus?.chip("veml7700")?.faults.set({ noAnswer: true }, city.scheduler.nowMs);
    await node?.powerOn();
    await city.run(2 * MINUTE_MS);
    bus?.chip("veml7700")?.faults.clear();
    await city.run(3 * MINUTE_MS);
    expect(city.events.map(({ event }) => [event.event, event.chip, event.reason])).toEqual([
      ["sensor-fault", "veml7700", "no-answer"],
      ["sensor-ok", "veml7700", "no-answer"],
    ]);
  });

  it("raises an alarm once and clears it once, with the value and the threshold", async () => {
    const alarm = { above: 200, clear: 150, severity: "critical" };
    city = await startCity({
      configuration: { channels: { illuminance: { alarms: [alarm] } } },
      surroundings: () => ({
        // Two minutes of bright light, with a dip between the two thresholds.
        value: (metric, timeMs) => {
          if (metric !== "illuminance") return undefined;
          const s = timeMs / 1000;
          return s > 120 && s < 240 ? (s > 170 && s < 190 ? 180 : 400) : 20;
        },
      }),
    });
    await city.run(10 * MINUTE_MS);
    const alarms = city.events.filter(({ event }) => event.event.startsWith("alarm"));
    expect(alarms.map(({ event }) => event)).toMatchObject([
      { event: "alarm-raised", channel: "illuminance", threshold: 200, severity: "critical" },
      { event: "alarm-cleared", channel: "illuminance", threshold: 200, severity: "critical" },
    ]);
    expect(alarms[0]?.event.v).toBeGreaterThan(200);
    expect(alarms[1]?.event.v).toBeLessThan(150);
    expect(city.bad).toEqual([]);
  });

  it("survives a power cut: a new boot, and sequence numbers from the start", async () => {
    city = await startCity();
    await city.run(2 * MINUTE_MS);
    const node = city.city.nodes[0];
    node?.powerOff();
    await city.run(MINUTE_MS);
    await node?.powerOn();
    await city.run(3 * MINUTE_MS);
    const births = city.states.filter(({ state }) => state.state === "online");
    expect(births.map(({ state }) => state.boot)).toEqual([1, 2]);
    expect(node?.boots).toBe(2);
    expect(city.receiver.counters).toMatchObject({ duplicates: 0, bad: 0 });
  });
});
