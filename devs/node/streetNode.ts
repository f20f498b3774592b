import * as ds from "@devicescript/core";
import { ConfigDocument, channelConfig, healthPeriodS } from "../contract/config";
import { HealthMessage, StateMessage } from "../contract/messages";
import { METRIC_COUNT, metricDecimals, metricIndex, metricName } from "../contract/metrics";
import { UP_HEALTH, UP_STATE, nodeTopic } from "../contract/topics";
import { SENSOR_ERROR_CODES } from "../drivers/sensorError";
import { SensorChip } from "../drivers/sensorChip";
import { Alarms } from "../filter/alarm";
import { FilterChain } from "../filter/chain";
import { createChain } from "../filter/createChain";
import { Outcome } from "../filter/outcome";
import { MqttClient } from "../mqtt/client";
import { Message } from "../mqtt/packets";
import { SessionHooks } from "../mqtt/session";
import { SessionState } from "../mqtt/sessionStates";
import { OutboxEvent } from "../outbox/outbox";
import { PackSource } from "../report/packSource";
import { roundTo } from "../report/senml";
import { SampleSink, Sampler } from "../sampling/sampler";
import { Identity } from "./identity";

/** How long the first connection waits for the chips' first tries, to name those that answer. */
const CHIPS_WAIT_MS = 5000;
const CHIPS_POLL_MS = 100;
/**
 * What waits for the broker is handed over this often: a pack of several readings costs
 * half the bytes a reading of one that goes alone, and nobody watches a street faster.
 * Events do not wait.
 */
const RELEASE_PERIOD_MS = 5000;
const KEEP_ALIVE_S = 60;

/** What an event of the outbox is about. */
enum EventKind {
  SensorFault,
  SensorOk,
  AlarmRaised,
  AlarmCleared,
}

/** The node: samples its chips, filters, and hands what is left to the broker. */
export class StreetNode implements SampleSink, SessionHooks {
  private readonly identity: Identity;
  private readonly healthPeriodMs: number;
  /** The chain of each metric, undefined where the channel is off. */
  private readonly chains: (FilterChain | undefined)[] = [];
  private readonly samplers: Sampler[] = [];
  private readonly packs: PackSource;
  private readonly client: MqttClient;
  private births = 0;
  private samples = 0;
  private rejected = 0;
  private reported = 0;
  private sensorFaults = 0;

  constructor(identity: Identity, config: ConfigDocument) {
    this.identity = identity;
    this.healthPeriodMs = healthPeriodS(config) * 1000;
    const name = identity.city + "/" + identity.node + "/";
    const topicBase = nodeTopic(identity.city, identity.node, "");
    const self = this;
    this.packs = new PackSource(
      topicBase,
      name,
      identity.boot,
      () => ds.millis() / 1000,
      (event) => self.eventFields(event),
    );
    for (let i = 0; i < METRIC_COUNT; i++) this.chains.push(undefined);
    this.client = new MqttClient(
      {
        host: identity.host,
        port: identity.port,
        proto: identity.tls ? "tls" : "tcp",
        clientId: identity.node,
        username: identity.password ? identity.node : undefined,
        password: identity.password ? identity.password : undefined,
        keepAliveS: KEEP_ALIVE_S,
        will: this.stateMessage({
          state: "offline",
          reason: "connection-lost",
          boot: identity.boot,
        }),
        subscriptions: [],
      },
      this,
    );
    this.client.addSource(this.packs);
  }

  /**
   * Adds a chip of the board, before `run`.
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

  /** Runs for ever, each chip and the connection in fibers of their own. */
  async run(): Promise<void> {
    for (const sampler of this.samplers) sampler.run.start();
    await this.awaitChips();
    this.client.run.start();
    let healthDueMs = this.healthPeriodMs;
    while (true) {
      await ds.sleep(RELEASE_PERIOD_MS);
      if (this.packs.release()) this.client.wake();
      if (ds.millis() < healthDueMs) continue;
      healthDueMs = ds.millis() + this.healthPeriodMs;
      this.publishHealth();
    }
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
  }

