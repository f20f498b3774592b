import * as ds from "@devicescript/core";
import { ConfigStore } from "../config/configStore";
import { CHANNELS, documentOf, partName, partSection } from "../config/parts";
import {
  Command,
  IDENTIFY_DEFAULT_S,
  LOG_DEFAULT_MIN,
  UPDATE_DEFAULT_MIN,
} from "../contract/command";
import { ConfigDocument, channelConfig, sectionConfig } from "../contract/config";
import { parseFlat } from "../contract/flatJson";
import { jsonText } from "../contract/jsonText";
import { HealthMessage, PlaceMessage, StateMessage } from "../contract/messages";
import { isJsonObject } from "../contract/overlay";
import { metricIndex, metricName } from "../contract/metrics";
import { failedCheck, selfTestReport, skippedCheck } from "../contract/selfTest";
import { UP_HEALTH, UP_LOG, UP_STATE, nodeTopic } from "../contract/topics";
import { dayPartAt } from "../filter/dayPart";
import { Payload, WholeMessage } from "../mqtt/packets";
import { PiecedBytes } from "../mqtt/piecedBytes";
import { SessionHooks } from "../mqtt/session";
import { SessionState } from "../mqtt/sessionStates";
import { OutboxEvent } from "../outbox/outbox";
import { roundTo } from "../report/senml";
import { LightCode } from "../status/statusLight";
import { standsStill } from "../status/watchdog";
import { Delivery } from "./delivery";
import { Identity, storeBoot, storePole } from "./identity";
import {
  forgetTroubles,
  isSafeMode,
  planRestart,
  ranMs,
  startReason,
  watchdogRestarts,
} from "./life";
import { identifyByLight, lightTurn, showLight } from "./light";
import { log, logCount, logSince } from "./logTail";
import { Operated, Operations } from "./operations";
import { ReportSink, Sensing } from "./sensing";
import { NO_WIFI_DBM, wifiDbm } from "./wifi";

/** What is due although no chip gives anything, and the part of the day, are looked after this often. */
const TICK_MS = 5000;
/** Pause before a part that threw goes on. */
const AGAIN_MS = 1000;
/** A node that has just started is looked at: its first health message comes soon. */
const FIRST_HEALTH_MS = 60000;
/** A node in safe mode tries its whole program again after this time. */
const SAFE_MODE_MS = 3600000;
/** Events have so long to leave before the chain that raised them is replaced. */
const EVENTS_LEAVE_MS = 5000;
const EVENTS_POLL_MS = 200;
/** An answer has so long to leave before a restart. */
const GOODBYE_MS = 2000;
/** Decimals of a calibration that a command works out. */
const CALIBRATION_DECIMALS = 5;
/** A span is no use where the channel reads less than this share of the reference. */
const SPAN_SHARE_MIN = 0.05;
/** Below this a node has no margin for rain or a parked lorry: ESP32 datasheets give -97 dBm for the slowest rate. */
const WEAK_WIFI_DBM = -85;
/** A node on which no chip answered starts anew after this time, to look again: the bus may have been held low. */
const SEARCH_AGAIN_MS = 600000;
/** Longest name of a pole, in characters: in UTF-8 it has room in one setting. */
const POLE_MAX_LENGTH = 40;
/** What the node does besides sampling and delivery, each in a fiber of its own. */
const PARTS_OF_NODE = ["operations", "light", "node"];

/** The node: samples its chips, filters, hands what is left to the broker, and does what it is told. */
export class StreetNode implements ReportSink, SessionHooks, Operated {
  readonly sensing: Sensing;
  private readonly identity: Identity;
  private readonly delivery: Delivery;
  private readonly operations: Operations;
  /** What the watchdog knows of sampling, and of the client. */
  private readonly sampling: number[] = [];
  private readonly client: number[] = [];
  private healthPeriodMs: number;
  private utcOffsetMin: number;
  private healthDueMs = 0;
  /** Why the next birth message is sent. */
  private birthReason = "boot";
  /** The node is leaving or left its broker: nothing is taken into the outbox, where it would be lost. */
  private away = false;
  private dayPart = 0;
  /** Strength of the Wi-Fi signal; undefined where the runtime does not tell it. */
  private wifiDbm: number | undefined;
  private restarting = false;
  /** Errors that were caught at the edge of a part. */
  private exceptions = 0;
  /** The check of the flash, as it came out last. */
  private flash?: string;
  /** Whether the self-test of the start was told. */
  private selfTestTold?: boolean;
  private logUntilMs = 0;
  private logSeen = 0;

