import {
  CONFIGURATION_MAX_BYTES,
  DIRECTORY_KEY,
  PIECE_BYTES,
  partText,
  pieceKey,
  type Directory,
} from "../devs/config/configStore";
import { CHANNELS, partId } from "../devs/config/parts";

/** What a node is told before it first starts: who it is, and how it reaches its broker. */
export interface NodeProvisioning {
  readonly city: string;
  readonly node: string;
  readonly broker: { readonly host: string; readonly port: number; readonly tls: boolean };
  /** Password at the broker; its user name is the node's name. */
  readonly password?: string;
  /** A part of the configuration document. */
  readonly configuration?: object;
  /** Makes the node print every reading on its console; default false. */
  readonly trace?: boolean;
  /** Where the node's runtime gets new programs; without it there are no updates over the air. */
  readonly gateway?: GatewayAccess;
}

/** How a node's runtime reaches the update gateway. */
export interface GatewayAccess {
  readonly host: string;
  readonly port: number;
  /** TLS checks the gateway's certificate against the runtime's own list of authorities. */
  readonly tls: boolean;
  /** The node's own key, 32 bytes. */
  readonly key: Uint8Array;
}

/** The runtime's own setting for the gateway (`wssk_health.c` of the DeviceScript runtime). */
export const GATEWAY_SETTING = "wssk_connstr";

/** The gateway's address as the runtime keeps it; it holds the key. */
export function gatewayUrl({ host, port, tls, key }: GatewayAccess, node: string): string {
  const hex = Buffer.from(key).toString("hex");
  return `${tls ? "wss" : "ws"}://wssk:${hex}@${host}:${port}/wssk/${node}`;
}

/**
 * The settings that provisioning writes, as `devs/node/identity.ts` and `devs/config/` read
 * them.
 *
 * @throws Error when the configuration is longer than a node holds.
 */
export function nodeSettings(provisioning: NodeProvisioning): [string, Uint8Array][] {
  const { city, node, broker, password, configuration, trace } = provisioning;
  const settings: [string, Uint8Array][] = [
    ["identity", json({ city, node })],
    ["broker", json({ host: broker.host, port: broker.port, tls: broker.tls })],
  ];
  if (password !== undefined) settings.push(["password", json(password)]);
  if (trace) settings.push(["trace", json(true)]);
  return [...settings, ...configurationSettings(configuration ?? {})];
}

function json(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value));
}

/** A configuration as the node stores it: its parts in pieces, and the directory of them. */
function configurationSettings(configuration: object): [string, Uint8Array][] {
  const settings: [string, Uint8Array][] = [];
  const directory: Directory = { v: 0, h: 0, b: 0, p: [] };
  for (const [section, value] of Object.entries(configuration)) {
    const parts = section === CHANNELS ? Object.entries((value ?? {}) as object) : [["", value]];
    for (const [name, part] of parts as [string, unknown][]) {
      const id = partId(section, name);
      if (id < 0 || part === null) continue;
      const text = Buffer.from(partText(part as Record<string, unknown>));
      directory.b += text.length;
      directory.p.push(2 * id);
      for (let from = 0; from < text.length; from += PIECE_BYTES)
        settings.push([
          pieceKey(2 * id, from / PIECE_BYTES),
          text.subarray(from, from + PIECE_BYTES),
        ]);
    }
  }
  if (directory.b > CONFIGURATION_MAX_BYTES)
    throw new Error(
      `the configuration has ${directory.b} bytes, a node holds ${CONFIGURATION_MAX_BYTES}`,
    );
  return settings.length === 0 ? [] : [...settings, [DIRECTORY_KEY, json(directory)]];
}
