import * as ds from "@devicescript/core";
import { ConfigDocument, sectionConfig } from "../contract/config";
import { HealthMessage, StateMessage } from "../contract/messages";
import { metricName } from "../contract/metrics";
import { selfTestReport } from "../contract/selfTest";
import { UP_HEALTH, UP_STATE, nodeTopic } from "../contract/topics";
import { dayPartAt } from "../filter/dayPart";
import { Message } from "../mqtt/packets";
import { SessionHooks } from "../mqtt/session";
import { SessionState } from "../mqtt/sessionStates";
import { OutboxEvent } from "../outbox/outbox";
import { Delivery } from "./delivery";
import { Identity, storeBoot } from "./identity";
import { ReportSink, Sensing } from "./sensing";

/** What is due although no chip gives anything, and the part of the day, are looked after this often. */
const TICK_MS = 5000;

/** A node that has just started is looked at: its first health message comes soon. */
const FIRST_HEALTH_MS = 60000;

/** The node: samples its chips, filters, and hands what is left to the broker. */
export class StreetNode implements ReportSink, SessionHooks {
  readonly sensing: Sensing;
  private readonly identity: Identity;
  private readonly healthPeriodMs: number;
  private readonly delivery: Delivery;
  private readonly utcOffsetMin: number;
  /** Why the next birth message is sent. */
  private birthReason = "boot";
  /** The node is leaving or left its broker: nothing is taken into the outbox, where it would be lost. */
  private away = false;
  private dayPart = 0;

  constructor(identity: Identity, config: ConfigDocument) {
    this.identity = identity;
    this.healthPeriodMs = sectionConfig(config, "health").periodS * 1000;
    this.utcOffsetMin = sectionConfig(config, "time").utcOffsetMin;
    this.sensing = new Sensing(this);
    // In DeviceScript a method taken from its object stays bound to it.
    const { eventFields } = this.sensing;
    const offline = this.offline("connection-lost");
    this.delivery = new Delivery(identity, config, offline, this, eventFields);
  }

  /** Runs for ever, each chip and the connection in fibers of their own. */
  async run(): Promise<void> {
    this.sensing.start();
    console.log(selfTestReport(this.identity.node, this.sensing.checks()));
    await storeBoot(this.identity);
    this.delivery.run.start();
    let healthDueMs = ds.millis() + Math.min(this.healthPeriodMs, FIRST_HEALTH_MS);
    while (true) {
      await ds.sleep(Math.max(0, Math.min(TICK_MS, healthDueMs - ds.millis())));
      this.sensing.tick(ds.millis() / 1000);
      this.tellDayPart();
      if (ds.millis() < healthDueMs) continue;
      healthDueMs += this.healthPeriodMs;
      this.publishHealth();
    }
  }

  /**
   * Restarts the program for a reason that `up/state` names: says offline, hands over what
   * the broker takes, and writes the rest into the journal.
   */
  async restart(reason: string): Promise<void> {
    await this.leave(reason);
    ds.restart();
  }

  /**
   * Leaves the only socket to the runtime for so many minutes, which asks the update gateway
   * for a program meanwhile; a new program ends this one. Where none came, the node returns.
   */
  async update(minutes: number): Promise<void> {
    await this.leave("updating");
    await ds.sleep(minutes * 60000);
    this.away = false;
    this.birthReason = "not-updated";
    this.delivery.resume();
  }

  private async leave(reason: string): Promise<void> {
    this.away = true;
    await this.delivery.stop(this.offline(reason));
  }

  addReading(metric: number, value: number, timeS: number): void {
    if (this.away) return;
    if (this.identity.trace)
      console.log("reading " + metricName(metric) + " " + value + " " + timeS);
    this.delivery.outbox.addReading(metric, value, timeS);
  }

  addEvent(event: OutboxEvent): void {
    if (this.away) return;
    console.log(this.sensing.eventFields(event));
    this.delivery.addEvent(event);
  }

  birth(): Message {
    const { city, node, boot, program } = this.identity;
    const reason = this.birthReason;
    this.birthReason = "reconnected";
    const state: StateMessage = {
      state: "online",
      reason: reason,
      boot: boot,
      version: ds._dcfgString("@version"),
      program: program,
      board: ds._dcfgString("devName"),
      chips: this.sensing.chipsFound(),
      checks: this.sensing.checks(),
    };
    return {
      topic: nodeTopic(city, node, UP_STATE),
      payload: JSON.stringify(state),
      retain: true,
    };
  }

  message(topic: string, payload: Buffer, retained: boolean): void {
    if (this.delivery.heard(topic, payload, retained)) return;
    console.log("ignored " + topic);
  }

  stateChanged(state: SessionState, reason: string): void {
    if (state === SessionState.Connected) console.log("broker connected");
    else if (reason) console.log("broker: " + reason);
  }

  /** Tells the alarms when another part of the day begins, as far as the time is known. */
  private tellDayPart(): void {
    const utcS = ds.millis() / 1000 + this.delivery.utcOffsetS();
    const dayPart = dayPartAt(utcS, this.utcOffsetMin);
    if (dayPart === this.dayPart) return;
    this.dayPart = dayPart;
    this.sensing.setDayPart(dayPart);
  }

  private offline(reason: string): string {
    const state: StateMessage = { state: "offline", reason: reason, boot: this.identity.boot };
    return JSON.stringify(state);
  }

  private publishHealth(): void {
    const { sensing, delivery, identity } = this;
    const counters = delivery.client.session.counters;
    const outbox = delivery.outbox;
    const health: HealthMessage = {
      boot: identity.boot,
      uptimeS: Math.round(ds.millis() / 1000),
      samples: sensing.samples,
      rejected: sensing.rejected,
      reported: sensing.reported,
      published: counters.published,
      acknowledged: counters.acknowledged,
      dropped: outbox.dropped,
      thinned: outbox.thinned,
      refused: outbox.refused,
      waiting: delivery.waiting(),
      kept: delivery.journal.waiting(),
      beaconsRefused: delivery.clock.refused,
      reconnects: Math.max(0, counters.connections - 1),
      sensorFaults: sensing.sensorFaults,
      sensors: sensing.troubles(),
      badMessages: counters.badMessages,
    };
    const text = JSON.stringify(health);
    console.log("health " + text);
    delivery.client.publishQos0(nodeTopic(identity.city, identity.node, UP_HEALTH), text);
  }
}
