import { readSetting, writeSetting } from "@devicescript/settings";
import { NoiseWindow } from "../acoustics/noiseWindow";
import { POLLUTANTS } from "../air/airIndexes";
import { AirQuality } from "../air/airQuality";
import { ConfigDocument, channelConfig, sectionConfig } from "../contract/config";
import {
  METRIC_COUNT,
  METRIC_ROOM,
  Statistic,
  metricDecimals,
  metricIndex,
  metricName,
} from "../contract/metrics";
import { PART_BUS, partName } from "../contract/parts";
import { failedCheck } from "../contract/selfTest";
import { I2cBus } from "../drivers/i2cBus";
import { SENSOR_ERROR_CODES } from "../drivers/sensorError";
import { wordsOf } from "../drivers/words";
import { FilterChain } from "../filter/chain";
import { createChain } from "../filter/createChain";
import { Outcome } from "../filter/outcome";
import { OutboxEvent } from "../outbox/outbox";
import { roundTo } from "../report/senml";
import { runSampler, SampleSink, Sampler } from "../sampling/sampler";
import { FaultState, LAMP_FAULTS, Lamp } from "../lighting/lamp";
import { BUS_STUCK, SensorStatus } from "../sampling/sensorState";
import { EventKind } from "./eventKinds";
import { FoundPart, findParts } from "./partsList";

/** Setting with the bits of the parts that the node has had. */
const KEY_PARTS = "parts";
/** Sampling period of the sound level: the time constant of time weighting F (IEC 61672-1). */
const NOISE_PERIOD_S = 0.125;
/**
 * Figures of a window that was heard for less of its time than this say too little about
 * it; the same share as for air data (Directive 2008/50/EC, annex VII, A). Our choice.
 */
const LEAST_COVERAGE_PCT = 75;

const LAF = metricIndex("LAF");
const LAEQ = metricIndex("LAeq");
/** LAeq, LAFmax, LAFmin, L10, L50, L90, noiseCoverage: their indexes follow each other. */
const NOISE_METRICS = 7;

const ILLUMINANCE = metricIndex("illuminance");
const LAMP_CURRENT = metricIndex("lampCurrent");
const LAMP_POWER = metricIndex("lampPower");
const LAMP_ON = metricIndex("lampOn");
const LAMP_ENERGY = metricIndex("lampEnergy");

const EAQI = metricIndex("eaqi");
const AQI = metricIndex("aqi");

/** The channel of the relative humidity. */
const HUMIDITY = metricIndex("humidity");

/** Where reports and events go. */
export interface ReportSink {
  /** A reading that is worth sending, of the metric or the statistic with that index. */
  takeReading(metric: number, value: number, timeS: number): void;
  takeEvent(event: OutboxEvent): void;
}

/** The measuring half of the node: chips, their samplers, and the filter chain of each channel. */
export class Sensing implements SampleSink {
  samples = 0;
  rejected = 0;
  reported = 0;
  sensorFaults = 0;
  /** The chain of each metric, undefined where the node has no such metric or it is off. */
  private readonly chains: (FilterChain | undefined)[] = [];
  private samplers: Sampler[] = [];
  private readonly sink: ReportSink;
  /** The sound level's figures, on a node with a meter. */
  private noise?: NoiseWindow;
  private noiseOffsetDb = 0;
  /** Next time at which the sound level itself is wanted, and how often that is. */
  private lafDueS = 0;
  private lafPeriodS = 0;
  /** The lamp, on a node that measures its power, and its last current. */
  private lamp?: Lamp;
  private lampMa = NaN;
  /** The air quality indexes, on a node that measures a pollutant, and its channels in the order of `POLLUTANTS`. */
  private air?: AirQuality;
  private readonly pollutants: Buffer = Buffer.alloc(POLLUTANTS.length);
  /** Whether the fault of the bus was told. */
  private busFault = false;

  constructor(sink: ReportSink) {
    this.sink = sink;
    for (let i = 0; i < METRIC_COUNT; i++) this.chains.push(undefined);
    for (let i = 0; i < POLLUTANTS.length; i++) this.pollutants[i] = metricIndex(POLLUTANTS[i]);
  }

