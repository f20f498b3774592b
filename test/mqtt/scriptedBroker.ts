import mqttPacket, { type IPublishPacket, type Packet, type Parser } from "mqtt-packet";
import { DEFAULT_MAX_PACKET_BYTES } from "../../devs/mqtt/decoder";
import type { MessageSource } from "../../devs/mqtt/inFlight";
import type { Message } from "../../devs/mqtt/packets";
import { type Link, Session, type SessionOptions } from "../../devs/mqtt/session";
import { SessionState } from "../../devs/mqtt/sessionStates";

/** A publish as the broker got it. */
export interface Arrival {
  readonly timeMs: number;
  readonly connection: number;
  readonly topic: string;
  readonly payload: string;
  readonly qos: number;
  readonly packetId: number | undefined;
  readonly dup: boolean;
  readonly retain: boolean;
}

/** What a broker does; every part may be replaced to make it misbehave. */
export interface BrokerScript {
  /** What becomes of an attempt to open the socket; `later` never answers. */
  onOpen: () => "open" | "refuse" | "later";
  /** The answer to a packet: bytes, `close`, or nothing. Undefined leaves it to the honest broker. */
  onPacket: (packet: Packet, broker: ScriptedBroker) => (Buffer | "close")[] | undefined;
  /** How an answer is cut on its way. */
  cut: (bytes: Buffer) => Buffer[];
  /** Whether what the client sends is lost on its way, from now to the end of the connection. */
  deaf: () => boolean;
  /** From a byte of the broker to the session, in milliseconds. */
  latencyMs: number;
}

interface Delivery {
  readonly atMs: number;
  readonly connection: number;
  readonly what: "opened" | { readonly lost: string } | Buffer;
}

export const CLIENT: SessionOptions = {
  clientId: "bk-0001",
  username: "bk-0001",
  password: "secret",
  keepAliveS: 60,
  will: { topic: "up/state", payload: "offline: lost", retain: true },
  subscriptions: ["down/config", "down/command", "all/down/time"],
  maxPacketBytes: DEFAULT_MAX_PACKET_BYTES,
};

/** A source with a list of messages, as an outbox is one. */
export class ListSource implements MessageSource {
  readonly acknowledgedHandles: number[] = [];
  readonly #messages: Message[] = [];
  #taken = 0;

  add(payload: string, topic = "up/data"): void {
    this.#messages.push({ topic, payload, retain: false });
  }

  take(): number {
    return this.#taken < this.#messages.length ? this.#taken++ : -1;
  }

  message(handle: number): Message {
    return this.#messages[handle];
  }

  acknowledged(handle: number): void {
    this.acknowledgedHandles.push(handle);
  }
}

/**
 * One session and one broker with an in-memory byte pipe between them, in virtual
 * time. Wherever the session breaks a rule of the protocol or a promise of its own,
 * the broker throws.
 */
export class ScriptedBroker {
  nowMs = 1000;
  readonly session: Session;
  readonly source = new ListSource();
  readonly script: BrokerScript;

  readonly packets: { timeMs: number; connection: number; packet: Packet }[] = [];
  readonly arrivals: Arrival[] = [];
  readonly messages: { topic: string; payload: string }[] = [];
  readonly states: { timeMs: number; state: SessionState; reason: string }[] = [];
  readonly attemptsMs: number[] = [];
  readonly closedByClient: number[] = [];
  /** The persistent session that the broker keeps for the client. */
  hasSession = false;
  subscriptions: string[] = [];
  /** Number of the connection that is open; 0 when none is. */
  open = 0;

  #deliveries: Delivery[] = [];
  #parser!: Parser;
  #unacknowledged = new Set<number>();
  /** Payloads of `up/data` that the client has sent, arrived or not. */
  readonly #sentBefore = new Set<string>();
  #lossReported = false;
  #deafConnection = 0;
  #random = 1;

