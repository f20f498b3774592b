import * as ds from "@devicescript/core";
import { UP_STATE, nodeTopic } from "../contract/topics";
import { MqttClient } from "../mqtt/client";
import { SessionHooks } from "../mqtt/session";
import { Outbox, OutboxEvent } from "../outbox/outbox";
import { EventWriter, PackSource } from "../report/packSource";
import { Identity } from "./identity";

const KEEP_ALIVE_S = 60;

/** The sending half of the node: what waits, how it is packed, and the connection it leaves by. */
export class Delivery {
  readonly client: MqttClient;
  readonly outbox: Outbox;
  private readonly packs: PackSource;

  /**
   * @param offline text of the last will on `up/state`.
   * @param writeEvent writes an event as JSON members.
   */
  constructor(identity: Identity, offline: string, hooks: SessionHooks, writeEvent: EventWriter) {
    const { city, node, password } = identity;
    this.packs = new PackSource(
      nodeTopic(city, node, ""),
      city + "/" + node + "/",
      identity.boot,
      () => ds.millis() / 1000,
      writeEvent,
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
        subscriptions: [],
      },
      hooks,
    );
    this.client.addSource(this.packs);
  }

  /** Lets the readings that wait go out. */
  release(): void {
    if (this.packs.release()) this.client.wake();
  }

  /** Adds an event; it does not wait for the next pack. */
  addEvent(event: OutboxEvent): void {
    this.outbox.addEvent(event);
    this.client.wake();
  }
}