  constructor(identity: Identity, store: ConfigStore, config: ConfigDocument) {
    this.identity = identity;
    this.healthPeriodMs = sectionConfig(config, "health").periodS * 1000;
    this.utcOffsetMin = sectionConfig(config, "time").utcOffsetMin;
    this.sensing = new Sensing(this);
    // In DeviceScript a method taken from its object stays bound to it.
    const { eventFields } = this.sensing;
    const offline = this.offline("connection-lost");
    this.delivery = new Delivery(identity, config, offline, this, eventFields);
    this.operations = new Operations(store, this);
  }

  /** Starts what runs for ever: each chip, the connection, and the parts of the node, in fibers of their own. */
  async run(): Promise<void> {
    this.sensing.start();
    console.log(selfTestReport(this.identity.node, this.sensing.checks()));
    await this.tryFlash();
    await this.operations.open();
    this.delivery.run.start();
    this.healthDueMs = ds.millis() + Math.min(this.healthPeriodMs, FIRST_HEALTH_MS);
    for (const part of PARTS_OF_NODE) this.keepDoing.start(part);
  }

  /**
   * Restarts the program for a reason that `up/state` names: says offline, hands over what
   * the broker takes, and writes the rest into the journal.
   */
  async restart(reason: string): Promise<void> {
    await planRestart(reason);
    await this.operations.keepAnswered();
    await this.leave(reason);
    ds.restart();
  }

  restartFor(reason: string): void {
    if (!this.restarting) this.restartSoon.start(reason);
    this.restarting = true;
  }

  /**
   * Leaves the only socket to the runtime for so many minutes, which asks the update gateway
   * for a program meanwhile; a new program ends this one. Where none came, the node returns.
   */
  async update(minutes: number): Promise<void> {
    await planRestart("update");
    await this.leave("updating");
    await ds.sleep(minutes * 60000);
    await planRestart("");
    this.away = false;
    this.birthReason = "not-updated";
    this.delivery.resume();
  }

  private async leave(reason: string): Promise<void> {
    this.away = true;
    await this.delivery.stop(this.offline(reason));
  }

  takeReading(metric: number, value: number, timeS: number): void {
    if (this.away) return;
    if (this.identity.trace)
      console.log("reading " + metricName(metric) + " " + value + " " + timeS);
    this.delivery.outbox.addReading(metric, value, timeS);
  }

  takeEvent(event: OutboxEvent): void {
    if (this.away) return;
    log(this.sensing.eventFields(event));
    this.delivery.addEvent(event);
  }

