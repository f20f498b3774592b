import { randomBytes } from "node:crypto";
import { connect, type MqttClient } from "mqtt";
import { TOPIC_ROOT } from "../../devs/contract/topics";

/** Where and as whom to listen. */
export interface CityClientOptions {
  readonly broker: { readonly host: string; readonly port: number; readonly tls: boolean };
  /** Certificates in PEM of the broker's authority; without it, a public one. */
  readonly ca?: string | undefined;
  readonly city: string;
  /** Only this node; without it, every node of the city. */
  readonly node?: string | undefined;
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  readonly onMessage: (topic: string, payload: Uint8Array) => void;
  /** Called when the messages flow: connected and subscribed. */
  readonly onConnected: () => void;
  /** Called with one plain sentence when they do not, and again only for another reason. */
  readonly onProblem: (problem: string) => void;
}

const RETRY_MS = 2000;
/** A refused password does not get right by trying faster. */
const RETRY_REFUSED_MS = 15_000;
/** The broker has this long to answer the connection. */
const CONNECT_TIMEOUT_MS = 10_000;
const KEEP_ALIVE_S = 30;
/** MQTT 3.1.1 table 3.1: return codes of CONNACK that mean who one is, not how the broker is. */
const BAD_CREDENTIALS = 4;
const NOT_AUTHORIZED = 5;
/** MQTT 3.1.1 clause 3.9.3: the broker refuses a subscription. */
const SUBSCRIPTION_REFUSED = 128;

/** Listens to the nodes of a city at any broker, and keeps trying when it cannot be reached. */
export class CityClient {
  readonly #client: MqttClient;
  readonly #options: CityClientOptions;
  #problem: string | undefined;
  /** What went wrong with the connection that is about to close. */
  #cause: string | undefined;

  constructor(options: CityClientOptions) {
    this.#options = options;
    const { host, port, tls } = options.broker;
    this.#client = connect({
      protocol: tls ? "mqtts" : "mqtt",
      host,
      port,
      // RFC 6066 section 3 knows no addresses in SNI; MQTT.js would send the host as it is.
      ...(tls && !/^[\d.]+$|:/.test(host) ? { servername: host } : {}),
      // Every server takes up to 23 characters (MQTT 3.1.1 clause 3.1.3.1).
      clientId: `watch-${randomBytes(8).toString("hex")}`,
      ...(options.ca === undefined ? {} : { ca: options.ca }),
      ...(options.user === undefined ? {} : { username: options.user }),
      ...(options.password === undefined ? {} : { password: options.password }),
      protocolVersion: 4,
      clean: true,
      resubscribe: false,
      keepalive: KEEP_ALIVE_S,
      connectTimeout: CONNECT_TIMEOUT_MS,
      reconnectPeriod: RETRY_MS,
      reconnectOnConnackError: true,
    });
    this.#client.on("connect", () => this.#subscribe());
    this.#client.on("message", (topic, payload) => options.onMessage(topic, payload));
    this.#client.on("error", (error) => {
      const { code } = error as { code?: unknown };
      const refused = code === BAD_CREDENTIALS || code === NOT_AUTHORIZED;
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
    switch (code) {
      case BAD_CREDENTIALS:
      case NOT_AUTHORIZED:
        return `${this.#address()} refuses the user name or password: set STREETNODE_USER and STREETNODE_PASSWORD`;
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