  constructor(script: Partial<BrokerScript> = {}, options: Partial<SessionOptions> = {}) {
    this.script = {
      onOpen: () => "open",
      onPacket: () => undefined,
      cut: (bytes) => [bytes],
      deaf: () => false,
      latencyMs: 20,
      ...script,
    };
    const link: Link = {
      open: () => this.#openSocket(),
      send: (packet) => this.#sent(packet),
      backlogged: () => false,
      close: () => {
        if (this.open) this.closedByClient.push(this.nowMs);
        this.#drop();
      },
    };
    this.session = new Session(
      { ...CLIENT, ...options },
      link,
      {
        birth: (present) => ({ topic: "up/state", payload: `online ${present}`, retain: true }),
        message: (topic, payload) =>
          this.messages.push({ topic, payload: payload.slice(0, payload.length).toString() }),
        stateChanged: (state, reason) => this.states.push({ timeMs: this.nowMs, state, reason }),
      },
      () => this.random(),
    );
    this.session.addSource(this.source);
  }

  /** Uniform in 0..1, the same sequence in every run. */
  random(): number {
    this.#random = (this.#random * 16807) % 2147483647;
    return this.#random / 2147483647;
  }

  /** Starts the session and lets time pass. */
  start(forMs = 5000): this {
    this.session.start(this.nowMs);
    return this.run(forMs);
  }

  /** Lets time pass: every delivery and every deadline at its moment. */
  run(forMs: number): this {
    const endMs = this.nowMs + forMs;
    for (;;) {
      const waitMs = this.#pollAll();
      const nextDeliveryMs = Math.min(...this.#deliveries.map((d) => d.atMs));
      const nextMs = Math.min(this.nowMs + waitMs, nextDeliveryMs);
      if (nextMs > endMs) break;
      this.nowMs = nextMs;
      this.#deliverDue();
    }
    this.nowMs = endMs;
    return this;
  }

  /** Publishes to the client. */
  publish(topic: string, payload: string | Buffer, more: Partial<IPublishPacket> = {}): void {
    const packet = {
      cmd: "publish" as const,
      topic,
      payload,
      qos: 0 as const,
      dup: false,
      retain: false,
    };
    this.sendBytes(mqttPacket.generate({ ...packet, ...more }));
  }

  /** Sends bytes to the client, cut as the script says. */
  sendBytes(bytes: Buffer): void {
    for (const what of this.script.cut(bytes)) this.#deliver(what);
  }

  /** Ends the connection from the broker's side, or the network's. */
  cutConnection(reason = "connection closed"): void {
    if (this.open) this.#deliver({ lost: reason });
  }

  /** The broker is restarted and has forgotten its sessions. */
  forget(): void {
    this.hasSession = false;
    this.subscriptions = [];
  }

  /** Packets of the client of one kind. */
  sentBy(cmd: Packet["cmd"]): { timeMs: number; connection: number; packet: Packet }[] {
    return this.packets.filter(({ packet }) => packet.cmd === cmd);
  }

  /** Payloads of `up/data` in the order of their first arrival. */
  firstArrivals(): string[] {
    const data = this.arrivals.filter((a) => a.topic === "up/data").map((a) => a.payload);
    return [...new Set(data)];
  }

  #pollAll(): number {
    for (let i = 0; i < 10000; i++) {
      const waitMs = this.session.poll(this.nowMs);
      if (waitMs > 0) return waitMs;
    }
    throw new Error("poll never comes to rest");
  }

