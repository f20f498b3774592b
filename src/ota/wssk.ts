/**
 * The protocol by which DeviceScript's runtime takes orders from a gateway ("WSSK", WebSocket
 * with a symmetric key), server side. Source: `runtime/devicescript/network/wssk.c` and
 * `wssk_health.c` of the DeviceScript 2.16.4 runtime.
 *
 * The runtime opens a WebSocket whose subprotocol carries its random half of the session key.
 * The gateway answers with a hello that carries the other half; from then on every message is
 * AES-256-CCM with a tag of 4 bytes (RFC 3610, M = 4, L = 2), under nonces that count up from
 * one start value a direction. Each side first proves that it has the key by 32 zero bytes. So a
 * message that was recorded, repeated, left out, shortened or changed does not open.
 */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from "node:crypto";

const HELLO_MAGIC = 0xcee428ca;
const HELLO_VERSION = 2;
/** Bytes of each side's random half. */
const SEED_BYTES = 16;
const KEY_BYTES = 32;
const TAG_BYTES = 4;
const NONCE_BYTES = 13;
/** Zero bytes by which each side shows that it has the key. */
const PROOF_BYTES = 32;
const CIPHER = "aes-256-ccm";

/** First bytes of the two directions' nonces. */
const FROM_DEVICE = 1;
const FROM_GATEWAY = 2;

/** A message longer than this is none of the runtime's: its buffers hold a few hundred bytes. */
export const MESSAGE_MAX_BYTES = 4096;

/** The runtime takes pieces of a program of at most so many bytes, a multiple of 32. */
export const WRITE_MAX_BYTES = 192;
/** A program's length is a multiple of this (`DEVSMGR_ALIGN`). */
export const PROGRAM_ALIGN = 32;
/** Bytes of the hash that the runtime tells of its program, a SHA-256. */
export const HASH_BYTES = 32;

/** Commands of the protocol; an answer carries the command it answers. */
export enum WsskCommand {
  /** 16 bits say what the device sends of itself, see `Streaming`. */
  SetStreaming = 0x90,
  PingDevice = 0x91,
  /** The device asks for a sign of life after 16 s of silence, and gives up after 32 s. */
  PingCloud = 0x92,
  /** Answer: SHA-256 of the program in flash, or zeros where there is none. */
  GetHash = 0x93,
  /** Size of the program, 32 bits little-endian: stops the one there is and erases it. */
  DeployStart = 0x94,
  DeployWrite = 0x95,
  DeployFinish = 0x96,
  /** Lines of the device's log. */
  Log = 0x9a,
  /** The device refused the last command. */
  Error = 0xff,
}

/** `SetStreaming`: the lines of the log; ends by itself after 16 s. */
export const STREAM_LOG = 0x0002;

/** Why a connection was refused or ended by the gateway. */
export type WsskProblem =
  "no-subprotocol" | "unknown-node" | "wrong-key" | "bad-message" | "message-too-long";

/** The device broke the protocol, or is not who it says. */
export class WsskError extends Error {
  override readonly name = "WsskError";
  readonly problem: WsskProblem;

  constructor(problem: WsskProblem, message: string) {
    super(message);
    this.problem = problem;
  }
}

/**
 * The device's random half of the key, from the subprotocols that it asks for.
 *
 * @throws WsskError `no-subprotocol` when none of them is the runtime's
 */
export function deviceSeed(subprotocols: Iterable<string>): Buffer {
  for (const name of subprotocols) {
    const hex = /^devs-key-([0-9a-f]{32})$/i.exec(name)?.[1];
    if (hex) return Buffer.from(hex, "hex");
  }
  throw new WsskError("no-subprotocol", "asks for no subprotocol devs-key-<32 hex digits>");
}

/** One encrypted conversation with a device, over whatever carries whole messages. */
export class WsskSession {
  /** The first message, in clear. */
  readonly hello: Uint8Array;
  readonly #key: Buffer;
  readonly #fromDevice = nonce(FROM_DEVICE);
  readonly #fromGateway = nonce(FROM_GATEWAY);
  #proved = false;