  /**
   * Looks for the parts of the node, before `start`, and remembers them: one that answered
   * on an earlier boot and is silent now is kept, and becomes a fault.
   */
  async findChips(bus: I2cBus, config: ConfigDocument): Promise<void> {
    const remembered = (await readSetting<number>(KEY_PARTS, 0)) || 0;
    const found = await findParts(bus, config, remembered);
    if (found.length === 0) console.error("no sensor answers");
    let parts = 0;
    for (const one of found) {
      parts |= 1 << one.part;
      this.addPart(one, config);
    }
    if (parts !== remembered) await writeSetting(KEY_PARTS, parts);
  }

  /** Starts reading every chip, each in a fiber of its own. */
  start(): void {
    for (const sampler of this.samplers) runSampler.start(sampler);
  }

  /** Reads every chip now, and reports what its channels have. */
  async sampleNow(): Promise<void> {
    for (const sampler of this.samplers) await sampler.sampleNow();
    for (let i = 0; i < METRIC_COUNT; i++) {
      const chain = this.chains[i];
      if (chain && chain.timeS > chain.reportTimeS) this.report(i, chain.value, chain.timeS);
    }
  }

  /** Last value of a channel; NaN where it has none. */
  value(metric: number): number {
    const chain = this.chains[metric];
    return chain ? chain.value : NaN;
  }

  /** Whether the node has found any chip, or remembers one. */
  hasParts(): boolean {
    return this.samplers.length > 0;
  }

  /** Whether every chip of the node passes its checks, and it has one. */
  isWell(): boolean {
    return this.hasParts() && this.checks().join("").indexOf("=") < 0;
  }

  /** Whether any value is expected: a chip is well, and a metric of it on. */
  isSampling(): boolean {
    return this.samplers.some((sampler) => works(sampler) && sampler.isOn());
  }

  clearCounters(): void {
    this.samples = 0;
    this.rejected = 0;
    this.reported = 0;
    this.sensorFaults = 0;
    for (const sampler of this.samplers) {
      sampler.errors = 0;
      sampler.restarts = 0;
    }
  }

  /** Puts the configuration of a channel in force; an alarm that is raised is cleared first. */
  applyChannel(metric: number, config: ConfigDocument): void {
    const giver = this.giver(metric);
    let has = this.chains[metric] !== undefined || giver !== undefined;
    if (metric >= LAEQ && metric < LAEQ + NOISE_METRICS && this.noise) has = true;
    if ((metric === LAMP_ON || metric === LAMP_ENERGY) && this.lamp) has = true;
    if ((metric === EAQI || metric === AQI) && this.air) has = true;
    if (!has) return;
    this.chains[metric] = undefined;
    let periodS = this.addChannel(metric, config);
    if (metric === LAF && this.noise) {
      this.lafPeriodS = periodS;
      periodS = NOISE_PERIOD_S;
    }
    if (giver) giver.configure(giver.indexOf(metric), metric, periodS * 1000);
  }

  /** Tells that the alarms of a channel are over, before its chain is replaced. */
  clearAlarms(metric: number): void {
    const chain = this.chains[metric];
    const alarms = chain && chain.alarms;
    if (!alarms) return;
    alarms.changed = alarms.raised;
    alarms.raised = 0;
    this.alarmsChanged(metric, chain);
  }

  /** What is due although no chip gives anything; call it every few seconds. */
  tick(timeS: number): void {
    if (this.noise && this.noise.end(timeS)) this.giveNoise(this.noise);
  }

  /** Names of the chips that are not at fault. */
  chipsFound(): string[] {
    const found: string[] = [];
    for (const sampler of this.samplers) if (works(sampler)) found.push(partName(sampler.part));
    return found;
  }

  /** Failed reads and new starts by name, of the chips that had any. */
  troubles(): Record<string, number[]> {
    const troubles: Record<string, number[]> = {};
    for (const sampler of this.samplers)
      if (sampler.errors > 0 || sampler.restarts > 0)
        troubles[partName(sampler.part)] = [sampler.errors, sampler.restarts];
    return troubles;
  }

  /** Serial numbers by name, of the chips that have one. */
  serialNumbers(): Record<string, string> {
    const numbers: Record<string, string> = {};
    for (const sampler of this.samplers) {
      const { serialNumber } = sampler.chip;
      if (serialNumber !== "") numbers[partName(sampler.part)] = serialNumber;
    }
    return numbers;
  }