  #deliver(what: Delivery["what"]): void {
    const last = this.#deliveries.at(-1)?.atMs ?? 0;
    const atMs = Math.max(last, this.nowMs + this.script.latencyMs);
    this.#deliveries.push({ atMs, connection: this.open, what });
  }

  #deliverDue(): void {
    for (;;) {
      const [next] = this.#deliveries;
      if (!next || next.atMs > this.nowMs) break;
      this.#deliveries.shift();
      const { connection, what } = next;
      if (connection !== this.open) continue;
      if (what === "opened") this.session.linkOpened(this.nowMs);
      else if (Buffer.isBuffer(what)) this.session.linkReceived(what, this.nowMs);
      else {
        this.#drop();
        this.#lossReported = true;
        this.session.linkLost(what.lost);
      }
    }
  }

  #openSocket(): void {
    if (this.open) throw new Error("a second socket was opened beside the first");
    this.attemptsMs.push(this.nowMs);
    this.open = this.attemptsMs.length;
    this.#unacknowledged.clear();
    this.#lossReported = false;
    this.#parser = mqttPacket.parser({ protocolVersion: 4 });
    this.#parser.on("packet", (packet) => this.#received(packet));
    this.#parser.on("error", (error) => {
      throw error;
    });
    const outcome = this.script.onOpen();
    if (outcome === "open") this.#deliver("opened");
    else if (outcome === "refuse") this.#deliver({ lost: "socket: ECONNREFUSED" });
  }

  #drop(): void {
    this.open = 0;
    this.#deliveries = [];
  }

  #sent(bytes: Buffer): void {
    // The session learns of the loss only when it has read what came before.
    if (!this.open && this.#lossReported) return;
    if (!this.open) throw new Error("sent without a socket");
    this.#parser.parse(bytes);
  }

  #received(packet: Packet): void {
    const connection = this.open;
    const first = this.packets.every((p) => p.connection !== connection);
    if (first !== (packet.cmd === "connect")) throw new Error("CONNECT must be first, and once");
    this.packets.push({ timeMs: this.nowMs, connection, packet });
    // What is lost on a connection takes all that follows on it along.
    if (this.script.deaf()) this.#deafConnection = connection;
    if (packet.cmd === "publish") this.#arrived(packet);
    if (this.#deafConnection === connection) return;
    const answers = this.script.onPacket(packet, this) ?? this.#honestAnswer(packet);
    for (const answer of answers) {
      if (answer === "close") this.cutConnection();
      else {
        this.#noteAcknowledged(answer);
        this.sendBytes(answer);
      }
    }
  }

  #noteAcknowledged(answer: Buffer): void {
    if (answer[0] === 0x40) this.#unacknowledged.delete((answer[2] << 8) | answer[3]);
  }

  #arrived(packet: IPublishPacket): void {
    const connection = this.open;
    const publishes = this.sentBy("publish").filter((p) => p.connection === connection);
    if (publishes.length === 1 && packet.topic !== "up/state")
      throw new Error("the birth must come first");
    if (packet.qos === 1) {
      const id = Number(packet.messageId);
      if (this.#unacknowledged.has(id)) throw new Error(`packet identifier ${id} is in use`);
      this.#unacknowledged.add(id);
      if (this.#unacknowledged.size > 8) throw new Error("more than eight publishes in flight");
      const name = String(packet.payload);
      if (packet.topic === "up/data" && packet.dup !== this.#sentBefore.has(name))
        throw new Error(`DUP is ${packet.dup} on ${name}, which is wrong`);
      this.#sentBefore.add(name);
    }
    if (this.#deafConnection === connection) return;
    this.arrivals.push({
      timeMs: this.nowMs,
      connection,
      topic: packet.topic,
      payload: packet.payload.toString(),
      qos: packet.qos,
      packetId: packet.messageId,
      dup: packet.dup,
      retain: packet.retain,
    });
  }

  #honestAnswer(packet: Packet): (Buffer | "close")[] {
    if (packet.cmd === "connect") {
      const sessionPresent = this.hasSession && !packet.clean;
      this.hasSession = !packet.clean;
      return [mqttPacket.generate({ cmd: "connack", returnCode: 0, sessionPresent })];
    }
    if (packet.cmd === "publish" && packet.qos === 1)
      return [mqttPacket.generate({ cmd: "puback", messageId: packet.messageId })];
    if (packet.cmd === "subscribe") {
      const asked = packet.subscriptions.map((s) => s.topic);
      this.subscriptions = [...this.subscriptions.filter((f) => !asked.includes(f)), ...asked];
      const granted = packet.subscriptions.map(() => 1);
      return [mqttPacket.generate({ cmd: "suback", messageId: packet.messageId, granted })];
    }
    if (packet.cmd === "unsubscribe") {
      const { unsubscriptions, messageId } = packet;
      this.subscriptions = this.subscriptions.filter((f) => !unsubscriptions.includes(f));
      return [mqttPacket.generate({ cmd: "unsuback", messageId, granted: [] })];
    }
    if (packet.cmd === "pingreq") return [mqttPacket.generate({ cmd: "pingresp" })];
    if (packet.cmd === "disconnect") return ["close"];
    return [];
  }
}
