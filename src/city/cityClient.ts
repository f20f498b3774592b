import { randomUUID } from "node:crypto";
import { connect, type MqttClient } from "mqtt";
import { generate } from "mqtt-packet";
import { DOWN_COMMAND, TOPIC_ROOT } from "../../devs/contract/topics";
import {
  SUBSCRIPTION_REFUSED,
  connectionOptions,
  isLoginRefused,
  type BrokerLogin,
} from "./brokerConnection";
import type { Way } from "./receiver";

/** Where and as whom to listen. */
export interface CityClientOptions extends BrokerLogin {
  readonly city: string;
  /** Only this node; without it, every node of the city. */
  readonly node?: string | undefined;
  /**
   * A client identifier of one's own, at most 23 characters: while this client is away, the
   * broker keeps for it what nodes say.
   */
  readonly session?: string | undefined;
  /** Whether to hear the commands for nodes, too; where the broker does not let one, they are not heard. */
  readonly commands?: boolean;
  /**
   * Gets what nodes say. With a `session` the broker sends a message again, at the next
   * connection, until `acknowledge` was called for it.
   */
  readonly onMessage: (
    topic: string,
    payload: Uint8Array,
    acknowledge: () => void,
    way: Way,
  ) => void;
  /** Called when the messages flow: connected and subscribed. */
  readonly onConnected: () => void;
  /** Called with one plain sentence when they do not, and again only for another reason. */
  readonly onProblem: (problem: string) => void;
}

/** Gets a message of the nodes. */
type MessageListener = (topic: string, payload: Buffer) => void;

/** How a message is published. */
export interface PublishOptions {
  /** 1 by default. */
  readonly qos?: 0 | 1;
  /** Whether the broker keeps it for who comes later. */
  readonly retain?: boolean;
}

/**
 * Below a city's topic: a message of this client to itself, which it sends when it is back in
 * its session. What comes before it may have waited: brokers keep one queue a client, though
 * the standard (MQTT 3.1.1 clause 4.6) asks for order within a topic only. The embedded broker
 * hands new messages over first, and keeps none for longer than its process runs.
 */
const MARK = "all/down/mark";
/** A broker that does not hand the mark over keeps nothing for longer than this, it is assumed. */
const CATCH_UP_MAX_MS = 600_000;

const RETRY_MS = 2000;
/** A refused password does not get right by trying faster. */
const RETRY_REFUSED_MS = 15_000;

/** Listens to the nodes of a city at any broker, and keeps trying when it cannot be reached. */
export class CityClient {
  readonly #client: MqttClient;
  readonly #options: CityClientOptions;
  readonly #listeners = new Set<MessageListener>();
  #problem: string | undefined;
  /** What went wrong with the connection that is about to close. */
  #cause: string | undefined;
  /** Until when what comes may have waited at the broker, by `performance.now`. */
  #catchesUpUntilMs = 0;
  /** The topic of the mark, and what the mark of this connection says. */
  readonly #mark: string;
  #connection: string | undefined;

