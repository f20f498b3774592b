import { connectAsync, type MqttClient } from "mqtt";
import {
  SUBSCRIPTION_REFUSED,
  connectionOptions,
  isLoginRefused,
  type BrokerLogin,
} from "../city/brokerConnection";

/** Gets a message of the topics that were asked for. */
export type MessageListener = (topic: string, payload: Buffer) => void;

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
  readonly #lost = new AbortController();
  /** Aborted, with the error as its reason, when the connection ends by itself: it does not come back. */
  readonly lost: AbortSignal = this.#lost.signal;

  private constructor(client: MqttClient, where: string) {
    this.#client = client;
    client.on("close", () =>
      this.#lost.abort(new Error(`the connection to the broker at ${where} was lost`)),
    );
    client.on("message", (topic, payload) => {
      for (const listener of this.#listeners) listener(topic, payload);
    });
  }

  /**
   * Connects.
   *
   * @throws Error with one plain sentence when that is not possible.
   */
  static async connect(login: BrokerLogin): Promise<OperatorClient> {
    const { host, port } = login.broker;
    try {
      const client = await connectAsync({
        ...connectionOptions(login, "operator"),
        reconnectPeriod: 0,
      });
      return new OperatorClient(client, `${host}:${port}`);
    } catch (error) {
      const { code, message } = error as { code?: unknown; message: string };
      if (isLoginRefused(code))
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

  /**
   * Publishes with QoS 1; resolves when the broker has it.
   *
   * @throws Error when the connection was lost before.
   */
  async publish(topic: string, payload: string, retain: boolean): Promise<void> {
    this.lost.throwIfAborted();
    let stop: () => void = () => {};
    // MQTT.js would wait for ever for a connection that it does not make any more.
    const lost = new Promise<never>((_resolve, reject) => {
      stop = () => reject(this.lost.reason as Error);
      this.lost.addEventListener("abort", stop);
    });
    try {
      await Promise.race([this.#client.publishAsync(topic, payload, { qos: 1, retain }), lost]);
    } finally {
      this.lost.removeEventListener("abort", stop);
    }
  }

  async close(): Promise<void> {
    await this.#client.endAsync();
  }
}
