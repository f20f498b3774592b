import {
  CONFIGURATION_MAX_BYTES,
  DIRECTORY_KEY,
  PIECE_BYTES,
  pieceKey,
} from "../devs/config/configStore";
import { newDirectory, withPart } from "../devs/config/directory";
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
}

/**
 * The settings that provisioning writes, as `devs/node/identity.ts` and `devs/config/` read
 * them.
 *
 * @throws Error when the configuration is longer than a node holds.
 */
export function nodeSettings(provisioning: NodeProvisioning): [string, Uint8Array][] {
  const { city, node, broker, password, configuration, trace } = provisioning;
  const json = (value: unknown) => Buffer.from(JSON.stringify(value));
  const settings: [string, Uint8Array][] = [
    ["identity", json({ city, node })],
    ["broker", json({ host: broker.host, port: broker.port, tls: broker.tls })],
  ];
  if (password !== undefined) settings.push(["password", json(password)]);
  if (trace) settings.push(["trace", json(true)]);
  return [...settings, ...configurationSettings(configuration ?? {})];
}

/** A configuration as the node stores it: its parts in pieces, and the directory of them. */
function configurationSettings(configuration: object): [string, Uint8Array][] {
  const settings: [string, Uint8Array][] = [];
  let directory = newDirectory(0, 0);
  let total = 0;
  for (const [section, value] of Object.entries(configuration)) {
    const parts = section === CHANNELS ? Object.entries((value ?? {}) as object) : [["", value]];
    for (const [name, part] of parts as [string, unknown][]) {
      const id = partId(section, name);
      if (id < 0 || part === null) continue;
      const text = Buffer.from(JSON.stringify(part));
      total += text.length;
      directory = withPart(directory, id, 0, text.length);
      for (let from = 0; from < text.length; from += PIECE_BYTES)
        settings.push([
          pieceKey(id, 0, from / PIECE_BYTES),
          text.subarray(from, from + PIECE_BYTES),
        ]);
    }
  }
  if (total > CONFIGURATION_MAX_BYTES)
    throw new Error(
      `the configuration has ${total} bytes, a node holds ${CONFIGURATION_MAX_BYTES}`,
    );
  return settings.length === 0 ? [] : [...settings, [DIRECTORY_KEY, directory]];
}
