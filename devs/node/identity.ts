import { readSetting, settings } from "@devicescript/settings";
import { nameProblem } from "../contract/topics";
import { SettingsStorage } from "../outbox/settingsStorage";
import { programHash } from "../runtime/services";

/** Who this node is and where its broker is, as provisioning stored it. */
export class Identity {
  city = "";
  node = "";
  host = "";
  port = 0;
  tls = false;
  /** Empty when the broker asks for none. */
  password = "";
  /** Boots since the flash was new, this one included; `storeBoot` makes it last. */
  boot = 0;
  /** The pole that the node hangs on, as the city said last; undefined for none. */
  pole: string | undefined = undefined;
  /** Hash of the program that runs: FNV-1a, 32 bits. */
  program = 0;
  /** Whether every reading is printed on the console before it is handed on. */
  trace = false;
}

/** Settings keys; at most 13 characters each. */
const KEY_IDENTITY = "identity";
const KEY_BROKER = "broker";
const KEY_PASSWORD = "password";
const KEY_BOOT = "boot";
const KEY_POLE = "pole";
const KEY_TRACE = "trace";

/**
 * Writes the number of this boot into flash; to be called before anything is sent or kept
 * under it. Not at once after power came: a lamp circuit flickers when it is switched, and
 * the runtime forgets all settings when the power goes in the middle of a write.
 *
 * @throws Error when it is not in flash afterwards.
 */
export async function storeBoot(identity: Identity): Promise<void> {
  await new SettingsStorage().write(KEY_BOOT, Buffer.from("" + identity.boot));
}

/**
 * Keeps the pole in flash: the city says it once, not at every start. Its bytes as they are: as JSON
 * a name in Arabic would be too long for a setting, and the runtime aborts when it reads such a one.
 */
export async function storePole(identity: Identity): Promise<void> {
  await settings.set(KEY_POLE, Buffer.from(identity.pole || ""));
}

/**
 * Reads the identity from flash and counts this boot.
 *
 * @throws Error that names the setting when one is missing or wrong: the node was not
 *   provisioned.
 */
export async function loadIdentity(): Promise<Identity> {
  const who = await readSetting(KEY_IDENTITY);
  const broker = await readSetting(KEY_BROKER);
  if (!who || !broker) throw new Error("not provisioned: no identity or broker in flash");
  const cityProblem = nameProblem("" + who.city);
  if (cityProblem) throw new Error("identity.city: " + cityProblem);
  const nodeProblem = nameProblem("" + who.node);
  if (nodeProblem) throw new Error("identity.node: " + nodeProblem);
  const port = broker.port;
  if (!broker.host || !(port > 0 && port < 65536))
    throw new Error("broker: needs a host and a port from 1 to 65535");
  const identity = new Identity();
  identity.city = who.city;
  identity.node = who.node;
  identity.host = broker.host;
  identity.port = port;
  identity.tls = !!broker.tls;
  identity.password = (await readSetting<string>(KEY_PASSWORD)) || "";
  identity.boot = ((await readSetting<number>(KEY_BOOT)) || 0) + 1;
  const pole = await new SettingsStorage().read(KEY_POLE);
  if (pole) identity.pole = pole.toString();
  identity.program = await programHash();
  identity.trace = !!(await readSetting<boolean>(KEY_TRACE, false));
  return identity;
}
