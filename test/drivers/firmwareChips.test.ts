import { expect, it } from "vitest";
import { FULL_BUS_CONFIGURATION, fullBus } from "../support/fullBus";
import { startCity } from "../support/simulatedCity";

const MINUTE_MS = 60_000;
/** The goal for a node, with the configuration and the outbox on the same heap. */
const HEAP_LIMIT_BYTES = 36 * 1024;

it("the firmware reads ten chips, some at their other address, for an hour while three of them fail and come back", async () => {
  const city = await startCity({ configuration: FULL_BUS_CONFIGURATION, bus: fullBus });
  const nowMs = () => city.startUtcMs + city.scheduler.nowMs;
  const [sht4x, sen55, scd41] = ["sht4x", "sen55", "scd41"].map((chip) =>
    city.buses.get("bk-0001")?.chip(chip),
  );
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
  expect(online?.state).toMatchObject({
    chips: "sht4x bme280 sen55 pmsa003i scd41 veml7700 bh1750 ina226 sen0232 alphasense".split(" "),
  });
  expect(Object.keys(online?.state.serials ?? {}).sort()).toEqual(["scd41", "sen55", "sht4x"]);
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
  const temperatures = city.readings.filter(({ metric }) => metric === "temperature");
  expect(temperatures.length).toBeGreaterThan(0);
  // Four other chips measure a temperature meanwhile: no channel mixes two sensors.
  expect(
    temperatures.filter(({ timeMs }) => timeMs > silentFromMs + 5_000 && timeMs < silentToMs),
  ).toEqual([]);
}, 120_000);