  birth(): WholeMessage {
    const { city, node, boot, program, pole } = this.identity;
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
      serials: this.sensing.serialNumbers(),
      checks: this.sensing.checks(),
      start: startReason(),
      safeMode: isSafeMode(),
    };
    let text = JSON.stringify(state);
    if (pole) text = text.slice(0, -1) + ',"pole":' + jsonText(pole) + "}";
    return { topic: nodeTopic(city, node, UP_STATE), payload: Buffer.from(text), retain: true };
  }

  message(topic: string, payload: PiecedBytes, retained: boolean): void {
    if (!this.delivery.heard(topic, payload, retained))
      this.operations.take(topic, payload, retained);
  }

  stateChanged(state: SessionState, reason: string): void {
    if (state === SessionState.Connected) {
      log("broker connected");
      this.operations.wake();
    } else if (reason) log("broker: " + reason);
  }

  connected(): boolean {
    return this.delivery.client.connected();
  }

  publish(leaf: string, payload: Payload, retain: boolean): boolean {
    const { city, node } = this.identity;
    return this.delivery.client.publish(nodeTopic(city, node, leaf), payload, retain);
  }

  async applyPart(id: number): Promise<boolean> {
    const name = partName(id);
    const document = documentOf(id, (await this.operations.store.part(id)) || {});
    if (partSection(id) === CHANNELS) {
      this.sensing.clearAlarms(id);
      // The events of the old chain are written with its thresholds.
      const untilMs = ds.millis() + EVENTS_LEAVE_MS;
      const { outbox } = this.delivery;
      while (outbox.waitingEvents() > 0 && this.connected() && ds.millis() < untilMs)
        await ds.sleep(EVENTS_POLL_MS);
      this.sensing.applyChannel(id, document);
    } else if (name === "health") {
      this.healthPeriodMs = sectionConfig(document, "health").periodS * 1000;
      this.healthDueMs = ds.millis() + this.healthPeriodMs;
    } else if (name === "release")
      this.delivery.releasePeriodS = sectionConfig(document, "release").periodS;
    else if (name === "time") this.utcOffsetMin = sectionConfig(document, "time").utcOffsetMin;
    else return false;
    return true;
  }

  async hang(message: Buffer): Promise<void> {
    const { identity } = this;
    const place = parseFlat(message);
    const pole: unknown = isJsonObject(place) ? (place as PlaceMessage).pole : undefined;
    if (message.length > 0 && !(typeof pole === "string" && pole.length <= POLE_MAX_LENGTH)) {
      this.operations.badMessages++;
      return;
    }
    if (pole === identity.pole) return;
    identity.pole = pole as string | undefined;
    this.birthReason = "placed";
    this.publish(UP_STATE, this.birth().payload, true);
    await storePole(identity);
  }

  async carryOut(command: Command): Promise<string> {
    const { name, fields } = command;
    log("command " + name);
    switch (name) {
      case "identify":
        identifyByLight((fields["seconds"] as number) ?? IDENTIFY_DEFAULT_S);
        break;
      case "sample":
        await this.sensing.sampleNow();
        this.delivery.flush();
        break;
      case "flush":
        this.delivery.flush();
        break;
      case "self-test":
        await this.sensing.selfTest();
        await this.tryFlash();
        this.operations.more = ',"checks":' + JSON.stringify(await this.checks());
        break;
      case "restart":
        this.restartFor("command");
        break;
      case "update":
        if (fields["program"] === this.identity.program) return "runs that program already";
        if (!this.away) this.update.start((fields["minutes"] as number) ?? UPDATE_DEFAULT_MIN);
        break;
      case "clear-counters":
        this.exceptions = 0;
        this.operations.exceptions = 0;
        this.operations.badMessages = 0;
        this.sensing.clearCounters();
        this.delivery.clearCounters();
        break;
      case "log":
        this.logUntilMs = ds.millis() + ((fields["minutes"] as number) ?? LOG_DEFAULT_MIN) * 60000;
        this.logSeen = 0;
        this.tellLog();
        break;
      default:
        return await this.calibrate(command);
    }
    return "";
  }

  /** Does something again and again for ever; what it throws is counted. */
  private async keepDoing(part: string): Promise<void> {
    while (true)
      try {
        if (part === "operations") await this.operations.turn();
        else if (part === "light") await lightTurn();
        else await this.tick();
      } catch (e) {
        this.exceptions++;
        log(part + ": " + (e as Error).message);
        await ds.sleep(AGAIN_MS);
      }
  }

  /** Looks after what is due, and after the node itself; then waits for the next time. */
  private async tick(): Promise<void> {
    await ds.sleep(Math.max(0, Math.min(TICK_MS, this.healthDueMs - ds.millis())));
    const nowMs = ds.millis();
    this.sensing.tick(nowMs / 1000);
    this.tellDayPart();
    this.wifiDbm = await wifiDbm();
    showLight(this.lightCode());
    this.tellLog();
    if (nowMs >= this.healthDueMs) {
      this.healthDueMs += this.healthPeriodMs;
      await this.publishHealth();
    }
    // A restart that is under way has put its own into flash.
    if (!this.restarting) await forgetTroubles();
    const restarts = watchdogRestarts();
    // A broker that is away is no reason to restart; a client that does not even try is one.
    if (
      standsStill(
        this.sampling,
        this.sensing.samples,
        this.sensing.isSampling(),
        restarts,
        nowMs,
      ) ||
      standsStill(this.client, this.delivery.client.turns, true, restarts, nowMs)
    )
      this.restartFor("watchdog");
    if (isSafeMode()) {
      if (ranMs() >= SAFE_MODE_MS) this.restartFor("safe-mode-over");
    } else if (!this.sensing.hasParts() && ranMs() >= SEARCH_AGAIN_MS)
      this.restartFor("no-sensors");
  }

  private async restartSoon(reason: string): Promise<void> {
    await ds.sleep(GOODBYE_MS);
    await this.restart(reason);
  }

  private tellLog(): void {
    if (ds.millis() >= this.logUntilMs || logCount() === this.logSeen || !this.connected()) return;
    if (this.publish(UP_LOG, JSON.stringify(logSince(this.logSeen)), false))
      this.logSeen = logCount();
  }

  private lightCode(): LightCode {
    if (this.connected()) return this.sensing.isWell() ? LightCode.Well : LightCode.SelfTestFailed;
    const { lastProblem } = this.delivery.client.session;
    if (this.wifiDbm === NO_WIFI_DBM) return LightCode.NoWifi;
    return lastProblem.indexOf("refused: ") === 0 ? LightCode.WrongPassword : LightCode.NoBroker;
  }

  /** Writes the number of the boot into flash, which is its test. */
  private async tryFlash(): Promise<void> {
    this.flash = "flash";
    try {
      await storeBoot(this.identity);
    } catch {
      this.flash = failedCheck("flash", "not-stored");
    }
  }

  /** The checks of the self-test: its chips, and the node itself. */
  private async checks(): Promise<string[]> {
    const checks = this.sensing.checks();
    let settings = "settings";
    const { store } = this.operations;
    for (const id of store.parts())
      if (!(await store.part(id))) settings = failedCheck("settings", partName(id));
    const dbm = this.wifiDbm;
    let wifi = "wifi";
    if (dbm === undefined) wifi = skippedCheck(wifi, "not-told");
    else if (dbm === NO_WIFI_DBM) wifi = failedCheck(wifi, "no-network");
    else if (dbm < WEAK_WIFI_DBM) wifi = failedCheck(wifi, "weak-signal");
    checks.push(
      this.flash as string,
      settings,
      skippedCheck("heap", "not-told"),
      wifi,
      this.connected() ? "broker" : failedCheck("broker", "not-connected"),
      isNaN(this.delivery.utcOffsetS()) ? failedCheck("clock", "not-set") : "clock",
    );
    return checks;
  }

  /** Moves the offset, or changes the gain, of a channel so that it reads the reference now. */
  private async calibrate(command: Command): Promise<string> {
    const { store } = this.operations;
    const { channel, zero, span } = command.fields;
    const name = channel as string;
    const metric = metricIndex(name);
    const value = this.sensing.value(metric);
    if (isNaN(value)) return "channel: " + name + " has no value now";
    const document = documentOf(metric, (await store.part(metric)) || {});
    const calibration = channelConfig(document, name).calibrate || {};
    if (calibration.points) return "channel: " + name + " is calibrated by points";
    // Not `||`: to the runtime every number that is no small integer is false.
    const offset = calibration.offset ?? 0;
    const gain = calibration.gain ?? 1;
    let wish = '"offset":' + roundTo(offset + (zero as number) - value, CALIBRATION_DECIMALS);
    if (span !== undefined) {
      const reference = span as number;
      const reads = value - offset;
      if (Math.abs(reads) <= Math.abs(reference) * SPAN_SHARE_MIN)
        return "span: " + name + " reads " + value + ", too little for a gain";
      wish = '"gain":' + roundTo((gain * (reference - offset)) / reads, CALIBRATION_DECIMALS);
    }
    const part = Buffer.from('{"channels":{"' + name + '":{"calibrate":{' + wish + "}}}}");
    return await this.operations.applyOwn(new PiecedBytes([part], 0, part.length));
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

  private async publishHealth(): Promise<void> {
    const { sensing, delivery, identity } = this;
    const counters = delivery.client.session.counters;
    const outbox = delivery.outbox;
    const health: HealthMessage = {
      boot: identity.boot,
      uptimeS: Math.round(ds.millis() / 1000),
      start: startReason(),
      rssiDbm: this.wifiDbm,
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
      badMessages: counters.badMessages + this.operations.badMessages,
      exceptions:
        this.exceptions +
        this.operations.exceptions +
        delivery.exceptions +
        delivery.client.internalErrors,
      connectFailures: counters.connectFailures || undefined,
      timeouts: counters.timeouts || undefined,
      protocolErrors: counters.protocolErrors || undefined,
      flashErrors: delivery.journal.errors || undefined,
      damagedPacks: delivery.journal.damaged || undefined,
    };
    if (!this.selfTestTold && this.connected()) {
      this.selfTestTold = true;
      health.checks = await this.checks();
    }
    const text = JSON.stringify(health);
    console.log("health " + text);
    delivery.client.publishQos0(nodeTopic(identity.city, identity.node, UP_HEALTH), text);
  }
}