  /** Has every chip test itself that can: ten seconds at most each. */
  async selfTest(): Promise<void> {
    for (const sampler of this.samplers) await sampler.selfTest();
  }

  /** The checks of the chips: each that answers, with values that are plausible, passes. */
  checks(): string[] {
    const checks: string[] = [];
    for (const sampler of this.samplers) {
      let reason = works(sampler) ? "" : sampler.reason || "no-answer";
      if (!reason && sampler.testFailed()) reason = "chip-error";
      for (let i = 0; i < sampler.metrics(); i++) {
        const metric = sampler.channel(i);
        const chain = this.chains[metric];
        if (chain && !reason && chain.rejected && isNaN(chain.value))
          reason = "implausible-" + metricName(metric);
      }
      const name = partName(sampler.part);
      checks.push(reason ? failedCheck(name, reason) : name);
    }
    return checks;
  }

  private addPart(found: FoundPart, config: ConfigDocument): void {
    const chip = found.chip;
    const sampler = new Sampler(found.part, chip, found.answers, this);
    const names = wordsOf(chip.metrics);
    for (let i = 0; i < sampler.metrics(); i++) {
      const metric = metricIndex(names[i]);
      let periodS = 0;
      if (!this.giver(metric)) {
        periodS = this.addChannel(metric, config);
        if (metric === LAF && this.addNoise(periodS, config)) periodS = NOISE_PERIOD_S;
        if (metric === LAMP_POWER) this.addLamp(config);
        if (this.pollutants.indexOf(metric) >= 0) this.addAir(config);
      }
      sampler.configure(i, metric, periodS * 1000);
    }
    this.samplers.push(sampler);
  }

  /**
   * What reads a metric: of two chips that measure it the one that stands first in
   * `contract/parts.ts`, for as long as it is on, so that no channel mixes two sensors.
   */
  private giver(metric: number): Sampler | undefined {
    for (const sampler of this.samplers) if (sampler.indexOf(metric) >= 0) return sampler;
    return undefined;
  }

  /** Makes the chain of a channel, and gives its sampling period in seconds; 0 when it is off. */
  private addChannel(metric: number, config: ConfigDocument): number {
    const channel = channelConfig(config, metricName(metric));
    if (!channel.on) return 0;
    if (!this.chains[metric]) this.chains[metric] = createChain(channel);
    return channel.periodS;
  }

  /** Makes what works out the noise figures. False when they are off. */
  private addNoise(lafPeriodS: number, config: ConfigDocument): boolean {
    const section = sectionConfig(config, "noise");
    if (!section.on) return false;
    if (!this.noise) {
      this.noise = new NoiseWindow(section.windowS, NOISE_PERIOD_S);
      this.noiseOffsetDb = section.offsetDb;
      this.lafPeriodS = lafPeriodS;
      for (let i = 0; i < NOISE_METRICS; i++) this.addChannel(LAEQ + i, config);
    }
    return true;
  }

  /** Makes what watches the lamp, unless it is switched off. */
  private addLamp(config: ConfigDocument): void {
    const section = sectionConfig(config, "lamp");
    if (!section.on) return;
    this.lamp = new Lamp(section);
    this.addChannel(LAMP_ON, config);
    this.addChannel(LAMP_ENERGY, config);
  }

  private addAir(config: ConfigDocument): void {
    if (this.air) return;
    this.air = new AirQuality();
    this.addChannel(EAQI, config);
    this.addChannel(AQI, config);
  }

  addSample(channel: number, value: number, timeS: number): void {
    if (channel === LAF && this.noise) this.addLevel(value, timeS, this.noise);
    else this.take(channel, value, timeS);
    if (this.lamp) this.watchLamp(this.lamp, channel, value, timeS);
  }

  /** Tells the alarms the part of the day: see `FilterChain.setDayPart`. */
  setDayPart(dayPart: number): void {
    for (const chain of this.chains) if (chain) chain.setDayPart(dayPart);
  }

