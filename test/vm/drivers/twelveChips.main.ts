import { sleep } from "@devicescript/core";
import { partIndex } from "../../../devs/contract/parts";
import { AlphasenseNo2O3 } from "../../../devs/drivers/alphasenseNo2O3";
import { Bh1750 } from "../../../devs/drivers/bh1750";
import { Bme280 } from "../../../devs/drivers/bme280";
import { DbmMeter } from "../../../devs/drivers/dbmMeter";
import { Ina226 } from "../../../devs/drivers/ina226";
import { Pmsa003i } from "../../../devs/drivers/pmsa003i";
import { Scd41 } from "../../../devs/drivers/scd41";
import { Sen0232 } from "../../../devs/drivers/sen0232";
import { Sen5x } from "../../../devs/drivers/sen5x";
import { SensorChip } from "../../../devs/drivers/sensorChip";
import { Sht4x } from "../../../devs/drivers/sht4x";
import { Veml7700 } from "../../../devs/drivers/veml7700";
import { openBus } from "../../../devs/node/bus";
import { PHASE_MS, SampleSink, Sampler } from "../../../devs/sampling/sampler";

const PERIOD_MS = 10000;
const NOISE_PERIOD_MS = 1000;
const RUN_MS = 3600000;
/** After the hour the test freezes the chips, and takes the gas cells' thermometer away. */
const MORE_MS = 6720000;

/** Counts each chip's samples and how late the latest of them was. */
class Tally implements SampleSink {
  readonly samples: number[] = [];
  readonly latestMs: number[] = [];
  readonly periodMs: number[] = [];
  readonly phaseMs: number[] = [];

  addSample(channel: number, _value: number, timeS: number): void {
    this.samples[channel]++;
    const lateMs = (Math.round(timeS * 1000) - this.phaseMs[channel]) % this.periodMs[channel];
    if (lateMs > this.latestMs[channel]) this.latestMs[channel] = lateMs;
  }

  sensorChanged(sampler: Sampler, fault: boolean, timeS: number): void {
    const event = fault ? "sensor-fault" : "sensor-ok";
    console.log(
      "event " + event + " " + sampler.chip.chipName + " " + sampler.reason + " " + timeS,
    );
  }
}

const bus = openBus();
const thermometer = new Sht4x({ client: bus });
const chips: SensorChip[] = [
  new Sen5x({ client: bus }),
  new Veml7700({ client: bus }),
  new Ina226({ client: bus }),
  new Sen0232({ client: bus }),
  new AlphasenseNo2O3({
    client: bus,
    thermometer: thermometer,
    settleMs: 60000,
    no2: { workingZeroMv: 225, auxiliaryZeroMv: 238, mvPerPpb: 0.27, no2MvPerPpb: 0 },
    ox: { workingZeroMv: 231, auxiliaryZeroMv: 229, mvPerPpb: 0.34, no2MvPerPpb: 0.3 },
  }),
  new Scd41({ client: bus }),
  thermometer,
  new Bme280({ client: bus }),
  new Pmsa003i({ client: bus }),
  new Bh1750({ client: bus }),
  new Ina226({ client: bus, address: 0x41 }),
  new DbmMeter({ client: bus, address: 0x4a }),
];

const tally = new Tally();
const first: number[] = [];
for (const chip of chips) {
  const part = partIndex(chip.chipName);
  const sampler = new Sampler(part, chip, false, tally);
  first.push(tally.samples.length);
  for (let i = 0; i < chip.values.length; i++) {
    const periodMs = chip.metrics === "LAF" ? NOISE_PERIOD_MS : PERIOD_MS;
    sampler.configure(i, tally.samples.length, periodMs);
    tally.samples.push(0);
    tally.latestMs.push(0);
    tally.periodMs.push(periodMs);
    tally.phaseMs.push(part * PHASE_MS);
  }
  sampler.run.start();
}

await sleep(RUN_MS);
for (let i = 0; i < chips.length; i++)
  console.log(
    "chip " + chips[i].chipName + " " + tally.samples[first[i]] + " " + tally.latestMs[first[i]],
  );
await sleep(MORE_MS);
console.log("DONE");
