/**
 * The image of a program as a file: what it is, what it fits, and who vouches for it, followed
 * by the bytecode. Three lines of text, then bytes:
 *
 *     streetnode-image 1
 *     {"version":"0.2.0","hash":"…","bytes":67584,"boards":[…],"runtime":"2.16","configSchema":1}
 *     <Ed25519 signature of the two lines above, line feeds included, base64>
 *     <bytecode>
 *
 * The signature (RFC 8032) covers the bytecode through its hash.
 */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify,
} from "node:crypto";
import { fnv1a } from "../flash/fstor";
import { PROGRAM_ALIGN, HASH_BYTES } from "./wssk";
import { programHash, type Program } from "./transfer";

const MAGIC_LINE = "streetnode-image 1\n";
/** Larger than any program that a node can hold. */
export const IMAGE_MAX_BYTES = 256 * 1024;
const HEADER_MAX_BYTES = 4096;
const SIGNATURE_BYTES = 64;
/** First bytes of DeviceScript bytecode, and where its version stands (`devs_img_header_t`). */
const BYTECODE_MAGIC = Buffer.from("446576530a6e29f1", "hex");
const BYTECODE_VERSION_AT = 8;

/** Version of the configuration document that this project's firmware reads. */
export const CONFIG_SCHEMA = 1;

/** What an image says of its program. */
export interface ImageHeader {
  readonly version: string;
  /** SHA-256 of the bytecode, 64 lower-case hexadecimal digits. */
  readonly hash: string;
  readonly bytes: number;
  /** Boards that it runs on. */
  readonly boards: readonly string[];
  /** Major and minor version of the runtime that it was compiled for, such as `2.16`. */
  readonly runtime: string;
  /** Version of the configuration document that it reads. */
  readonly configSchema: number;
}

/** A program with all that is said of it. */
export interface Image extends Program {
  readonly header: ImageHeader;
  /** FNV-1a of the bytecode, 32 bits: the name that a node itself has for it. */
  readonly shortHash: number;
}

/** Why an image is refused. */
export type ImageProblem =
  | "not-an-image"
  | "damaged"
  | "bad-header"
  | "not-signed"
  | "wrong-board"
  | "wrong-runtime"
  | "wrong-config-schema";

/** An image cannot be used. */
export class ImageError extends Error {
  override readonly name = "ImageError";
  readonly problem: ImageProblem;

  constructor(problem: ImageProblem, message: string) {
    super(message);
    this.problem = problem;
  }
}

/** A file that is to be a signing key cannot be used as one. */
export class KeyError extends Error {
  override readonly name = "KeyError";
}

/** A new key pair for signing images, in PEM: the private half is to be kept from others. */
export function newSigningKey(): { privateKey: string; publicKey: string } {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  return {
    privateKey: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    publicKey: publicKey.export({ type: "spki", format: "pem" }).toString(),
  };
}

/**
 * Reads the public half of a signing key.
 *
 * @param pem as it stands in its file
 * @returns the key alone, in PEM, without anything that stood beside it
 * @throws KeyError for the secret half, which has no place where images are only checked, and
 *   for keys of other kinds
 */
export function readPublicKey(pem: string): string {
  if (/PRIVATE KEY/.test(pem))
    throw new KeyError("holds the secret half of a key: the one that ends in .pub is meant");
  const key = parsed(() => createPublicKey(pem));
  return key.export({ type: "spki", format: "pem" }).toString();
}

/** Short name of a key: the first 16 digits of the SHA-256 of its public half. */
export function keyId(publicKey: string): string {
  const der = createPublicKey(publicKey).export({ type: "spki", format: "der" });
  return createHash("sha256").update(der).digest("hex").slice(0, 16);
}

/** @throws KeyError when it is no key of Ed25519 */
function parsed(parse: () => KeyObject): KeyObject {
  let key: KeyObject;
  try {
    key = parse();
  } catch {
    throw new KeyError("is no key of Ed25519 in PEM without a passphrase");
  }
  if (key.asymmetricKeyType !== "ed25519")
    throw new KeyError(`is a key of the kind ${key.asymmetricKeyType}, expected ed25519`);
  return key;
}

/** What is said of a program when its image is made. */
export interface ImageParts {
  readonly bytecode: Uint8Array;
  readonly version: string;
  readonly boards: readonly string[];
}

/**
 * Makes a signed image.
 *
 * @param privateKey in PEM, of Ed25519
 * @throws KeyError when the key cannot sign
 * @throws ImageError when the bytecode is no program
 */
export function signImage({ bytecode, version, boards }: ImageParts, privateKey: string): Buffer {
  const header: ImageHeader = {
    version,
    hash: programHash(bytecode),
    bytes: bytecode.length,
    boards,
    runtime: runtimeOf(bytecode),
    configSchema: CONFIG_SCHEMA,
  };
  const key = parsed(() => createPrivateKey(privateKey));
  const signed = Buffer.from(`${MAGIC_LINE}${JSON.stringify(header)}\n`);
  const signature = sign(null, signed, key).toString("base64");
  return Buffer.concat([signed, Buffer.from(`${signature}\n`), bytecode]);
}

/**
 * Reads an image, and checks all that can be checked of it alone.
 *
 * @param trusted public keys in PEM; one of them must have signed it
 * @throws ImageError that says what is wrong
 */