  sensorChanged(sampler: Sampler, fault: boolean, timeS: number): void {
    // What another chip gives goes on.
    for (let i = 0; fault && i < sampler.metrics(); i++)
      if (this.giver(sampler.channel(i)) === sampler) this.interrupt(sampler.channel(i));
    const reason = SENSOR_ERROR_CODES.indexOf(sampler.reason);
    if (fault && sampler.reason === BUS_STUCK) {
      // One event for the bus: what its chips do meanwhile says nothing about them.
      if (!this.busFault) this.tellSensor(EventKind.SensorFault, PART_BUS, reason, timeS);
      this.busFault = true;
      return;
    }
    if (this.busFault && !fault) {
      this.busFault = false;
      const stuck = SENSOR_ERROR_CODES.indexOf(BUS_STUCK);
      this.tellSensor(EventKind.SensorOk, PART_BUS, stuck, timeS);
    }
    if (fault || sampler.told())
      this.tellSensor(
        fault ? EventKind.SensorFault : EventKind.SensorOk,
        sampler.part,
        reason,
        timeS,
      );
    sampler.setTold(fault);
  }

  /** An event as JSON members, without boot, sequence number and time. */
  eventFields(event: OutboxEvent): string {
    if (event.kind === EventKind.AlarmRaised || event.kind === EventKind.AlarmCleared) {
      const name = event.kind === EventKind.AlarmRaised ? "alarm-raised" : "alarm-cleared";
      const chain = this.chains[event.subject];
      const alarms = chain && chain.alarms;
      // A configuration may have taken the alarm away while its event waited for the broker.
      const known = alarms && event.reason < alarms.count();
      const value = roundTo(event.value, metricDecimals(event.subject));
      return (
        '"event":"' +
        name +
        '","channel":"' +
        metricName(event.subject) +
        (known
          ? '","threshold":' +
            alarms.threshold(event.reason) +
            ',"severity":"' +
            alarms.severity(event.reason)
          : "") +
        '","v":' +
        value
      );
    }
    if (event.kind === EventKind.LampFault || event.kind === EventKind.LampOk) {
      const name = event.kind === EventKind.LampFault ? "lamp-fault" : "lamp-ok";
      const watts = roundTo(event.value, metricDecimals(LAMP_POWER));
      const fault = LAMP_FAULTS[event.subject];
      return '"event":"' + name + '","reason":"' + fault + '","v":' + watts;
    }
    const name = event.kind === EventKind.SensorFault ? "sensor-fault" : "sensor-ok";
    const chip = partName(event.subject);
    const reason = SENSOR_ERROR_CODES[event.reason];
    return '"event":"' + name + '","chip":"' + chip + '","reason":"' + reason + '"';
  }

  /** The sensor of a channel failed: what is known is reported, and its next value at once. */
  private interrupt(channel: number): void {
    const chain = this.chains[channel];
    if (!chain) return;
    if (chain.interrupt() & Outcome.Report)
      this.report(channel, chain.reportValue, chain.reportTimeS);
    if (channel === HUMIDITY) this.tellHumidity(NaN);
  }

  /** Particles take up water: the chains that correct for it need to know how damp it is. */
  private tellHumidity(humidityPct: number): void {
    for (const chain of this.chains) if (chain) chain.setHumidity(humidityPct);
  }

  /** The figures of the window that is over, as readings of its end. */
  private reportFigures(channel: number, chain: FilterChain): void {
    const figures = chain.statistics;
    if (!figures) return;
    const timeS = figures.startS + figures.windowS;
    this.report(channel + Statistic.Mean * METRIC_ROOM, figures.mean, timeS);
    this.report(channel + Statistic.Min * METRIC_ROOM, figures.smallest, timeS);
    this.report(channel + Statistic.Max * METRIC_ROOM, figures.greatest, timeS);
    this.report(channel + Statistic.Stdev * METRIC_ROOM, figures.deviation, timeS);
    this.report(channel + Statistic.Count * METRIC_ROOM, figures.count, timeS);
  }