  sensorChanged(sampler: Sampler, fault: boolean, timeS: number): void {
    if (fault) this.sensorFaults++;
    this.addEvent(
      new OutboxEvent(
        fault ? EventKind.SensorFault : EventKind.SensorOk,
        this.samplers.indexOf(sampler),
        SENSOR_ERROR_CODES.indexOf(sampler.state.reason),
        NaN,
        timeS,
      ),
    );
  }

  birth(): Message {
    const found: string[] = [];
    for (const sampler of this.samplers) if (sampler.found) found.push(sampler.chip.chipName);
    return this.stateMessage({
      state: "online",
      reason: this.births++ === 0 ? "boot" : "reconnected",
      boot: this.identity.boot,
      version: ds._dcfgString("@version"),
      board: ds._dcfgString("devName"),
      chips: found,
    });
  }

  message(topic: string, _payload: Buffer): void {
    console.log("ignored " + topic);
  }

  stateChanged(state: SessionState, reason: string): void {
    if (state === SessionState.Connected) console.log("broker connected");
    else if (reason) console.log("broker: " + reason);
  }

  private alarmsChanged(channel: number, chain: FilterChain): void {
    const alarms = chain.alarms;
    if (!alarms) return;
    for (let i = 0; i < alarms.alarms.length; i++) {
      if (!(alarms.changed & (1 << i))) continue;
      const kind = alarms.raised & (1 << i) ? EventKind.AlarmRaised : EventKind.AlarmCleared;
      this.addEvent(new OutboxEvent(kind, channel, i, chain.value, chain.timeS));
    }
  }

  /** Events do not wait for the next pack. */
  private addEvent(event: OutboxEvent): void {
    console.log(this.eventFields(event));
    this.packs.outbox.addEvent(event);
    this.client.wake();
  }

  private report(channel: number, value: number, timeS: number): void {
    this.reported++;
    this.packs.outbox.addReading(channel, value, timeS);
  }

  private async awaitChips(): Promise<void> {
    const untilMs = ds.millis() + CHIPS_WAIT_MS;
    while (ds.millis() < untilMs && !this.samplers.every((sampler) => sampler.tried))
      await ds.sleep(CHIPS_POLL_MS);
  }

  private stateMessage(state: StateMessage): Message {
    const { city, node } = this.identity;
    return {
      topic: nodeTopic(city, node, UP_STATE),
      payload: JSON.stringify(state),
      retain: true,
    };
  }

  /** An event as JSON members, without boot, sequence number and time. */
  private eventFields(event: OutboxEvent): string {
    if (event.kind === EventKind.AlarmRaised || event.kind === EventKind.AlarmCleared) {
      const name = event.kind === EventKind.AlarmRaised ? "alarm-raised" : "alarm-cleared";
      const chain = this.chains[event.subject] as FilterChain;
      const alarm = (chain.alarms as Alarms).alarms[event.reason];
      const value = roundTo(event.value, metricDecimals(event.subject));
      return (
        '"event":"' +
        name +
        '","channel":"' +
        metricName(event.subject) +
        '","threshold":' +
        alarm.threshold() +
        ',"severity":"' +
        (alarm.severity || "warning") +
        '","v":' +
        value
      );
    }
    const name = event.kind === EventKind.SensorFault ? "sensor-fault" : "sensor-ok";
    const chip = this.samplers[event.subject].chip.chipName;
    const reason = SENSOR_ERROR_CODES[event.reason];
    return '"event":"' + name + '","chip":"' + chip + '","reason":"' + reason + '"';
  }

  private publishHealth(): void {
    const counters = this.client.session.counters;
    const outbox = this.packs.outbox;
    const health: HealthMessage = {
      boot: this.identity.boot,
      uptimeS: Math.round(ds.millis() / 1000),
      samples: this.samples,
      rejected: this.rejected,
      reported: this.reported,
      published: counters.published,
      acknowledged: counters.acknowledged,
      dropped: outbox.dropped,
      waiting: outbox.readings() + outbox.waitingEvents(),
      reconnects: Math.max(0, counters.connections - 1),
      sensorFaults: this.sensorFaults,
      badMessages: counters.badMessages,
    };
    const text = JSON.stringify(health);
    console.log("health " + text);
    this.client.publishQos0(nodeTopic(this.identity.city, this.identity.node, UP_HEALTH), text);
  }
}
