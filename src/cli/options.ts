import { InvalidArgumentError } from "commander";
import { durationMs } from "../duration";

/** Reads a time such as `30s`, `10m`, `24h` or `3d12h`; returns milliseconds. */
export function parseDuration(text: string): number {
  const value = durationMs(text);
  if (!(value > 0)) throw new InvalidArgumentError("expected a time such as 30s, 10m, 24h or 3d.");
  return value;
}

/** Reads a speed: virtual seconds per real second, or `max` for as fast as it goes. */
export function parseSpeed(text: string): number {
  if (text === "max") return Infinity;
  const speed = Number(text);
  if (!(speed > 0 && speed <= 100_000))
    throw new InvalidArgumentError("expected a number above 0, such as 1 or 60, or max.");
  return speed;
}

/** Reads a number. */
export function parseNumber(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value))
    throw new InvalidArgumentError("expected a number.");
  return value;
}

/** Makes a reader of whole numbers from `least` to `most`. */
export function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === "" || !Number.isInteger(value) || value < least || value > most)
      throw new InvalidArgumentError(`expected a whole number from ${least} to ${most}.`);
    return value;
  };
}

/** Adds an occurrence of an option that may be given several times. */
export function collect(text: string, before: string[]): string[] {
  return [...before, text];
}

/** A broker's address, from a URL. */
export interface BrokerAddress {
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
}

/** Reads `ws://HOST[:PORT]` or `wss://HOST[:PORT]`; the ports are 7011 and 443 by default. */
export function parseGateway(text: string): BrokerAddress {
  const match = /^(wss?):\/\/([a-z0-9.-]+)(?::(\d{1,5}))?\/?$/i.exec(text);
  if (!match?.[2])
    throw new InvalidArgumentError("expected a URL such as ws://updates.example.org:7011.");
  const tls = match[1]?.toLowerCase() === "wss";
  return { host: match[2], port: match[3] ? Number(match[3]) : tls ? 443 : 7011, tls };
}

/** Reads `mqtt://HOST[:PORT]` or `mqtts://HOST[:PORT]`; the ports are 1883 and 8883 by default. */
export function parseBroker(text: string): BrokerAddress {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw new InvalidArgumentError("expected a URL such as mqtt://127.0.0.1:1883.");
  }
  const tls = url.protocol === "mqtts:";
  if (!tls && url.protocol !== "mqtt:")
    throw new InvalidArgumentError("expected a URL that starts with mqtt:// or mqtts://.");
  if (url.username || url.password)
    throw new InvalidArgumentError(
      "a user name or password does not belong into an argument: set STREETNODE_USER and STREETNODE_PASSWORD.",
    );
  if (!url.hostname || (url.pathname !== "" && url.pathname !== "/"))
    throw new InvalidArgumentError("expected a URL such as mqtt://127.0.0.1:1883.");
  return {
    host: url.hostname.replace(/^\[|\]$/g, ""),
    port: url.port ? Number(url.port) : tls ? 8883 : 1883,
    tls,
  };
}
