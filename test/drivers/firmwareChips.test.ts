import { expect, it } from "vitest";
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

it("the firmware finds every chip of its bus, and takes a metric from one chip alone", async () => {
  const thermometers: VirtualSht4x[] = [];
  const city = await startCity({
    bus: (world) => {
      const sht4x = new VirtualSht4x(world);
      thermometers.push(sht4x);
      return new VirtualI2cBus()
        .attach(sht4x)
        .attach(new VirtualBme280(world))
        .attach(new VirtualSen5x(world))
        .attach(new VirtualPmsa003i(world))
        .attach(new VirtualScd41(world))
        .attach(new VirtualVeml7700(world))
        .attach(new VirtualBh1750(world))
        .attach(new VirtualIna226(world))
        .attach(new VirtualAds1115(world, { name: "sen0232", sensors: [SEN0232_METER] }));
    },
  });
  await city.run(2 * MINUTE_MS);
  const silentFromMs = city.startUtcMs + city.scheduler.nowMs;
  thermometers[0]?.faults.set({ noAnswer: true }, city.scheduler.nowMs);
  await city.run(2 * MINUTE_MS);
  const silentToMs = city.startUtcMs + city.scheduler.nowMs;
  thermometers[0]?.faults.clear();
  await city.run(4 * MINUTE_MS);
  await city.close();

  const online = city.states.find(({ state }) => state.state === "online");
  expect(online?.state).toMatchObject({
    chips: "sht4x bme280 sen55 pmsa003i scd41 veml7700 bh1750 ina226 sen0232".split(" "),
  });
  expect(city.bad).toEqual([]);
  expect(city.city.nodes[0]?.panics).toBe(0);
  const kinds = city.events.map(({ event }) => `${event.event} ${event.chip ?? ""}`);
  expect(kinds).toEqual(["sensor-fault sht4x", "sensor-ok sht4x"]);
  const temperatures = city.readings.filter(({ metric }) => metric === "temperature");
  expect(temperatures.length).toBeGreaterThan(0);
  // Two other chips measure a temperature meanwhile.
  expect(
    temperatures.filter(({ timeMs }) => timeMs > silentFromMs + 5_000 && timeMs < silentToMs),
  ).toEqual([]);
}, 120_000);