  constructor(options: CityClientOptions) {
    this.#options = options;
    this.#mark = `${TOPIC_ROOT}/${options.city}/${MARK}`;
    this.#client = connect({
      ...connectionOptions(options, "watch"),
      resubscribe: false,
      reconnectPeriod: RETRY_MS,
      reconnectOnConnackError: true,
      // What cannot be sent now is not wanted later: a time beacon would be wrong by then.
      queueQoSZero: false,
      ...(options.session === undefined ? {} : { clean: false, clientId: options.session }),
    });
    this.#client.on("connect", ({ sessionPresent }) => {
      this.#catchesUpUntilMs = sessionPresent ? performance.now() + CATCH_UP_MAX_MS : 0;
      this.#subscribe();
    });
    if (options.session !== undefined) this.#acknowledgeLater();
    this.#client.on("message", (topic, payload, packet) => {
      const acknowledge = this.#acknowledgement(packet.messageId);
      if (topic === this.#mark) {
        if (payload.toString() === this.#connection) this.#catchesUpUntilMs = 0;
        return acknowledge();
      }
      for (const listener of this.#listeners) listener(topic, payload);
      const waited = performance.now() < this.#catchesUpUntilMs;
      options.onMessage(topic, payload, acknowledge, { waited, again: packet.dup });
    });
    this.#client.on("error", (error) => {
      const { code } = error as { code?: unknown };
      const refused = isLoginRefused(code);
      this.#client.options.reconnectPeriod = refused ? RETRY_REFUSED_MS : RETRY_MS;
      this.#cause = this.#describe(error);
    });
    this.#client.on("close", () => {
      this.#report(this.#cause ?? `the connection to ${this.#address()} was closed`);
      this.#cause = undefined;
    });
  }

  /** Whether messages can be sent and come now. */
  get connected(): boolean {
    return this.#client.connected;
  }

  /** Calls `listener` for each message, too, until the function that is returned is called. */
  listen(listener: MessageListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Publishes; with QoS 1 it resolves when the broker has the message.
   *
   * @throws Error when there is no connection, or it ends before that.
   */
  async publish(topic: string, payload: string, how: PublishOptions = {}): Promise<void> {
    if (!this.#client.connected) throw new Error(`${this.#address()} is not connected`);
    await this.#client.publishAsync(topic, payload, {
      qos: how.qos ?? 1,
      retain: how.retain ?? false,
    });
  }

  /** Makes a new connection, over which the broker sends again what was not acknowledged. */
  reconnect(): void {
    this.#client.stream.destroy();
  }

  /** Ends the connection. */
  async close(): Promise<void> {
    this.#client.removeAllListeners("close");
    await this.#client.endAsync(!this.#client.connected);
  }

  /**
   * MQTT.js acknowledges a message before it hands over the next one, which would mean one
   * message a write. So it is told that they are of QoS 0, and they are acknowledged from here.
   */
  #acknowledgeLater(): void {
    this.#client.on("packetreceive", (packet) => {
      if (packet.cmd === "publish" && packet.qos === 1) packet.qos = 0;
    });
  }

  #acknowledgement(messageId: number | undefined): () => void {
    if (this.#options.session === undefined || messageId === undefined) return () => {};
    // On another connection the same number means another message (MQTT 3.1.1 clause 2.3.1).
    const { stream } = this.#client;
    return () => {
      if (stream.writable && this.#client.connected && stream === this.#client.stream)
        stream.write(generate({ cmd: "puback", messageId }));
    };
  }

  #subscribe(): void {
    const { city, node, commands, onConnected } = this.#options;
    if (commands === true)
      this.#client.subscribe(`${TOPIC_ROOT}/${city}/+/${DOWN_COMMAND}`, { qos: 1 });
    const filter = `${TOPIC_ROOT}/${city}/${node ?? "+"}/up/#`;
    if (this.#catchesUpUntilMs > 0) this.#sendMark();
    this.#client.subscribe(filter, { qos: 1 }, (error, granted) => {
      const refused = granted?.some(({ qos }) => (qos as number) === SUBSCRIPTION_REFUSED);
      if (refused) this.#report(`the broker does not let this user read ${filter}`);
      // Any other error closes the connection, which is reported then.
      if (error || refused) return;
      this.#client.options.reconnectPeriod = RETRY_MS;
      this.#problem = undefined;
      onConnected();
    });
  }

  /** Where it is not handed over, what comes counts as waiting for a while. */
  #sendMark(): void {
    this.#connection = randomUUID();
    this.#client.subscribe(this.#mark, { qos: 1 }, () => {});
    this.#client.publish(this.#mark, this.#connection, { qos: 1 }, () => {});
  }

  #report(problem: string): void {
    if (problem === this.#problem) return;
    this.#problem = problem;
    this.#options.onProblem(problem);
  }

  #address(): string {
    const { host, port } = this.#options.broker;
    return `the broker at ${host}:${port}`;
  }

  #describe(error: Error): string {
    const { code } = error as { code?: unknown };
    // A host with several addresses fails with one error for each.
    const first = error instanceof AggregateError ? (error.errors[0] as Error) : error;
    if (isLoginRefused(code))
      return `${this.#address()} refuses the user name or password: set STREETNODE_USER and STREETNODE_PASSWORD`;
    switch (code) {
      case "ECONNREFUSED":
        return `nobody listens at ${this.#address().slice("the broker at ".length)}: connection refused`;
      case "ENOTFOUND":
      case "EAI_AGAIN":
        return `${this.#options.broker.host} is no known host`;
      default:
        return `${this.#address()} cannot be reached: ${first.message}`;
    }
  }
}
