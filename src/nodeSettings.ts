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

/** Characters of configuration in one setting: as a JSON string at most twice so many bytes of 225. */
const CONFIGURATION_PART = 100;
const CONFIGURATION_PARTS = 32;

/**
 * The settings that provisioning writes, as `devs/node/identity.ts` and `nodeConfig.ts` read
 * them: each a key and its value as JSON text.
 *
 * @throws Error when the configuration is longer than a node holds.
 */
export function nodeSettings(provisioning: NodeProvisioning): [string, string][] {
  const { city, node, broker, password, configuration, trace } = provisioning;
  const settings: [string, string][] = [
    ["identity", JSON.stringify({ city, node })],
    ["broker", JSON.stringify({ host: broker.host, port: broker.port, tls: broker.tls })],
  ];
  if (password !== undefined) settings.push(["password", JSON.stringify(password)]);
  if (trace) settings.push(["trace", "true"]);
  const text = JSON.stringify(configuration ?? {});
  if (text === "{}") return settings;
  const parts = Math.ceil(text.length / CONFIGURATION_PART);
  if (parts > CONFIGURATION_PARTS)
    throw new Error(
      `the configuration has ${text.length} characters, a node holds ${CONFIGURATION_PARTS * CONFIGURATION_PART}`,
    );
  for (let i = 0; i < parts; i++)
    settings.push([
      `config${i}`,
      JSON.stringify(text.slice(i * CONFIGURATION_PART, (i + 1) * CONFIGURATION_PART)),
    ]);
  return settings;
}
