import { readFileSync } from "node:fs";
import { InputError } from "../inputError";
import type { WifiAccess } from "./flashImage";

/** IEEE 802.11: a network's name has 1 to 32 bytes; WPA: a passphrase 8 to 63 characters. */
const SSID_MAX_BYTES = 32;
const PASSPHRASE = { least: 8, most: 63 };

/**
 * The access to a wireless network, checked. The passphrase comes from a file, or from
 * `STREETNODE_WIFI_PASSWORD`; an empty one is an open network.
 *
 * @throws InputError that never holds the passphrase.
 */
export function wifiAccess(
  ssid: string,
  passwordFile: string | undefined,
  environment: string | undefined = process.env["STREETNODE_WIFI_PASSWORD"],
): WifiAccess {
  const bytes = Buffer.byteLength(ssid);
  if (bytes < 1 || bytes > SSID_MAX_BYTES)
    throw new InputError(`--wifi: expected a name of 1 to 32 bytes, has ${bytes}`);
  let passphrase = environment;
  if (passwordFile !== undefined) {
    try {
      passphrase = readFileSync(passwordFile, "utf8").replace(/\r?\n$/, "");
    } catch (error) {
      throw new InputError(`--wifi-password-file ${passwordFile}: ${(error as Error).message}`);
    }
  }
  if (passphrase === undefined)
    throw new InputError(
      `the password of ${ssid} is missing: put it into a file for --wifi-password-file, or into STREETNODE_WIFI_PASSWORD (empty for an open network)`,
    );
  if (
    passphrase !== "" &&
    (passphrase.length < PASSPHRASE.least ||
      passphrase.length > PASSPHRASE.most ||
      !/^[\x20-\x7e]+$/.test(passphrase))
  )
    throw new InputError(
      `the password of ${ssid}: expected 8 to 63 printable ASCII characters, has ${passphrase.length}`,
    );
  return { ssid, passphrase };
}
