import * as ds from "@devicescript/core";
import { ConfigDocument, channelConfig } from "../contract/config";
import {
  METRIC_COUNT,
  Statistic,
  metricDecimals,
  metricIndex,
  metricName,
} from "../contract/metrics";
import { failedCheck, selfTestReport } from "../contract/selfTest";
import { SENSOR_ERROR_CODES } from "../drivers/sensorError";
import { SensorChip } from "../drivers/sensorChip";
import { Alarms } from "../filter/alarm";
import { FilterChain } from "../filter/chain";
import { createChain } from "../filter/createChain";
import { Outcome } from "../filter/outcome";
import { OutboxEvent } from "../outbox/outbox";
import { roundTo } from "../report/senml";
import { SampleSink, Sampler } from "../sampling/sampler";
import { EventKind } from "./eventKinds";

/** How long the first connection waits for the chips' first tries, to name those that answer. */
const CHIPS_WAIT_MS = 5000;
const CHIPS_POLL_MS = 100;

/** The channel of the relative humidity. */
const HUMIDITY = metricIndex("humidity");

/** Where reports and events go. */
export interface ReportSink {
  /** A reading that is worth sending, of the metric or the statistic with that index. */
  addReading(metric: number, value: number, timeS: number): void;
  addEvent(event: OutboxEvent): void;
}

/** The measuring half of the node: chips, their samplers, and the filter chain of each channel. */
export class Sensing implements SampleSink {
  samples = 0;
  rejected = 0;
  reported = 0;
  sensorFaults = 0;
  /** The chain of each metric, undefined where the channel is off. */
  private readonly chains: (FilterChain | undefined)[] = [];
  private readonly samplers: Sampler[] = [];
  private readonly sink: ReportSink;

  constructor(sink: ReportSink) {
    this.sink = sink;
    for (let i = 0; i < METRIC_COUNT; i++) this.chains.push(undefined);
  }

  /**
   * Adds a chip of the board, before `start`.
   *
   * @param frozenAfterMs time after which values that never change are a fault; 0 for a
   *   chip that may rightly say the same for hours: darkness, no load.
   */
  addChip(chip: SensorChip, frozenAfterMs: number, config: ConfigDocument): void {
    const channels: number[] = [];
    const periodsMs: number[] = [];
    for (const name of chip.metrics) {
      const metric = metricIndex(name);
      const channel = channelConfig(config, name);
      if (channel.on) this.chains[metric] = createChain(channel);
      channels.push(channel.on ? metric : -1);
      periodsMs.push(channel.periodS * 1000);
    }
    this.samplers.push(new Sampler(chip, channels, periodsMs, frozenAfterMs, this));
  }

  /** Starts every chip, each in a fiber of its own, and waits a moment for their first answers. */
  async start(): Promise<void> {
    for (const sampler of this.samplers) sampler.run.start();
    const untilMs = ds.millis() + CHIPS_WAIT_MS;
    while (ds.millis() < untilMs && !this.samplers.every((sampler) => sampler.tried))
      await ds.sleep(CHIPS_POLL_MS);
  }

  /** Names of the chips that have answered since boot. */
  chipsFound(): string[] {
    const found: string[] = [];
    for (const sampler of this.samplers) if (sampler.found) found.push(sampler.chip.chipName);
    return found;
  }

  /** The self-test after `start`: each chip that answers passes. */
  selfTest(node: string): string {
    const checks: string[] = [];
    for (const sampler of this.samplers) {
      const name = sampler.chip.chipName;
      checks.push(sampler.found ? name : failedCheck(name, sampler.state.reason || "no-answer"));
    }
    return selfTestReport(node, checks);
  }

  addSample(channel: number, value: number, timeS: number): void {
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
    if (channel === HUMIDITY && outcome & Outcome.Accepted) this.tellHumidity(chain.value);
  }

  /** Tells the alarms the part of the day: see `FilterChain.setDayPart`. */
  setDayPart(dayPart: number): void {
    for (const chain of this.chains) if (chain) chain.setDayPart(dayPart);
  }

  sensorChanged(sampler: Sampler, fault: boolean, timeS: number): void {
    if (fault) {
      this.sensorFaults++;
      for (const name of sampler.chip.metrics) this.interrupt(metricIndex(name));
    }
    this.sink.addEvent(
      new OutboxEvent(
        fault ? EventKind.SensorFault : EventKind.SensorOk,
        this.samplers.indexOf(sampler),
        SENSOR_ERROR_CODES.indexOf(sampler.state.reason),
        NaN,
        timeS,
      ),
    );
  }

  /** An event as JSON members, without boot, sequence number and time. */
  eventFields(event: OutboxEvent): string {
    if (event.kind === EventKind.AlarmRaised || event.kind === EventKind.AlarmCleared) {
      const name = event.kind === EventKind.AlarmRaised ? "alarm-raised" : "alarm-cleared";
      const chain = this.chains[event.subject] as FilterChain;
      const alarms = chain.alarms as Alarms;
      const value = roundTo(event.value, metricDecimals(event.subject));
      return (
        '"event":"' +
        name +
        '","channel":"' +
        metricName(event.subject) +
        '","threshold":' +
        alarms.threshold(event.reason) +
        ',"severity":"' +
        alarms.severity(event.reason) +
        '","v":' +
        value
      );
    }
    const name = event.kind === EventKind.SensorFault ? "sensor-fault" : "sensor-ok";
    const chip = this.samplers[event.subject].chip.chipName;
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
    this.report(channel + Statistic.Mean * METRIC_COUNT, figures.mean, timeS);
    this.report(channel + Statistic.Min * METRIC_COUNT, figures.min, timeS);
    this.report(channel + Statistic.Max * METRIC_COUNT, figures.max, timeS);
    this.report(channel + Statistic.Stdev * METRIC_COUNT, figures.deviation, timeS);
    this.report(channel + Statistic.Count * METRIC_COUNT, figures.count, timeS);
  }

  private report(channel: number, value: number, timeS: number): void {
    this.reported++;
    this.sink.addReading(channel, value, timeS);
  }

  private alarmsChanged(channel: number, chain: FilterChain): void {
    const alarms = chain.alarms;
    if (!alarms) return;
    for (let i = 0; i < alarms.count(); i++) {
      if (!(alarms.changed & (1 << i))) continue;
      const kind = alarms.raised & (1 << i) ? EventKind.AlarmRaised : EventKind.AlarmCleared;
      this.sink.addEvent(new OutboxEvent(kind, channel, i, chain.value, chain.timeS));
    }
  }
}
