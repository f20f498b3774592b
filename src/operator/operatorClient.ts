import { randomBytes } from "node:crypto";
import { connectAsync, type MqttClient } from "mqtt";

/** Where and as whom to work. */
export interface OperatorOptions {
  readonly broker: { readonly host: string; readonly port: number; readonly tls: boolean };
  readonly user?: string | undefined;
  readonly password?: string | undefined;
}

/** Gets a message of the topics that were asked for. */
export type MessageListener = (topic: string, payload: Buffer) => void;

const CONNECT_TIMEOUT_MS = 10_000;
const KEEP_ALIVE_S = 30;
/** MQTT 3.1.1 table 3.1: return codes of CONNACK that mean who one is. */
const REFUSED_CODES: readonly unknown[] = [4, 5];
/** MQTT 3.1.1 clause 3.9.3: the broker refuses a subscription. */
const SUBSCRIPTION_REFUSED = 128;
/**
 * Retained messages have no end mark. They come in a burst after the subscription: so
 * long a silence after one is taken for the end of it.
 */
const QUIET_MS = 400;
const QUIET_AT_MOST_MS = 5000;

/** One connection for one command of an operator: it works, or it says why not. */
export class OperatorClient {
  readonly #client: MqttClient;
  readonly #listeners = new Set<MessageListener>();

  private constructor(client: MqttClient) {
    this.#client = client;
    client.on("message", (topic, payload) => {
      for (const listener of this.#listeners) listener(topic, payload);
    });
  }

  /**
   * Connects.
   *
   * @throws Error with one plain sentence when that is not possible.
   */
  static async connect(options: OperatorOptions): Promise<OperatorClient> {
    const { host, port, tls } = options.broker;
    try {
      const client = await connectAsync({
        protocol: tls ? "mqtts" : "mqtt",
        host,
        port,
        // RFC 6066 section 3 knows no addresses in SNI; MQTT.js would send the host as it is.
        ...(tls && !/^[\d.]+$|:/.test(host) ? { servername: host } : {}),
        clientId: `operator-${randomBytes(6).toString("hex")}`,
        ...(options.user === undefined ? {} : { username: options.user }),
        ...(options.password === undefined ? {} : { password: options.password }),
        protocolVersion: 4,
        clean: true,
        keepalive: KEEP_ALIVE_S,
        connectTimeout: CONNECT_TIMEOUT_MS,
        reconnectPeriod: 0,
      });
      return new OperatorClient(client);
    } catch (error) {
      const { code, message } = error as { code?: unknown; message: string };
      if (REFUSED_CODES.includes(code))
        throw new Error(
          `the broker at ${host}:${port} refuses the user name or password: set STREETNODE_USER and STREETNODE_PASSWORD`,
          { cause: error },
        );
      throw new Error(
        `the broker at ${host}:${port} cannot be reached: ${message || String(code)}`,
        {
          cause: error,
        },
      );
    }
  }

  /** Calls `listener` for each message that comes, until the function that is returned is called. */
  listen(listener: MessageListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Subscribes, and waits until the retained messages are there.
   *
   * @throws Error when the broker does not let this user read one of them.
   */
  async subscribe(filters: readonly string[]): Promise<void> {
    let lastMs = 0;
    const stop = this.listen(() => (lastMs = Date.now()));
    const granted = await this.#client.subscribeAsync([...filters], { qos: 1 });
    const refused = granted.find(({ qos }) => (qos as number) === SUBSCRIPTION_REFUSED);
    if (refused) throw new Error(`the broker does not let this user read ${refused.topic}`);
    const startedMs = Date.now();
    while (
      Date.now() - Math.max(lastMs, startedMs) < QUIET_MS &&
      Date.now() - startedMs < QUIET_AT_MOST_MS
    )
      await new Promise((resolve) => setTimeout(resolve, 50));
    stop();
  }

  /** Publishes with QoS 1; resolves when the broker has it. */
  async publish(topic: string, payload: string, retain: boolean): Promise<void> {
    await this.#client.publishAsync(topic, payload, { qos: 1, retain });
  }

  async close(): Promise<void> {
    await this.#client.endAsync();
  }
}
