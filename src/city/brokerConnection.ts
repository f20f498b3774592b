import { randomBytes } from "node:crypto";
import { isIP } from "node:net";
import type { IClientOptions } from "mqtt";

/** Where a broker is, and who connects. */
export interface BrokerLogin {
  readonly broker: { readonly host: string; readonly port: number; readonly tls: boolean };
  /** Certificates in PEM of the broker's authority; without it, a public one. */
  readonly ca?: string | undefined;
  readonly user?: string | undefined;
  readonly password?: string | undefined;
}

/** The broker has this long to answer the connection. */
const CONNECT_TIMEOUT_MS = 10_000;
const KEEP_ALIVE_S = 30;

/** MQTT 3.1.1 table 3.1: return codes of CONNACK that mean who one is, not how the broker is. */
const BAD_CREDENTIALS = 4;
const NOT_AUTHORIZED = 5;
/** MQTT 3.1.1 clause 3.9.3: the broker refuses a subscription. */
export const SUBSCRIPTION_REFUSED = 128;

/** Whether an error's code says that the broker does not take this user. */
export function isLoginRefused(code: unknown): boolean {
  return code === BAD_CREDENTIALS || code === NOT_AUTHORIZED;
}

/**
 * Options of MQTT.js for a connection of the city's own, with a session that ends with it.
 *
 * @param role how the client identifier begins; at most 9 characters.
 */
export function connectionOptions(login: BrokerLogin, role: string): IClientOptions {
  const { host, port, tls } = login.broker;
  return {
    protocol: tls ? "mqtts" : "mqtt",
    host,
    port,
    // RFC 6066 section 3 knows no addresses in SNI; MQTT.js would send the host as it is.
    ...(tls && isIP(host) === 0 ? { servername: host } : {}),
    // Every server takes up to 23 characters (MQTT 3.1.1 clause 3.1.3.1).
    clientId: `${role}-${randomBytes(6).toString("hex")}`,
    ...(login.ca === undefined ? {} : { ca: login.ca }),
    ...(login.user === undefined ? {} : { username: login.user }),
    ...(login.password === undefined ? {} : { password: login.password }),
    protocolVersion: 4,
    clean: true,
    keepalive: KEEP_ALIVE_S,
    connectTimeout: CONNECT_TIMEOUT_MS,
  };
}
