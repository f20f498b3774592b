import { sign } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkFits, ImageError, newSigningKey, readImage, signImage } from "../../src/ota/image";

const KEY = newSigningKey();
const OTHER = newSigningKey();
const BOARD = "streetnode_esp32_devkitc";

/** The head of DeviceScript bytecode for the runtime 2.16.4, and a body. */
function bytecode(body = 0x5a): Uint8Array {
  const bytes = Buffer.alloc(320, body);
  Buffer.from("446576530a6e29f104001002", "hex").copy(bytes);
  return new Uint8Array(bytes);
}

const good = signImage({ bytecode: bytecode(), version: "1.2.3", boards: [BOARD] }, KEY.privateKey);

function problemOf(file: Uint8Array, keys = [KEY.publicKey]): string {
  try {
    readImage(file, keys);
    return "none";
  } catch (error) {
    if (!(error instanceof ImageError)) throw error;
    return error.problem;
  }
}

describe("an image", () => {
  it("holds the program and what it is for", () => {
    const image = readImage(good, [OTHER.publicKey, KEY.publicKey]);
    expect(image.bytecode).toEqual(bytecode());
    expect(image.header).toMatchObject({
      version: "1.2.3",
      boards: [BOARD],
      runtime: "2.16",
      configSchema: 1,
    });
    expect(() => checkFits(image, { board: BOARD, runtime: "2.16" })).not.toThrow();
  });

  it("is refused when another key has signed it", () => {
    expect(problemOf(good, [OTHER.publicKey])).toBe("not-signed");
    expect(problemOf(good, [])).toBe("not-signed");
  });

  it("is refused for another board, and for another runtime", () => {
    const image = readImage(good, [KEY.publicKey]);
    expect(() => checkFits(image, { board: "other", runtime: "2.16" })).toThrow(
      expect.objectContaining({ problem: "wrong-board" }),
    );
    expect(() => checkFits(image, { board: BOARD, runtime: "2.17" })).toThrow(
      expect.objectContaining({ problem: "wrong-runtime" }),
    );
  });

  it("is refused when it reads configurations of another version than this city writes", () => {
    const [magic = "", header = ""] = good.toString("latin1").split("\n");
    const later = { ...(JSON.parse(header) as object), configSchema: 2 };
    const signed = Buffer.from(`${magic}\n${JSON.stringify(later)}\n`);
    const signature = sign(null, signed, KEY.privateKey).toString("base64");
    const file = Buffer.concat([signed, Buffer.from(`${signature}\n`), bytecode()]);
    expect(problemOf(file)).toBe("wrong-config-schema");
  });

  it("is refused when a single bit is another, wherever it is", () => {
    fc.assert(
      fc.property(fc.nat(good.length * 8 - 1), (bit) => {
        const changed = new Uint8Array(good);
        changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        expect(problemOf(changed)).not.toBe("none");
      }),
      { numRuns: 500 },
    );
  });

  it("is refused when it is shortened or lengthened", () => {
    fc.assert(
      fc.property(fc.nat(good.length - 1), (length) => {
        expect(problemOf(good.subarray(0, length))).not.toBe("none");
      }),
    );
    expect(problemOf(Buffer.concat([good, Uint8Array.of(0)]))).toBe("damaged");
  });

  it("never breaks the reader, whatever the bytes are", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), fc.nat(good.length), (bytes, at) => {
        expect(problemOf(bytes)).not.toBe("none");
        expect(
          problemOf(Buffer.concat([good.subarray(0, at), bytes, good.subarray(at + bytes.length)])),
        ).toBeTypeOf("string");
      }),
    );
  });

  it("is not made of what is no program", () => {
    const parts = { bytecode: new Uint8Array(64), version: "1", boards: [BOARD] };
    expect(() => signImage(parts, KEY.privateKey)).toThrow("no DeviceScript bytecode");
  });
});
