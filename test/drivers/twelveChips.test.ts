import { expect, it } from "vitest";
import { ALPHASENSE_CELLS } from "../../src/sim/chips/alphasenseCells";
import { SEN0232_METER, VirtualAds1115 } from "../../src/sim/chips/virtualAds1115";
import { VirtualBh1750 } from "../../src/sim/chips/virtualBh1750";
import { VirtualBme280 } from "../../src/sim/chips/virtualBme280";
import { VirtualI2cBus } from "../../src/sim/chips/virtualBus";
import { VirtualDbmMeter } from "../../src/sim/chips/virtualDbmMeter";
import { VirtualIna226 } from "../../src/sim/chips/virtualIna226";
import { VirtualPmsa003i } from "../../src/sim/chips/virtualPmsa003i";
import { VirtualScd41 } from "../../src/sim/chips/virtualScd41";
import { VirtualSen5x } from "../../src/sim/chips/virtualSen5x";
import { VirtualSht4x } from "../../src/sim/chips/virtualSht4x";
import { VirtualVeml7700 } from "../../src/sim/chips/virtualVeml7700";
import { I2cService } from "../../src/sim/vm/i2cService";
import { SyntheticDay } from "../../src/sim/world/syntheticDay";
import { runInVm } from "../vm/harness";

const MINUTE_MS = 60_000;

it("twelve chips are sampled on time for an hour while three of them fail and come back, and each fault after that is told once", async () => {
  const day = new SyntheticDay({ seed: 1, node: "bk-0001", startUtcMs: Date.UTC(2026, 2, 20, 9) });
  // Lamps burn at night, when there is no light whose stillness would tell anything.
  const night = new SyntheticDay({
    seed: 1,
    node: "bk-0001",
    startUtcMs: Date.UTC(2026, 2, 20, 21),
  });
  const sen55 = new VirtualSen5x(day);
  const veml7700 = new VirtualVeml7700(day);
  const scd41 = new VirtualScd41(day);
  const bus = new VirtualI2cBus()
    .attach(sen55)
    .attach(veml7700)
    .attach(new VirtualIna226(night))
    .attach(new VirtualAds1115(day, { name: "sen0232", sensors: [SEN0232_METER] }))
    .attach(
      new VirtualAds1115(day, { name: "alphasense", address: 0x49, sensors: ALPHASENSE_CELLS }),
    )
    .attach(scd41)
    .attach(new VirtualSht4x(day))
    .attach(new VirtualBme280(day))
    .attach(new VirtualPmsa003i(day))
    .attach(new VirtualBh1750(day))
    .attach(new VirtualIna226(day, { address: 0x41 }))
    .attach(new VirtualDbmMeter(day, 0x4a));
  const run = await runInVm("test/vm/drivers/twelveChips.main.ts", {
    forMs: 180 * MINUTE_MS,
    devices: (scheduler) => {
      const at = (minute: number, act: () => void) => scheduler.at(minute * MINUTE_MS, act);
      at(10, () => sen55.faults.set({ noAnswer: true }, scheduler.nowMs));
      at(20, () => sen55.faults.clear());
      at(25, () => scd41.faults.set({ badCrc: true }, scheduler.nowMs));
      at(32, () => scd41.faults.clear());
      // A dip of the supply: the chip has lost its settings, and one new start mends that.
      at(35, () => veml7700.powerCycle());
      at(40, () => veml7700.faults.set({ noAnswer: true }, scheduler.nowMs));
      at(45, () => veml7700.faults.clear());
      at(62, () => bus.chips.forEach((chip) => chip.faults.set({ frozen: true }, scheduler.nowMs)));
      at(130, () => bus.chips.forEach((chip) => chip.faults.clear()));
      // For longer than the gas cells can do without its temperature.
      at(140, () => bus.chip("sht4x")?.faults.set({ noAnswer: true }, scheduler.nowMs));
      at(158, () => bus.chip("sht4x")?.faults.clear());
      return [new I2cService(bus, () => scheduler.nowMs)];
    },
  });
  expect(run.panics).toEqual([]);
  expect(run.lines).toContain("DONE");
  expect(run.heapPeakBytes).toBeLessThan(36 * 1024);

  const words = (kind: string) =>
    run.lines.filter((line) => line.startsWith(`${kind} `)).map((line) => line.split(" "));
  const told = words("event").map(([, event, chip, reason]) => `${event} ${chip} ${reason}`);
  expect(told.slice(0, 6)).toEqual([
    "sensor-fault sen55 no-answer",
    "sensor-ok sen55 no-answer",
    "sensor-fault scd41 bad-crc",
    "sensor-ok scd41 bad-crc",
    "sensor-fault veml7700 no-answer",
    "sensor-ok veml7700 no-answer",
  ]);
  // Each once. Of the lamp that is off nobody can know whether it is measured still.
  const frozen = ["alphasense", "bh1750", "bme280", "dbm", "ina226", "pmsa003i", "scd41"];
  frozen.push("sen0232", "sen55", "sht4x", "veml7700");
  expect(told.slice(6, -4).sort()).toEqual([
    ...frozen.map((chip) => `sensor-fault ${chip} frozen`),
    ...frozen.map((chip) => `sensor-ok ${chip} frozen`),
  ]);
  // The cells are well again once they give values, not when they are started anew.
  expect(told.slice(-4)).toEqual([
    "sensor-fault sht4x no-answer",
    "sensor-fault alphasense not-ready",
    "sensor-ok sht4x no-answer",
    "sensor-ok alphasense not-ready",
  ]);
  const eventSeconds = words("event").map((event) => Number(event[4]));
  [10, 20, 25, 32, 40, 45].forEach((minute, i) =>
    expect(eventSeconds[i]).toBeGreaterThan(minute * 60),
  );
  for (const fault of [0, 2, 4])
    expect(eventSeconds[fault]).toBeLessThan(([10, 25, 40][fault / 2] ?? 0) * 60 + 30);

  const failing = ["sen55", "scd41", "veml7700"];
  for (const [, chip = "", samples, latestMs] of words("chip")) {
    const expected = chip === "sen0232" || chip === "dbm" ? 3600 : 360;
    // The start, and for some a warm-up of up to a minute, come before the first sample.
    if (!failing.includes(chip)) expect(Number(samples), chip).toBeGreaterThan(expected - 8);
    expect(Number(samples), chip).toBeGreaterThan(expected * 0.7);
    expect(Number(samples), chip).toBeLessThanOrEqual(expected);
    // The SCD41 measures every 5 s, in its own step.
    expect(Number(latestMs), chip).toBeLessThan(chip === "scd41" ? 5500 : 1000);
  }
}, 120_000);
