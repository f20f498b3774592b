import { createConnection, isIP } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { connect } from "mqtt";
import type { TimeBeacon } from "../../devs/contract/messages";
import { timeTopic } from "../../devs/contract/topics";
import { failed, ok, skipped, type Check } from "./check";

/** The broker, and as whom to sign in. */
export interface BrokerAccess {
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
  /** Certificate of an authority of the city's own, in PEM. */
  readonly ca?: string | undefined;
  readonly city: string;
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  /** How long to wait for the time beacon, which is sent every 30 s. */
  readonly beaconWaitMs?: number;
}

const CONNECT_TIMEOUT_MS = 10_000;
const BEACON_WAIT_MS = 35_000;
/** A clock that is further off makes certificates and log times wrong. */
const CLOCK_TOLERANCE_MS = 60_000;
/** MQTT 3.1.1 table 3.1. */
const BAD_CREDENTIALS = [4, 5];

/**
 * Whether the broker can be reached as a node will reach it, whether it takes the password,
 * and whether this computer's clock agrees with the city's.
 */
export async function checkBroker(access: BrokerAccess, now = Date.now): Promise<Check[]> {
  const reached = await reach(access, now);
  if (reached.verdict === "failed")
    return [
      reached,
      skipped("password", "the broker was not reached"),
      skipped("clock", "the broker was not reached"),
    ];
  if (access.user === undefined || access.password === undefined)
    return [
      reached,
      skipped(
        "password",
        "no user name and password were given",
        "set STREETNODE_USER and STREETNODE_PASSWORD",
      ),
      skipped("clock", "the time beacon is heard only by those who sign in"),
    ];
  return [reached, ...(await signIn(access, now))];
}

/** Opens a connection, and with TLS checks the certificate as a node does. */
function reach({ host, port, tls, ca }: BrokerAccess, now: () => number): Promise<Check> {
  const address = `${host}:${port}`;
  return new Promise((resolve) => {
    const socket = tls
      ? connectTls({
          host,
          port,
          ...(isIP(host) ? {} : { servername: host }),
          ...(ca === undefined ? {} : { ca }),
        })
      : createConnection({ host, port });
    const done = (check: Check) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(check);
    };
    const timer = setTimeout(
      () => done(failed("broker", `${address} does not answer`, UNREACHABLE)),
      CONNECT_TIMEOUT_MS,
    );
    socket.once("error", (error) => done(failed("broker", ...describe(error, address, tls))));
    socket.once("connect", () => {
      if (!tls)
        done(ok("broker", `${address} answers, without TLS: only for a trial on your own network`));
    });
    socket.once("secureConnect", () => {
      const { valid_to } = (socket as TLSSocket).getPeerCertificate();
      const days = Math.floor((Date.parse(valid_to) - now()) / 86_400_000);
      done(ok("broker", `${address} answers with TLS, certificate good for ${days} days`));
    });
  });
}

const UNREACHABLE = "is the name right, is this the city's network, does the firewall let it pass?";

function describe(error: Error, address: string, tls: boolean): [found: string, mend: string] {
  // A host with several addresses fails with one error for each.
  const first = error instanceof AggregateError ? (error.errors[0] as Error) : error;
  const { code = "" } = first as NodeJS.ErrnoException;
  if (code === "ECONNREFUSED") return [`nobody listens at ${address}`, "start the broker there"];
  if (code === "ENOTFOUND" || code === "EAI_AGAIN")
    return [`${address}: no such host`, "is the name right, and does this network know it?"];
  if (code === "CERT_HAS_EXPIRED" || code === "CERT_NOT_YET_VALID")
    return [
      `${address}: the certificate is not valid today`,
      "renew it, if this computer's date is right",
    ];
  if (/CERT|SELF_SIGNED|ISSUER|ALTNAME/.test(code))
    return [
      `${address}: the certificate is not believed (${code})`,
      "nodes trust public authorities only (such as Let's Encrypt), by the broker's name; an own one needs an own runtime, and --ca FILE here",
    ];
  if (tls && (code.startsWith("ERR_SSL") || code === "ECONNRESET"))
    return [`${address} does not speak TLS`, "is it the TLS port (8883)?"];
  return [`${address}: ${first.message}`, UNREACHABLE];
}

/** Signs in as MQTT 3.1.1 and waits for the city's time beacon. */
function signIn(access: BrokerAccess, now: () => number): Promise<Check[]> {
  const { host, port, tls, user = "", password = "", city } = access;
  const beaconWaitMs = access.beaconWaitMs ?? BEACON_WAIT_MS;
  return new Promise((resolve) => {
    const client = connect({
      protocol: tls ? "mqtts" : "mqtt",
      host,
      port,
      ...(tls && isIP(host) === 0 ? { servername: host } : {}),
      ...(access.ca === undefined ? {} : { ca: access.ca }),
      username: user,
      password,
      clientId: `doctor-${process.pid}`,
      protocolVersion: 4,
      connectTimeout: CONNECT_TIMEOUT_MS,
      reconnectPeriod: 0,
    });
    let timer: NodeJS.Timeout | undefined;
    const done = (...checks: Check[]) => {
      clearTimeout(timer);
      client.removeAllListeners("close");
      client.end(true, () => resolve(checks));
    };
    const signedIn = ok("password", `the broker takes ${user}'s`);
    client.on("error", (error) => {
      const refused = BAD_CREDENTIALS.includes(Number((error as { code?: unknown }).code));
      done(
        failed(
          "password",
          refused ? `the broker refuses ${user}'s` : error.message,
          "is the user right, was the password renewed, did the broker read its files again?",
        ),
        skipped("clock", "not signed in"),
      );
    });
    client.on("close", () =>
      done(
        failed("password", "the broker closed the connection", "look at the broker's log"),
        skipped("clock", "not signed in"),
      ),
    );
    client.on("connect", () => {
      timer = setTimeout(
        () =>
          done(
            signedIn,
            skipped(
              "clock",
              `no time beacon of ${city} in ${Math.round(beaconWaitMs / 1000)} s`,
              "is the city's server running, and is --city right?",
            ),
          ),
        beaconWaitMs,
      );
      client.subscribe(timeTopic(city));
    });
    client.on("message", (_, payload) => done(signedIn, clockCheck(payload.toString(), now())));
  });
}

/** The UTC time in a beacon, in ms; undefined when there is none. */
function beaconTimeMs(payload: string): number | undefined {
  try {
    const { utcMs } = JSON.parse(payload) as Partial<TimeBeacon>;
    return typeof utcMs === "number" && utcMs > 0 ? utcMs : undefined;
  } catch {
    return undefined;
  }
}

/** Compares this computer's clock with a beacon. */
export function clockCheck(beacon: string, nowMs: number): Check {
  const cityMs = beaconTimeMs(beacon);
  if (cityMs === undefined)
    return skipped("clock", "the time beacon cannot be read", "update Streetnode here or there");
  const offS = Math.round((nowMs - cityMs) / 1000);
  if (Math.abs(nowMs - cityMs) <= CLOCK_TOLERANCE_MS)
    return ok("clock", `within ${Math.max(1, Math.abs(offS))} s of the city's`);
  return failed(
    "clock",
    `${Math.abs(offS)} s ${offS > 0 ? "ahead of" : "behind"} the city's`,
    "switch this computer's automatic time on, or set it; if it is right, the city's server is wrong",
  );
}