  /**
   * @param key the key that gateway and device share, 32 bytes
   * @param theirSeed the device's half, see `deviceSeed`
   * @param ourSeed 16 random bytes
   */
  constructor(
    key: Uint8Array,
    theirSeed: Uint8Array,
    ourSeed: Uint8Array = randomBytes(SEED_BYTES),
  ) {
    if (key.length !== KEY_BYTES) throw new RangeError(`the key has ${key.length} bytes, not 32`);
    const hello = Buffer.alloc(8 + SEED_BYTES);
    hello.writeUInt32LE(HELLO_MAGIC, 0);
    hello.writeUInt32LE(HELLO_VERSION, 4);
    hello.set(ourSeed, 8);
    this.hello = hello;
    const info = Buffer.concat([theirSeed, ourSeed]);
    this.#key = Buffer.from(hkdfSync("sha256", key, Buffer.alloc(0), info, KEY_BYTES));
  }

  /** Whether the device has shown that it has the key. */
  get proved(): boolean {
    return this.#proved;
  }

  /**
   * Opens a message of the device. The first one is its proof; `undefined` is given for it,
   * and `seal` of `proof()` is to be sent.
   *
   * @throws WsskError `wrong-key` for the proof, `bad-message` for a later one, `message-too-long`
   */
  open(message: Uint8Array): Buffer | undefined {
    if (message.length > MESSAGE_MAX_BYTES)
      throw new WsskError("message-too-long", `sent a message of ${message.length} bytes`);
    const plain = this.#decrypt(message);
    if (this.#proved) {
      if (!plain || plain.length === 0)
        throw new WsskError(
          "bad-message",
          "sent a message that does not open with the session's key",
        );
      return plain;
    }
    if (plain?.length !== PROOF_BYTES || plain.some((byte) => byte !== 0))
      throw new WsskError("wrong-key", "has another key than the inventory");
    this.#proved = true;
    return undefined;
  }

  /** The gateway's own proof, sealed. */
  proof(): Uint8Array {
    return this.#encrypt(Buffer.alloc(PROOF_BYTES));
  }

  /** A command for the device, sealed. */
  seal(command: WsskCommand, payload: Uint8Array = new Uint8Array(0)): Uint8Array {
    return this.#encrypt(Buffer.concat([Uint8Array.of(command), payload]));
  }

  #encrypt(plain: Uint8Array): Uint8Array {
    const cipher = createCipheriv(CIPHER, this.#key, this.#fromGateway, {
      authTagLength: TAG_BYTES,
    });
    const sealed = Buffer.concat([cipher.update(plain), cipher.final()]);
    countUp(this.#fromGateway);
    return Buffer.concat([sealed, cipher.getAuthTag()]);
  }

  #decrypt(message: Uint8Array): Buffer | undefined {
    if (message.length <= TAG_BYTES) return undefined;
    const decipher = createDecipheriv(CIPHER, this.#key, this.#fromDevice, {
      authTagLength: TAG_BYTES,
    });
    decipher.setAuthTag(message.subarray(message.length - TAG_BYTES));
    countUp(this.#fromDevice);
    try {
      const plain = decipher.update(message.subarray(0, message.length - TAG_BYTES));
      decipher.final();
      return plain;
    } catch {
      return undefined;
    }
  }
}

function nonce(first: number): Buffer {
  const bytes = Buffer.alloc(NONCE_BYTES);
  bytes[0] = first;
  return bytes;
}

/** Adds one to a number whose last byte is the lowest. */
function countUp(bytes: Buffer): void {
  for (let at = bytes.length - 1; at >= 0; at--) {
    bytes[at] = ((bytes[at] ?? 0) + 1) & 0xff;
    if (bytes[at] !== 0) return;
  }
}
