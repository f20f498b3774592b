import mqttPacket, {
  type IConnectPacket,
  type IPublishPacket,
  type ISubscribePacket,
  type IUnsubscribePacket,
  type Packet,
  type QoS,
} from "mqtt-packet";
import type { ServerSocket } from "../../sim/network/network";
import type { ScheduledTask, Scheduler } from "../../sim/scheduler";
import type { InFlight, Outgoing, Session } from "./session";
import { isTopicFilter, isTopicName } from "./topicFilters";

/** MQTT 3.1.1, as CONNECT names it (clause 3.1.2.2). */
const PROTOCOL_LEVEL = 4;
/** A connection says CONNECT within this time (clause 3.1: "a reasonable amount of time"). */
const CONNECT_TIMEOUT_MS = 30_000;
/** A client is gone when it is silent for one and a half times its keep-alive (clause 3.1.2.10). */
const KEEP_ALIVE_MS_PER_S = 1500;
/** Return codes (table 3.1, clause 3.9.3). */
const UNACCEPTABLE_PROTOCOL = 1;
const IDENTIFIER_REJECTED = 2;
/** Bad user name or password (clause 3.2.2.3). */
const BAD_LOGIN = 4;
const SUBSCRIPTION_FAILED = 0x80;

/** What a connection asks of its broker. */
export interface ConnectionHost {
  /** Whether the client may come in. */
  admits(clientId: string): boolean;
  /** The client's session, after another connection of the same client was closed. */
  openSession(connection: Connection, clientId: string, clean: boolean): [Session, boolean];
  published(message: IPublishPacket, clientId: string): void;
  subscribed(session: Session, filter: string): void;
  unsubscribed(session: Session, filter: string): void;
  /** The retained messages that belong to a filter, each with its QoS. */
  retained(filter: string): [Outgoing, QoS][];
  closed(connection: Connection): void;
}

/** One client's connection: packets in, packets out, and the keep-alive. */
export class Connection {
  readonly #scheduler: Scheduler;
  readonly #host: ConnectionHost;
  readonly #socket: ServerSocket;
  readonly #parser = mqttPacket.parser({ protocolVersion: PROTOCOL_LEVEL });
  #session: Session | undefined;
  #will: IConnectPacket["will"];
  #silenceMs = CONNECT_TIMEOUT_MS;
  #heardMs: number;
  #watch: ScheduledTask;
  #over = false;