export function readImage(file: Uint8Array, trusted: readonly string[]): Image {
  const parts = partsOf(file);
  const { signed, signature } = parts;
  if (
    signature.length !== SIGNATURE_BYTES ||
    signature.toString("base64") !== parts.signatureText ||
    !trusted.some((key) => verify(null, signed, createPublicKey(key), signature))
  )
    throw new ImageError("not-signed", "is not signed by a key that this city trusts");
  return imageOf(parts);
}

/**
 * What an image was made of, to be signed with another key; who signed it is not asked.
 *
 * @throws ImageError when it is no image, or damaged
 */
export function unsignedParts(file: Uint8Array): ImageParts {
  const { bytecode, header } = imageOf(partsOf(file));
  return { bytecode, version: header.version, boards: header.boards };
}

/** What a file that looks like an image consists of; nothing of it is checked. */
interface FileParts {
  /** What the signature covers. */
  readonly signed: Buffer;
  readonly signatureText: string;
  readonly signature: Buffer;
  readonly header: string;
  readonly bytecode: Uint8Array;
}

function partsOf(file: Uint8Array): FileParts {
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.byteLength);
  if (!bytes.subarray(0, MAGIC_LINE.length).equals(Buffer.from(MAGIC_LINE)))
    throw new ImageError("not-an-image", "does not begin as an image of Streetnode");
  if (bytes.length > IMAGE_MAX_BYTES)
    throw new ImageError("damaged", `has ${bytes.length} bytes, ${IMAGE_MAX_BYTES} are possible`);
  const headerEnd = lineEnd(bytes, MAGIC_LINE.length);
  const signatureEnd = lineEnd(bytes, headerEnd);
  const signatureText = bytes.toString("latin1", headerEnd, signatureEnd - 1);
  return {
    signed: bytes.subarray(0, headerEnd),
    signatureText,
    signature: Buffer.from(signatureText, "base64"),
    header: bytes.toString("utf8", MAGIC_LINE.length, headerEnd - 1),
    bytecode: new Uint8Array(bytes.subarray(signatureEnd)),
  };
}

function imageOf(parts: FileParts): Image {
  const header = readHeader(parts.header);
  const { bytecode } = parts;
  if (bytecode.length !== header.bytes || programHash(bytecode) !== header.hash)
    throw new ImageError("damaged", "does not hold the program that its header names");
  if (bytecode.length % PROGRAM_ALIGN !== 0 || runtimeOf(bytecode) !== header.runtime)
    throw new ImageError(
      "bad-header",
      `says the runtime ${header.runtime}, which is not what its program is for`,
    );
  return { hash: header.hash, bytecode, header, shortHash: fnv1a(bytecode) };
}

/**
 * Checks that an image fits a node.
 *
 * @throws ImageError `wrong-board` or `wrong-runtime`
 */
export function checkFits(image: Image, node: { board: string; runtime: string }): void {
  const { boards, runtime } = image.header;
  if (!boards.includes(node.board))
    throw new ImageError("wrong-board", `is for ${boards.join(", ")}, not for ${node.board}`);
  if (runtime !== node.runtime)
    throw new ImageError("wrong-runtime", `is for the runtime ${runtime}, not for ${node.runtime}`);
}

function lineEnd(bytes: Buffer, from: number): number {
  const end = bytes.subarray(from, from + HEADER_MAX_BYTES).indexOf("\n");
  if (end < 0) throw new ImageError("damaged", "ends within its header");
  return from + end + 1;
}

function readHeader(text: string): ImageHeader {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new ImageError("bad-header", "has a header that is no JSON");
  }
  if (typeof json !== "object" || json === null || Array.isArray(json))
    throw new ImageError("bad-header", "has a header that is no object");
  const header = json as Record<string, unknown>;
  const { version, hash, bytes, boards, runtime, configSchema } = header;
  const expect = (good: boolean, field: string, expected: string) => {
    if (!good)
      throw new ImageError(
        "bad-header",
        `says ${field}: ${JSON.stringify(header[field])}, expected ${expected}`,
      );
  };
  expect(typeof version === "string" && /^[\x21-\x7e]{1,32}$/.test(version), "version", "a text");
  const hex = new RegExp(`^[0-9a-f]{${2 * HASH_BYTES}}$`);
  expect(typeof hash === "string" && hex.test(hash), "hash", "a SHA-256");
  expect(Number.isSafeInteger(bytes) && Number(bytes) > 0, "bytes", "a whole number");
  const names = Array.isArray(boards) ? (boards as unknown[]) : [];
  expect(
    names.length > 0 && names.every((name) => typeof name === "string"),
    "boards",
    "names of boards",
  );
  expect(typeof runtime === "string" && /^\d+\.\d+$/.test(runtime), "runtime", "such as 2.16");
  expect(Number.isSafeInteger(configSchema), "configSchema", "a whole number");
  if (configSchema !== CONFIG_SCHEMA)
    throw new ImageError(
      "wrong-config-schema",
      `reads configuration documents of version ${Number(configSchema)}, this city writes version ${CONFIG_SCHEMA}`,
    );
  return header as unknown as ImageHeader;
}

/** The runtime that bytecode is for. @throws ImageError when it is no bytecode */
function runtimeOf(bytecode: Uint8Array): string {
  const bytes = Buffer.from(bytecode.buffer, bytecode.byteOffset, bytecode.byteLength);
  if (bytes.length < 16 || !bytes.subarray(0, BYTECODE_MAGIC.length).equals(BYTECODE_MAGIC))
    throw new ImageError("damaged", "holds no DeviceScript bytecode");
  return `${bytes[BYTECODE_VERSION_AT + 3]}.${bytes[BYTECODE_VERSION_AT + 2]}`;
}
