import { createCipheriv, createDecipheriv, hkdfSync } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { programHash, Transfer, TransferState } from "../../src/ota/transfer";
import { deviceSeed, WsskCommand, WsskError, WsskSession } from "../../src/ota/wssk";

const KEY = new Uint8Array(32).fill(3);
const DEVICE_SEED = new Uint8Array(16).fill(1);

/** The device's side of a session, as `wssk.c` does it. */
class Device {
  readonly #key: Buffer;
  #sent = 0;
  #received = 0;

  constructor(hello: Uint8Array, key = KEY) {
    const info = Buffer.concat([DEVICE_SEED, hello.subarray(8)]);
    this.#key = Buffer.from(hkdfSync("sha256", key, new Uint8Array(0), info, 32));
  }

  seal(plain: Uint8Array): Uint8Array {
    const cipher = createCipheriv("aes-256-ccm", this.#key, nonce(1, this.#sent++), {
      authTagLength: 4,
    });
    const sealed = Buffer.concat([cipher.update(plain), cipher.final()]);
    return Buffer.concat([sealed, cipher.getAuthTag()]);
  }

  open(message: Uint8Array): Uint8Array {
    const decipher = createDecipheriv("aes-256-ccm", this.#key, nonce(2, this.#received++), {
      authTagLength: 4,
    });
    decipher.setAuthTag(message.subarray(-4));
    const plain = decipher.update(message.subarray(0, -4));
    decipher.final();
    return plain;
  }
}

function nonce(first: number, count: number): Buffer {
  const bytes = Buffer.alloc(13);
  bytes[0] = first;
  bytes.writeUInt32BE(count, 9);
  return bytes;
}

function talk() {
  const session = new WsskSession(KEY, DEVICE_SEED);
  const device = new Device(session.hello);
  session.open(device.seal(new Uint8Array(32)));
  return { session, device };
}

function problem(work: () => unknown): string {
  try {
    work();
    return "none";
  } catch (error) {
    return (error as WsskError).problem;
  }
}

describe("a session", () => {
  it("carries messages both ways, far beyond one byte of the counter", () => {
    const { session, device } = talk();
    expect(session.proved).toBe(true);
    expect([...device.open(session.proof())]).toEqual([...new Uint8Array(32)]);
    for (let i = 0; i < 600; i++) {
      expect(device.open(session.seal(WsskCommand.GetHash))).toEqual(Buffer.of(0x93));
      expect(session.open(device.seal(Uint8Array.of(i & 0xff)))).toEqual(Buffer.of(i & 0xff));
    }
  });

  it("refuses a device with another key", () => {
    const session = new WsskSession(KEY, DEVICE_SEED);
    const device = new Device(session.hello, new Uint8Array(32).fill(4));
    expect(problem(() => session.open(device.seal(new Uint8Array(32))))).toBe("wrong-key");
    expect(session.proved).toBe(false);
  });

  it("refuses a message that was repeated, left out, shortened or changed", () => {
    const repeated = talk();
    const message = repeated.device.seal(Uint8Array.of(1, 2, 3));
    expect(repeated.session.open(message)).toBeDefined();
    expect(problem(() => repeated.session.open(message))).toBe("bad-message");

    const gap = talk();
    gap.device.seal(Uint8Array.of(1));
    expect(problem(() => gap.session.open(gap.device.seal(Uint8Array.of(2))))).toBe("bad-message");

    fc.assert(
      fc.property(fc.nat(10), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const { session, device } = talk();
        const sealed = Buffer.from(device.seal(new Uint8Array(7)));
        sealed[at] = (sealed[at] ?? 0) ^ flip;
        expect(problem(() => session.open(sealed))).toBe("bad-message");
      }),
    );
    const short = talk();
    expect(
      problem(() => short.session.open(short.device.seal(Uint8Array.of(1, 2)).subarray(1))),
    ).toBe("bad-message");
  });

  it("refuses the recording of another session", () => {
    const session = new WsskSession(KEY, DEVICE_SEED);
    const proof = new Device(session.hello).seal(new Uint8Array(32));
    const again = new WsskSession(KEY, DEVICE_SEED);
    expect(problem(() => again.open(proof))).toBe("wrong-key");
  });

  it("never breaks on what comes before the proof", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        expect(problem(() => new WsskSession(KEY, DEVICE_SEED).open(bytes))).toBe("wrong-key");
      }),
    );
    expect(problem(() => new WsskSession(KEY, DEVICE_SEED).open(new Uint8Array(5000)))).toBe(
      "message-too-long",
    );
  });

  it("takes the device's half of the key from its subprotocol alone", () => {
    expect(deviceSeed(["x", `devs-key-${"0a".repeat(16)}`])).toEqual(Buffer.alloc(16, 10));
    expect(problem(() => deviceSeed(["devs-key-00"]))).toBe("no-subprotocol");
  });
});

describe("a transfer", () => {
  const program = (length: number) => {
    const bytecode = Uint8Array.from({ length }, (_, i) => i & 0xff);
    return { bytecode, hash: programHash(bytecode) };
  };
  const hashOf = (bytes: Uint8Array) => Buffer.from(programHash(bytes), "hex");

  it("sends every byte once, in order, in pieces that the runtime takes", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60 }), (blocks) => {
        const whole = program(32 * blocks);
        const transfer = new Transfer(whole);
        let order = transfer.start();
        const written: Uint8Array[] = [];
        for (;;) {
          const { command, payload = new Uint8Array(0) } = order;
          if (command === WsskCommand.DeployWrite) {
            expect(payload.length % 32).toBe(0);
            expect(payload.length).toBeLessThanOrEqual(192);
            written.push(payload);
          }
          const held = hashOf(Buffer.concat(written));
          const next = transfer.answered(command, command === WsskCommand.GetHash ? held : payload);
          if (!next) break;
          order = next;
        }
        expect(transfer.state).toBe(TransferState.Done);
        expect(Buffer.concat(written)).toEqual(Buffer.from(whole.bytecode));
      }),
    );
  });

  it("fails with the reason when the device refuses, answers something else, or holds something else", () => {
    const refused = new Transfer(program(64));
    refused.start();
    refused.answered(WsskCommand.Error, new Uint8Array(0));
    expect(refused.problem).toBe("the device refused erasing");
    const other = new Transfer(program(64));
    other.start();
    other.answered(WsskCommand.DeployFinish, new Uint8Array(0));
    expect(other.state).toBe(TransferState.Failed);
    const differs = new Transfer(program(32));
    for (const answer of [
      differs.start().command,
      WsskCommand.DeployWrite,
      WsskCommand.DeployFinish,
    ])
      differs.answered(answer, new Uint8Array(0));
    differs.answered(WsskCommand.GetHash, Buffer.alloc(32));
    expect(differs.problem).toContain("after the transfer");
  });

  it("takes no program that the runtime would not", () => {
    expect(() => new Transfer(program(33))).toThrow("multiple of 32");
  });
});
