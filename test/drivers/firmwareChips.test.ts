import { expect, it } from "vitest";
import { ALPHASENSE_CELLS, SIMULATED_CELLS } from "../../src/sim/chips/alphasenseCells";
import { SEN0232_METER, VirtualAds1115 } from "../../src/sim/chips/virtualAds1115";
import { VirtualBh1750 } from "../../src/sim/chips/virtualBh1750";
import { VirtualBme280 } from "../../src/sim/chips/virtualBme280";
import { VirtualI2cBus } from "../../src/sim/chips/virtualBus";
import { VirtualIna226 } from "../../src/sim/chips/virtualIna226";
import { VirtualPmsa003i } from "../../src/sim/chips/virtualPmsa003i";
import { VirtualScd41 } from "../../src/sim/chips/virtualScd41";
import { VirtualSen5x } from "../../src/sim/chips/virtualSen5x";
import { VirtualSht4x } from "../../src/sim/chips/virtualSht4x";
import { VirtualVeml7700 } from "../../src/sim/chips/virtualVeml7700";
import { startCity } from "../support/simulatedCity";

const MINUTE_MS = 60_000;
/** The goal for a node, with the configuration and the outbox on the same heap. */
const HEAP_LIMIT_BYTES = 36 * 1024;

it("the firmware reads all the chips that fit on its bus for an hour while three of them fail and come back", async () => {
  const failing: (VirtualSht4x | VirtualSen5x | VirtualScd41)[] = [];
  const city = await startCity({
    configuration: { sensors: { alphasense: SIMULATED_CELLS } },
    bus: (world) => {
      const sht4x = new VirtualSht4x(world);
      const sen55 = new VirtualSen5x(world);
      const scd41 = new VirtualScd41(world);
      failing.push(sht4x, sen55, scd41);
      return new VirtualI2cBus()
        .attach(sht4x)
        .attach(new VirtualBme280(world))
        .attach(sen55)
        .attach(new VirtualPmsa003i(world))
        .attach(scd41)
        .attach(new VirtualVeml7700(world))
        .attach(new VirtualBh1750(world))
        .attach(new VirtualIna226(world))
        .attach(new VirtualAds1115(world, { name: "sen0232", sensors: [SEN0232_METER] }))
        .attach(
          new VirtualAds1115(world, {
            name: "alphasense",
            address: 0x49,
            sensors: ALPHASENSE_CELLS,
          }),
        );
    },
  });
  const nowMs = () => city.startUtcMs + city.scheduler.nowMs;
  const [sht4x, sen55, scd41] = failing;
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
