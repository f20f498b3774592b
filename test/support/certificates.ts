import { generateKeyPairSync, randomBytes, sign, type KeyObject } from "node:crypto";

/**
 * Certificates for tests, written by X.690 (DER) and RFC 5280: an authority of one's own and
 * the servers it vouches for. Keys are on P-256, signatures ECDSA with SHA-256.
 */

/** A certificate and its key, in PEM. */
export interface Certificate {
  readonly certificate: string;
  readonly key: string;
}

/** A certificate authority that exists for one test. */
export interface Authority {
  /** Its own certificate in PEM, which clients are to trust. */
  readonly certificate: string;
  /** A certificate for a server with that DNS name, or IPv4 address. */
  issue(host: string): Certificate;
}

const DAY_MS = 86_400_000;
/** Tags of X.690 section 8. */
const INTEGER = 0x02;
const BIT_STRING = 0x03;
const OCTET_STRING = 0x04;
const OBJECT_ID = 0x06;
const UTF8_STRING = 0x0c;
const UTC_TIME = 0x17;
const SEQUENCE = 0x30;
const SET = 0x31;
/** Object identifiers, encoded: ecdsa-with-SHA256, commonName, basicConstraints, subjectAltName. */
const ECDSA_SHA256 = [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];
const COMMON_NAME = [0x55, 0x04, 0x03];
const BASIC_CONSTRAINTS = [0x55, 0x1d, 0x13];
const SUBJECT_ALT_NAME = [0x55, 0x1d, 0x11];
/** Kinds of alternative names (RFC 5280 section 4.2.1.6). */
const DNS_NAME = 0x82;
const IP_ADDRESS = 0x87;

/** Makes an authority. */
export function makeAuthority(): Authority {
  const keys = keyPair();
  const issuer = name("Test authority");
  const isAuthority = der(SEQUENCE, Buffer.from([0x01, 0x01, 0xff]));
  const own = certify(issuer, issuer, keys.publicKey, keys.privateKey, [
    extension(BASIC_CONSTRAINTS, isAuthority),
  ]);
  return {
    certificate: own,
    issue(host) {
      const server = keyPair();
      const address = /^\d+(\.\d+){3}$/.test(host);
      const bytes = address ? Buffer.from(host.split(".").map(Number)) : Buffer.from(host);
      const names = der(SEQUENCE, der(address ? IP_ADDRESS : DNS_NAME, bytes));
      return {
        certificate: certify(issuer, name(host), server.publicKey, keys.privateKey, [
          extension(SUBJECT_ALT_NAME, names),
        ]),
        key: server.privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
      };
    },
  };
}

function keyPair() {
  return generateKeyPairSync("ec", { namedCurve: "P-256" });
}

/** A certificate in PEM (RFC 5280 section 4.1), valid from yesterday to tomorrow. */
function certify(
  issuer: Buffer,
  subject: Buffer,
  publicKey: KeyObject,
  signer: KeyObject,
  extensions: Buffer[],
): string {
  const algorithm = der(SEQUENCE, der(OBJECT_ID, Buffer.from(ECDSA_SHA256)));
  const version3 = der(0xa0, der(INTEGER, Buffer.from([2])));
  // The first byte keeps the number positive.
  const serial = der(INTEGER, Buffer.concat([Buffer.from([1]), randomBytes(8)]));
  const validity = der(SEQUENCE, utcTime(Date.now() - DAY_MS), utcTime(Date.now() + DAY_MS));
  const signed = der(
    SEQUENCE,
    version3,
    serial,
    algorithm,
    issuer,
    validity,
    subject,
    publicKey.export({ type: "spki", format: "der" }),
    der(0xa3, der(SEQUENCE, ...extensions)),
  );
  const signature = Buffer.concat([Buffer.from([0]), sign("sha256", signed, signer)]);
  const whole = der(SEQUENCE, signed, algorithm, der(BIT_STRING, signature));
  const lines = whole.toString("base64").match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
}

function name(commonName: string): Buffer {
  const value = der(UTF8_STRING, Buffer.from(commonName));
  const part = der(SEQUENCE, der(OBJECT_ID, Buffer.from(COMMON_NAME)), value);
  return der(SEQUENCE, der(SET, part));
}

function extension(id: readonly number[], value: Buffer): Buffer {
  return der(SEQUENCE, der(OBJECT_ID, Buffer.from(id)), der(OCTET_STRING, value));
}

function utcTime(ms: number): Buffer {
  const digits = new Date(ms).toISOString().replaceAll(/\D/g, "").slice(2, 14);
  return der(UTC_TIME, Buffer.from(`${digits}Z`));
}

/** Tag, length and content (X.690 section 8.1). */
function der(tag: number, ...contents: Buffer[]): Buffer {
  const content = Buffer.concat(contents);
  const { length } = content;
  const lengthBytes =
    length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...lengthBytes]), content]);
}
