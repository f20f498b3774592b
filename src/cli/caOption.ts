import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { InputError } from "../inputError";
import type { BrokerAddress } from "./options";

/**
 * Reads the file of `--ca`: the certificate, in PEM, of the authority that vouches for the
 * broker, or several of them.
 *
 * @throws InputError
 */
export function readCa(file: string, broker: BrokerAddress | undefined): string {
  if (!broker?.tls) throw new InputError("--ca: needs --broker mqtts://HOST, which is TLS");
  let pem: string;
  try {
    pem = readFileSync(file, "utf8");
  } catch (error) {
    throw new InputError(`--ca ${file}: ${(error as Error).message}`);
  }
  try {
    new X509Certificate(pem);
  } catch {
    throw new InputError(`--ca ${file}: expected a certificate in PEM (BEGIN CERTIFICATE)`);
  }
  return pem;
}