  /** A sample on its way through the filter chain of its channel. */
  private take(channel: number, value: number, timeS: number): void {
    const chain = this.chains[channel];
    if (!chain) return;
    this.samples++;
    const outcome = chain.accept(value, timeS);
    if (outcome & Outcome.Rejected) this.rejected++;
    if (outcome & Outcome.EarlierReport)
      this.report(channel, chain.earlierValue as number, chain.earlierTimeS as number);
    if (outcome & Outcome.Report) this.report(channel, chain.reportValue, chain.reportTimeS);
    if (outcome & Outcome.Alarm) this.alarmsChanged(channel, chain);
    if (outcome & Outcome.Statistics) this.reportFigures(channel, chain);
    if (!(outcome & Outcome.Accepted)) return;
    if (channel === HUMIDITY) this.tellHumidity(chain.value);
    if (this.air) this.takePollutant(this.air, channel, chain.value, timeS);
  }

  private takePollutant(air: AirQuality, channel: number, value: number, timeS: number): void {
    const pollutant = this.pollutants.indexOf(channel);
    if (pollutant < 0 || !air.add(pollutant, value, timeS)) return;
    if (!isNaN(air.europeanLevel)) this.take(EAQI, air.europeanLevel, timeS);
    if (!isNaN(air.americanIndex)) this.take(AQI, air.americanIndex, timeS);
  }

  /** A raw sample for the lamp; its power comes last of what its chip gives. */
  private watchLamp(lamp: Lamp, channel: number, value: number, timeS: number): void {
    if (channel === ILLUMINANCE) lamp.light(value, timeS);
    if (channel === LAMP_CURRENT) this.lampMa = value;
    if (channel !== LAMP_POWER) return;
    const changed = lamp.power(this.lampMa, value, timeS);
    this.take(LAMP_ON, lamp.on ? 1 : 0, timeS);
    this.take(LAMP_ENERGY, lamp.energyWh, timeS);
    for (let fault = 0; fault < LAMP_FAULTS.length; fault++) {
      if (!(changed & (1 << fault))) continue;
      const raised = lamp.states[fault] === FaultState.Raised;
      const kind = raised ? EventKind.LampFault : EventKind.LampOk;
      this.sink.takeEvent(new OutboxEvent(kind, fault, 0, value, timeS));
    }
  }

  /** A sample of the sound level, eight times a second. */
  private addLevel(value: number, timeS: number, noise: NoiseWindow): void {
    const levelDb = value + this.noiseOffsetDb;
    if (noise.add(levelDb, timeS)) this.giveNoise(noise);
    if (this.lafPeriodS === 0 || timeS < this.lafDueS) return;
    this.lafDueS = (Math.floor(timeS / this.lafPeriodS) + 1) * this.lafPeriodS;
    this.take(LAF, levelDb, timeS);
  }

  private giveNoise(noise: NoiseWindow): void {
    const timeS = noise.endedS;
    if (noise.coveragePct >= LEAST_COVERAGE_PCT) {
      this.take(LAEQ, noise.laeqDb, timeS);
      this.take(LAEQ + 1, noise.lafMaxDb, timeS);
      this.take(LAEQ + 2, noise.lafMinDb, timeS);
      this.take(LAEQ + 3, noise.l10Db, timeS);
      this.take(LAEQ + 4, noise.l50Db, timeS);
      this.take(LAEQ + 5, noise.l90Db, timeS);
    }
    this.take(LAEQ + 6, noise.coveragePct, timeS);
  }

  private tellSensor(kind: EventKind, part: number, reason: number, timeS: number): void {
    if (kind === EventKind.SensorFault) this.sensorFaults++;
    this.sink.takeEvent(new OutboxEvent(kind, part, reason, NaN, timeS));
  }

  private report(channel: number, value: number, timeS: number): void {
    this.reported++;
    this.sink.takeReading(channel, value, timeS);
  }

  private alarmsChanged(channel: number, chain: FilterChain): void {
    const alarms = chain.alarms;
    if (!alarms) return;
    for (let i = 0; i < alarms.count(); i++) {
      if (!(alarms.changed & (1 << i))) continue;
      const kind = alarms.raised & (1 << i) ? EventKind.AlarmRaised : EventKind.AlarmCleared;
      this.sink.takeEvent(new OutboxEvent(kind, channel, i, chain.value, chain.timeS));
    }
  }
}

/** Whether a chip has answered, and is not at fault. */
function works(sampler: Sampler): boolean {
  return sampler.answered() && sampler.status !== SensorStatus.Failed;
}