  constructor(scheduler: Scheduler, host: ConnectionHost, socket: ServerSocket) {
    this.#scheduler = scheduler;
    this.#host = host;
    this.#socket = socket;
    this.#heardMs = scheduler.nowMs;
    this.#watch = scheduler.after(this.#silenceMs, () => this.#looked());
    this.#parser.on("packet", (packet) => {
      if (!this.#over) this.#handle(packet);
    });
    // Clause 4.8: a protocol violation ends the connection.
    this.#parser.on("error", () => this.close());
    socket.onData = (data) => {
      this.#parser.parse(Buffer.from(data));
    };
    socket.onClose = () => this.#end(true);
  }

  get session(): Session | undefined {
    return this.#session;
  }

  /** Ends the connection; the will is published. */
  close(): void {
    if (this.#over) return;
    this.#socket.end();
    this.#end(true);
  }

  /** The broker ends: the connection with it, and nobody publishes the will. */
  drop(silently: boolean): void {
    if (silently) this.#socket.vanish();
    else this.#socket.end();
    this.#will = undefined;
    this.#end(false);
  }

  /** Sends a message with QoS 0. */
  sendOnce({ topic, payload, retain }: Outgoing): void {
    this.#send({ cmd: "publish", topic, payload, retain, qos: 0, dup: false });
  }

  /** Sends what waits in the session, as far as its window lets it. */
  sendQueued(): void {
    for (let next = this.#session?.take(); next; next = this.#session?.take())
      this.#sendInFlight(next, false);
  }

  #sendInFlight({ topic, payload, retain, packetId }: InFlight, dup: boolean): void {
    this.#send({ cmd: "publish", topic, payload, retain, qos: 1, dup, messageId: packetId });
  }

  #send(packet: Packet): void {
    if (!this.#over) this.#socket.write(mqttPacket.generate(packet));
  }

  /** One timer for each connection looks whether it was silent too long. */
  #looked(): void {
    const leftMs = this.#heardMs + this.#silenceMs - this.#scheduler.nowMs;
    if (leftMs <= 0) this.close();
    else this.#watch = this.#scheduler.after(leftMs, () => this.#looked());
  }

  #end(tellHost: boolean): void {
    if (this.#over) return;
    this.#over = true;
    this.#watch.cancel();
    this.#socket.onData = undefined;
    this.#socket.onClose = undefined;
    if (!tellHost) return;
    this.#host.closed(this);
    const will = this.#will;
    if (!will || !this.#session) return;
    const payload = Buffer.from(will.payload);
    const { topic, qos = 0, retain = false } = will;
    this.#host.published(
      { cmd: "publish", topic, payload, qos, retain, dup: false },
      this.#session.clientId,
    );
  }

  #handle(packet: Packet): void {
    this.#heardMs = this.#scheduler.nowMs;
    // Clause 3.1: CONNECT comes first, and once.
    if ((packet.cmd === "connect") !== (this.#session === undefined)) return this.close();
    const session = this.#session;
    if (packet.cmd === "connect") return this.#connect(packet);
    if (!session) return;
    switch (packet.cmd) {
      case "publish":
        return this.#publish(packet, session);
      case "puback":
        session.acknowledged(packet.messageId ?? 0);
        return this.sendQueued();
      case "pubrel":
        session.unreleased.delete(packet.messageId ?? 0);
        return this.#send({ cmd: "pubcomp", messageId: packet.messageId ?? 0 });
      case "subscribe":
        return this.#subscribe(packet, session);
      case "unsubscribe":
        return this.#unsubscribe(packet, session);
      case "pingreq":
        return this.#send({ cmd: "pingresp" });
      case "disconnect":
        // Clause 3.14.4: the will is discarded.
        this.#will = undefined;
        return this.close();
      default:
        return this.close();
    }
  }

  #connect(packet: IConnectPacket): void {
    const { clientId, clean = false, keepalive = 0 } = packet;
    if (packet.protocolVersion !== PROTOCOL_LEVEL) return this.#refuse(UNACCEPTABLE_PROTOCOL);
    // Clause 3.1.3.1: a session that is to be kept needs a name.
    if (clientId === "" && !clean) return this.#refuse(IDENTIFIER_REJECTED);
    if (!this.#host.admits(clientId)) return this.#refuse(BAD_LOGIN);
    const [session, present] = this.#host.openSession(this, clientId, clean);
    this.#session = session;
    this.#will = packet.will;
    this.#silenceMs = keepalive > 0 ? keepalive * KEEP_ALIVE_MS_PER_S : Infinity;
    this.#watch.cancel();
    if (keepalive > 0) this.#watch = this.#scheduler.after(this.#silenceMs, () => this.#looked());
    this.#send({ cmd: "connack", returnCode: 0, sessionPresent: present });
    for (const message of session.unacknowledged) this.#sendInFlight(message, true);
    this.sendQueued();
  }

  #refuse(returnCode: number): void {
    this.#send({ cmd: "connack", returnCode, sessionPresent: false });
    this.close();
  }

  #publish(packet: IPublishPacket, session: Session): void {
    if (!isTopicName(packet.topic)) return this.close();
    const messageId = packet.messageId ?? 0;
    // Clause 4.3.3, method B: a message that waits for its release is not published again.
    const known = packet.qos === 2 && session.unreleased.has(messageId);
    if (packet.qos === 2) session.unreleased.add(messageId);
    if (!known) this.#host.published(packet, session.clientId);
    if (packet.qos === 1) this.#send({ cmd: "puback", messageId });
    if (packet.qos === 2) this.#send({ cmd: "pubrec", messageId });
  }

  #subscribe(packet: ISubscribePacket, session: Session): void {
    const granted = packet.subscriptions.map(({ topic, qos }) => {
      if (!isTopicFilter(topic)) return SUBSCRIPTION_FAILED;
      // A server may grant less than was asked for (clause 3.8.4).
      const most = qos === 0 ? 0 : 1;
      session.subscriptions.set(topic, most);
      this.#host.subscribed(session, topic);
      return most;
    });
    this.#send({ cmd: "suback", messageId: packet.messageId ?? 0, granted });
    for (const [i, { topic }] of packet.subscriptions.entries()) {
      if (granted[i] === SUBSCRIPTION_FAILED) continue;
      for (const [message, qos] of this.#host.retained(topic))
        if (granted[i] === 0 || qos === 0) this.sendOnce(message);
        else session.enqueue(message);
    }
    this.sendQueued();
  }

  #unsubscribe(packet: IUnsubscribePacket, session: Session): void {
    for (const filter of packet.unsubscriptions) {
      session.subscriptions.delete(filter);
      this.#host.unsubscribed(session, filter);
    }
    this.#send({ cmd: "unsuback", messageId: packet.messageId ?? 0, granted: [] });
  }
}
