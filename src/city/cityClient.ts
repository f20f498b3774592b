import { connect, type MqttClient } from "mqtt";
import { TOPIC_ROOT } from "../../devs/contract/topics";
import {
  SUBSCRIPTION_REFUSED,
  connectionOptions,
  isLoginRefused,
  type BrokerLogin,
} from "./brokerConnection";

/** Where and as whom to listen. */
export interface CityClientOptions extends BrokerLogin {
  readonly city: string;
  /** Only this node; without it, every node of the city. */
  readonly node?: string | undefined;
  readonly onMessage: (topic: string, payload: Uint8Array) => void;
  /** Called when the messages flow: connected and subscribed. */
  readonly onConnected: () => void;
  /** Called with one plain sentence when they do not, and again only for another reason. */
  readonly onProblem: (problem: string) => void;
}

const RETRY_MS = 2000;
/** A refused password does not get right by trying faster. */
const RETRY_REFUSED_MS = 15_000;
/** Listens to the nodes of a city at any broker, and keeps trying when it cannot be reached. */
export class CityClient {
  readonly #client: MqttClient;
  readonly #options: CityClientOptions;
  #problem: string | undefined;
  /** What went wrong with the connection that is about to close. */
  #cause: string | undefined;

  constructor(options: CityClientOptions) {
    this.#options = options;
    this.#client = connect({
      ...connectionOptions(options, "watch"),
      resubscribe: false,
      reconnectPeriod: RETRY_MS,
      reconnectOnConnackError: true,
    });
    this.#client.on("connect", () => this.#subscribe());
    this.#client.on("message", (topic, payload) => options.onMessage(topic, payload));
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

  /** Ends the connection. */
  async close(): Promise<void> {
    this.#client.removeAllListeners("close");
    await this.#client.endAsync(!this.#client.connected);
  }

  #subscribe(): void {
    const { city, node, onConnected } = this.#options;
    const filter = `${TOPIC_ROOT}/${city}/${node ?? "+"}/up/#`;
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
