import { createSign, generateKeyPairSync, randomBytes } from "node:crypto";

/** A certificate and its key, in PEM. */
export interface Certificate {
  readonly certificate: string;
  readonly key: string;
}

/**
 * Makes a self-signed certificate for `localhost` and 127.0.0.1 that is valid for a day: an
 * X.509 v3 certificate (RFC 5280) on the curve P-256. Node.js can read certificates and not
 * make them.
 */
export function selfSignedCertificate(now = new Date()): Certificate {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const DAY_MS = 86_400_000;
  const name = sequence(set(sequence(oid("550403"), utf8("localhost"))));
  // ecdsa-with-SHA256, RFC 5758 section 3.2.
  const algorithm = sequence(oid("2a8648ce3d040302"));
  const extensions = sequence(
    // basicConstraints: an authority, for a client that is to trust it.
    sequence(oid("551d13"), octets(sequence(der(0x01, Buffer.from([0xff]))))),
    // subjectAltName: dNSName and iPAddress.
    sequence(
      oid("551d11"),
      octets(sequence(der(0x82, Buffer.from("localhost")), der(0x87, Buffer.from([127, 0, 0, 1])))),
    ),
  );
  const body = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.concat([Buffer.from([1]), randomBytes(8)])),
    algorithm,
    name,
    sequence(utcTime(new Date(now.getTime() - DAY_MS)), utcTime(new Date(now.getTime() + DAY_MS))),
    name,
    publicKey.export({ type: "spki", format: "der" }),
    der(0xa3, extensions),
  );
  const signature = createSign("SHA256").update(body).sign(privateKey);
  const certificate = sequence(
    body,
    algorithm,
    der(0x03, Buffer.concat([Buffer.from([0]), signature])),
  );
  return {
    certificate: `-----BEGIN CERTIFICATE-----\n${certificate
      .toString("base64")
      .match(/.{1,64}/g)
      ?.join("\n")}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
  };
}

/** Tag, length, value (X.690). */
function der(tag: number, value: Buffer): Buffer {
  const { length } = value;
  const head =
    length < 0x80
      ? [tag, length]
      : length < 0x100
        ? [tag, 0x81, length]
        : [tag, 0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from(head), value]);
}

const sequence = (...parts: Buffer[]) => der(0x30, Buffer.concat(parts));
const set = (...parts: Buffer[]) => der(0x31, Buffer.concat(parts));
const oid = (hex: string) => der(0x06, Buffer.from(hex, "hex"));
const utf8 = (text: string) => der(0x0c, Buffer.from(text));
const octets = (value: Buffer) => der(0x04, value);
const utcTime = (time: Date) =>
  der(0x17, Buffer.from(time.toISOString().replace(/\D/g, "").slice(2, 14) + "Z"));
