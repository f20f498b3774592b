import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { announcement, crc16, decodeFrame, encodeFrame } from "../../../src/sim/vm/jacdac";

const device = fc
  .uint8Array({ minLength: 8, maxLength: 8 })
  .map((bytes) => Buffer.from(bytes).toString("hex"));

describe("Jacdac frames", () => {
  it("come back as they were", () => {
    fc.assert(
      fc.property(
        device,
        fc.boolean(),
        fc.nat(0x3f),
        fc.nat(0xffff),
        fc.uint8Array({ maxLength: 236 }),
        (from, isCommand, serviceIndex, command, payload) => {
          const packet = { device: from, isCommand, serviceIndex, command, payload };
          const frame = encodeFrame(packet);
          expect(frame.length % 4).toBe(0);
          expect(decodeFrame(frame)).toEqual([packet]);
        },
      ),
    );
  });

  it("carry the CRC-16-CCITT of what follows it", () => {
    // The check value of CRC-16/IBM-3740 (CCITT with start 0xffff).
    expect(crc16(Buffer.from("123456789"), 0)).toBe(0x29b1);
    const frame = announcement("1122334455667788", [0x1c18ca43]);
    expect((frame[0] ?? 0) | ((frame[1] ?? 0) << 8)).toBe(crc16(frame, 2));
  });

  it("are never read beyond their end", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        for (const packet of decodeFrame(bytes)) expect(packet.payload.length).toBeLessThan(64);
      }),
    );
  });
});
