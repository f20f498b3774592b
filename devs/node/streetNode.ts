import * as ds from "@devicescript/core";
import { HealthMessage, StateMessage } from "../contract/messages";
import { METRIC_COUNT, metricIndex, metricName } from "../contract/metrics";
import { UP_HEALTH, UP_STATE, nodeTopic } from "../contract/topics";
import { SensorChip } from "../drivers/sensorChip";
import { MqttClient } from "../mqtt/client";
import { Message } from "../mqtt/packets";
import { SessionHooks } from "../mqtt/session";
import { SessionState } from "../mqtt/sessionStates";
import { PackSource } from "../report/packSource";
import { Channel, SampleOutcome } from "../sampling/channel";
import { SampleSink, Sampler } from "../sampling/sampler";
import { Identity } from "./identity";
import { NodeConfig } from "./nodeConfig";

/** How long the first connection waits for the chips' first tries, to name those that answer. */
const CHIPS_WAIT_MS = 5000;
const CHIPS_POLL_MS = 100;
/** What waits for the broker is handed over this often: a pack holds one second's readings. */
const RELEASE_PERIOD_MS = 1000;
const KEEP_ALIVE_S = 60;

/** A chip of the board, and the time after which values that never change are a fault. */
export interface BoardChip {
  chip: SensorChip;
  /** 0 for a chip that may rightly say the same for hours: darkness, no load. */
  frozenAfterMs: number;
}

/** The node: samples its chips, filters, and hands what is left to the broker. */
export class StreetNode implements SampleSink, SessionHooks {
  private readonly identity: Identity;
  private readonly config: NodeConfig;
  private readonly channels: (Channel | undefined)[] = [];
  private readonly samplers: Sampler[] = [];
  private readonly packs: PackSource;
  private readonly client: MqttClient;
  private births = 0;
  private samples = 0;
  private rejected = 0;
  private reported = 0;
  private sensorFaults = 0;

  constructor(identity: Identity, config: NodeConfig, chips: BoardChip[]) {
    this.identity = identity;
    this.config = config;
    const name = identity.city + "/" + identity.node + "/";
    const topicBase = nodeTopic(identity.city, identity.node, "");
    this.packs = new PackSource(topicBase, name, identity.boot, () => ds.millis() / 1000);
    for (let i = 0; i < METRIC_COUNT; i++) {
      const rule = config.channel(metricName(i));
      this.channels.push(rule ? new Channel(rule) : undefined);
    }
    for (const entry of chips) this.addSampler(entry.chip, entry.frozenAfterMs);
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

  /** Runs for ever, each chip and the connection in fibers of their own. */
  async run(): Promise<void> {
    for (const sampler of this.samplers) sampler.run.start();
    await this.awaitChips();
    this.client.run.start();
    let healthDueMs = this.config.healthPeriodS * 1000;
    while (true) {
      await ds.sleep(RELEASE_PERIOD_MS);
      if (this.packs.release()) this.client.wake();
      if (ds.millis() < healthDueMs) continue;
      healthDueMs = ds.millis() + this.config.healthPeriodS * 1000;
      this.publishHealth();
    }
  }

  addSample(channel: number, value: number, timeS: number): void {
    const filter = this.channels[channel];
    if (!filter) return;
    this.samples++;
    const outcome = filter.accept(value, timeS);
    if (outcome === SampleOutcome.Rejected) this.rejected++;
    if (outcome !== SampleOutcome.Report) return;
    this.reported++;
    this.packs.addReading(channel, value, timeS);
  }

  sensorChanged(chip: string, fault: boolean, reason: string, timeS: number): void {
    if (fault) this.sensorFaults++;
    const event = fault ? "sensor-fault" : "sensor-ok";
    console.log(event + " " + chip + " " + reason);
    this.packs.addEvent(
      '"event":"' + event + '","chip":"' + chip + '","reason":"' + reason + '"',
      timeS,
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

  private addSampler(chip: SensorChip, frozenAfterMs: number): void {
    const channels: number[] = [];
    const periodMs: number[] = [];
    for (const name of chip.metrics) {
      const rule = this.config.channel(name);
      channels.push(rule ? metricIndex(name) : -1);
      periodMs.push(rule ? rule.periodS * 1000 : 0);
    }
    this.samplers.push(new Sampler(chip, channels, periodMs, frozenAfterMs, this));
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

  private publishHealth(): void {
    const counters = this.client.session.counters;
    const health: HealthMessage = {
      boot: this.identity.boot,
      uptimeS: Math.round(ds.millis() / 1000),
      samples: this.samples,
      rejected: this.rejected,
      reported: this.reported,
      published: counters.published,
      acknowledged: counters.acknowledged,
      dropped: this.packs.dropped,
      waiting: this.packs.waiting(),
      reconnects: Math.max(0, counters.connections - 1),
      sensorFaults: this.sensorFaults,
      badMessages: counters.badMessages,
    };
    const text = JSON.stringify(health);
    console.log("health " + text);
    this.client.publishQos0(nodeTopic(this.identity.city, this.identity.node, UP_HEALTH), text);
  }
}
