import * as ds from "@devicescript/core";
import { CityClock } from "../clock/cityClock";
import { ConfigDocument, sectionConfig } from "../contract/config";
import { FLAT_MAX_BYTES, parseFlat } from "../contract/flatJson";
import { TimeBeacon } from "../contract/messages";
import { isJsonObject } from "../contract/overlay";
import {
  DOWN_COMMAND,
  DOWN_CONFIG,
  DOWN_PLACE,
  UP_STATE,
  nodeTopic,
  timeTopic,
} from "../contract/topics";
import { MqttClient } from "../mqtt/client";
import { PiecedBytes } from "../mqtt/piecedBytes";
import { SessionCounters, SessionHooks } from "../mqtt/session";
import { FlashJournal } from "../outbox/flashJournal";
import type { EventWriter } from "../outbox/journaling";
import { Outbox, OutboxEvent } from "../outbox/outbox";
import { SettingsStorage } from "../outbox/settingsStorage";
import { PackSource } from "../report/packSource";
import { Identity } from "./identity";

const KEEP_ALIVE_S = 60;
/** How often it is looked what may go out, and what must go into the journal. */
const TURN_MS = 1000;
/** Before a planned restart: longest wait for the broker to take what waits, and how often it is looked. */
const DRAIN_MS = 5000;
const DRAIN_POLL_MS = 200;
/** Longest time for all of a planned restart: the broker, and thirty blocks of flash. */
const STOP_TIMEOUT_MS = 30000;
/** So long after its start a node is watched by somebody: readings wait little then, and every beacon is heard. */
const WATCHED_S = 120;
const WATCHED_PERIOD_S = 5;

/** The sending half of the node: what waits, how it is packed, and the connection it leaves by. */
export class Delivery {
  readonly client: MqttClient;
  readonly outbox: Outbox;
  readonly clock: CityClock = new CityClock();
  readonly journal: FlashJournal = new FlashJournal(new SettingsStorage());
  private readonly packs: PackSource;
  private readonly beaconTopic: string;
  /** The offline message of a planned restart, and whether all is done for it. */
  private leaving: string | undefined = undefined;
  private left: boolean = false;
  /** Longest wait of a reading for others, in seconds. */
  releasePeriodS: number;
  /** Errors of its own that were caught. */
  exceptions = 0;

  /**
   * @param offline text of the last will on `up/state`.
   * @param writeEvent writes an event as JSON members.
   */
  constructor(
    identity: Identity,
    config: ConfigDocument,
    offline: string,
    hooks: SessionHooks,
    writeEvent: EventWriter,
  ) {
    const { city, node, password } = identity;
    this.releasePeriodS = sectionConfig(config, "release").periodS;
    this.beaconTopic = timeTopic(city);
    this.packs = new PackSource(
      nodeTopic(city, node, ""),
      city + "/" + node + "/",
      identity.boot,
      this.clock,
      nowS,
      writeEvent,
      this.journal,
    );
    this.outbox = this.packs.outbox;
    this.client = new MqttClient(
      {
        host: identity.host,
        port: identity.port,
        proto: identity.tls ? "tls" : "tcp",
        clientId: node,
        username: password ? node : undefined,
        password: password ? password : undefined,
        keepAliveS: KEEP_ALIVE_S,
        will: { topic: nodeTopic(city, node, UP_STATE), payload: offline, retain: true },
        subscriptions: [DOWN_CONFIG, DOWN_COMMAND, DOWN_PLACE].map((leaf) =>
          nodeTopic(city, node, leaf),
        ),
        occasional: this.beaconTopic,
      },
      hooks,
    );
    this.client.addSource(this.packs);
  }

  /** Connects, and moves what waits to the broker or into the journal, for ever but between `stop` and `resume`. */
  async run(): Promise<void> {
    this.client.run.start();
    const { journaling } = this.packs;
    await journaling.restore();
    while (true) {
      try {
        await this.turn();
      } catch (e) {
        this.exceptions++;
        console.error("delivery: " + (e as Error).message);
      }
      await ds.sleep(TURN_MS);
    }
  }

  private async turn(): Promise<void> {
    if (this.leaving !== undefined) {
      if (!this.left) await this.leave(this.leaving);
      return;
    }
    const watched = nowS() < WATCHED_S;
    this.client.session.listen(watched || this.clock.wantsBeacon(nowS()));
    const periodS = watched ? WATCHED_PERIOD_S : this.releasePeriodS;
    this.release(Math.min(periodS, this.releasePeriodS));
    await this.packs.journaling.keep(ds.millis(), this.client.connected(), this.utcOffsetS());
  }

  private async leave(offline: string): Promise<void> {
    const { journaling } = this.packs;
    const untilMs = ds.millis() + DRAIN_MS;
    while (this.client.connected() && this.waiting() > 0 && ds.millis() < untilMs) {
      this.release(0);
      await ds.sleep(DRAIN_POLL_MS);
    }
    await this.client.stop(offline);
    await journaling.saveAll(1, this.utcOffsetS());
    await this.journal.work();
    this.left = true;
  }

  /** Lets everything that waits go out now. */
  flush(): void {
    this.release(0);
  }

  /** Starts all counters anew; the connection that stands counts as the first. */
  clearCounters(): void {
    const { session } = this.client;
    session.counters = new SessionCounters();
    if (this.client.connected()) session.counters.connections = 1;
    this.client.internalErrors = 0;
    this.exceptions = 0;
    const { outbox } = this;
    outbox.dropped = 0;
    outbox.thinned = 0;
    outbox.refused = 0;
    this.clock.refused = 0;
    this.journal.errors = 0;
    this.journal.damaged = 0;
  }

  /** Readings and events in RAM that the city does not have. */
  waiting(): number {
    return this.outbox.readings() + this.outbox.waitingEvents();
  }

  /** UTC minus the node's own time in seconds, NaN while the city's clock was not heard. */
  utcOffsetS(): number {
    return this.clock.utcOffsetS(nowS());
  }

  /** Adds an event; it does not wait for the next pack. */
  addEvent(event: OutboxEvent): void {
    this.packs.addEvent(event);
    this.client.wake();
  }

  /** Hears the time beacon; false for any other message. */
  heard(topic: string, payload: PiecedBytes, retained: boolean): boolean {
    if (topic !== this.beaconTopic) return false;
    const beacon = parseFlat(payload.beginning(FLAT_MAX_BYTES + 1));
    // What is no number is refused below.
    const utcMs: unknown = isJsonObject(beacon) ? (beacon as TimeBeacon).utcMs : undefined;
    const utcS = typeof utcMs === "number" ? utcMs / 1000 : undefined;
    this.clock.beacon(utcS, retained, nowS());
    return true;
  }

  /**
   * Before a planned restart or an update: lets the broker have what it takes in five seconds, says
   * offline, leaves, and writes the rest of the readings into the journal.
   */
  async stop(offline: string): Promise<void> {
    this.leaving = offline;
    const untilMs = ds.millis() + STOP_TIMEOUT_MS;
    while (!this.left && ds.millis() < untilMs) await ds.sleep(DRAIN_POLL_MS);
  }

  /** Connects again after `stop`. */
  resume(): void {
    this.leaving = undefined;
    this.left = false;
    this.client.start();
  }

  private release(periodS: number): void {
    if (this.packs.release(nowS(), periodS)) this.client.wake();
  }
}

/** The node's own clock: seconds since the program started. */
function nowS(): number {
  return ds.millis() / 1000;
}
