import fc from "fast-check";
import mqttPacket, { type Packet } from "mqtt-packet";
import { describe, expect, it } from "vitest";
import { DEFAULT_MAX_PACKET_BYTES, PacketDecoder } from "../../devs/mqtt/decoder";
import { PIECE_BYTES, PiecedBytes, piecedBytes } from "../../devs/mqtt/piecedBytes";
import { PacketType } from "../../devs/mqtt/packets";
import { decoderFuzz } from "../shared/mqttFuzz";

/** What the decoder gives of a stream that arrives in the given pieces. */
function decode(pieces: Buffer[], maxPacketBytes = DEFAULT_MAX_PACKET_BYTES) {
  const decoder = new PacketDecoder(maxPacketBytes);
  const packets: Record<string, unknown>[] = [];
  for (const piece of pieces) {
    decoder.feed(piece);
    while (decoder.next()) packets.push(plain(decoder));
  }
  return { packets, problem: decoder.problem };
}

/** The fields that the packet's type has. */
function plain(decoder: PacketDecoder): Record<string, unknown> {
  const { type, packetId, returnCode, sessionPresent, topicName, payload, dup, qos, retain } =
    decoder.packet;
  if (type === PacketType.Connack) return { type, returnCode, sessionPresent };
  if (type === PacketType.Puback || type === PacketType.Unsuback) return { type, packetId };
  if (type === PacketType.Suback) return { type, packetId, returnCode };
  if (type === PacketType.Publish) {
    const fields = {
      type,
      topicName,
      payload: payload?.isLeftOut() ? payload.length : payload?.slice(0, payload.length),
      dup,
      qos,
      retain,
    };
    return qos ? { ...fields, packetId } : fields;
  }
  return { type };
}

const packetId = fc.integer({ min: 1, max: 65535 });
const topicName = fc
  .string({ unit: "grapheme", minLength: 1, maxLength: 60 })
  .filter((s) => !/[#+\0]/.test(s));

/** A packet as mqtt-packet is to write it, and as the decoder should give it. */
const serverPacket: fc.Arbitrary<{ sent: Packet; expected: Record<string, unknown> }> = fc.oneof(
  fc
    .record({ returnCode: fc.integer({ min: 0, max: 5 }), sessionPresent: fc.boolean() })
    .map((fields) => ({
      sent: { cmd: "connack" as const, ...fields },
      expected: { type: PacketType.Connack, ...fields },
    })),
  packetId.map((id) => ({
    sent: { cmd: "puback" as const, messageId: id },
    expected: { type: PacketType.Puback, packetId: id },
  })),
  packetId.map((id) => ({
    sent: { cmd: "unsuback" as const, messageId: id, granted: [] },
    expected: { type: PacketType.Unsuback, packetId: id },
  })),
  fc
    .tuple(packetId, fc.array(fc.constantFrom(0, 1, 2, 0x80), { minLength: 1 }))
    .map(([id, granted]) => ({
      sent: { cmd: "suback" as const, messageId: id, granted },
      expected: { type: PacketType.Suback, packetId: id, returnCode: Math.max(...granted) },
    })),
  fc.constant({ sent: { cmd: "pingresp" as const }, expected: { type: PacketType.Pingresp } }),
  fc
    .record({
      topicName,
      payload: fc.uint8Array({ maxLength: 600 }).map((bytes) => Buffer.from(bytes)),
      retain: fc.boolean(),
      qos: fc.constantFrom(0 as const, 1 as const),
      dup: fc.boolean(),
      packetId,
    })
    .map(({ packetId: id, dup, topicName: topic, ...rest }) => {
      const again = rest.qos === 1 && dup;
      const fields = { type: PacketType.Publish, topicName: topic, dup: again, ...rest };
      return {
        sent: { cmd: "publish" as const, messageId: id, topic, dup: again, ...rest },
        expected: rest.qos === 1 ? { ...fields, packetId: id } : fields,
      };
    }),
);

/** `bytes` cut at the given places. */
function cut(bytes: Buffer, places: number[]): Buffer[] {
  const sorted = [...places.map((p) => p % (bytes.length + 1)), 0, bytes.length].sort(
    (a, b) => a - b,
  );
  return sorted.slice(1).map((end, i) => bytes.subarray(sorted[i], end));
}

describe("decoder", () => {
  it("reads what mqtt-packet writes, split and joined anywhere", () => {
    fc.assert(
      fc.property(
        fc.array(serverPacket, { minLength: 1, maxLength: 8 }),
        fc.array(fc.nat(10000), { maxLength: 20 }),
        (packets, places) => {
          const bytes = Buffer.concat(packets.map(({ sent }) => mqttPacket.generate(sent)));
          const expected = { packets: packets.map((p) => p.expected), problem: "" };
          expect(decode(cut(bytes, places))).toEqual(expected);
        },
      ),
    );
  });

  it("reads a stream byte by byte", () => {
    fc.assert(
      fc.property(fc.array(serverPacket, { minLength: 1, maxLength: 4 }), (packets) => {
        const bytes = Buffer.concat(packets.map(({ sent }) => mqttPacket.generate(sent)));
        const pieces = [...bytes].map((byte) => Buffer.from([byte]));
        expect(decode(pieces)).toEqual({ packets: packets.map((p) => p.expected), problem: "" });
      }),
    );
  });

  it.each<[string, number[], string]>([
    ["CONNACK with a reserved bit", [0x20, 2, 2, 0], "packet type 2: reserved bits set"],
    ["CONNACK too short", [0x20, 1, 0], "packet type 2: wrong length"],
    ["reserved header bits", [0x41, 2, 0, 1], "packet type 4: reserved bits set"],
    ["PUBACK too long", [0x40, 3, 0, 1, 0], "packet type 4: wrong length"],
    ["PUBACK of identifier 0", [0x40, 2, 0, 0], "packet type 4: packet identifier 0"],
    ["SUBACK without a return code", [0x90, 2, 0, 1], "packet type 9: wrong length"],
    ["SUBACK of identifier 0", [0x90, 3, 0, 0, 1], "packet type 9: packet identifier 0"],
    ["UNSUBACK too short", [0xb0, 1, 0], "packet type 11: wrong length"],
    ["PINGRESP with a body", [0xd0, 1, 0], "packet type 13: wrong length"],
    ["PUBLISH with QoS 2", [0x34, 5, 0, 1, 0x74, 0, 1], "packet type 3: QoS 2"],
    ["PUBLISH with QoS 3", [0x36, 5, 0, 1, 0x74, 0, 1], "packet type 3: QoS 3"],
    ["PUBLISH without a topic length", [0x30, 1, 0], "packet type 3: wrong length"],
    ["PUBLISH with a topic over its end", [0x30, 3, 0, 2, 0x74], "packet type 3: wrong length"],
    ["PUBLISH without its identifier", [0x32, 4, 0, 1, 0x74, 0], "packet type 3: wrong length"],
    ["PUBLISH of identifier 0", [0x32, 5, 0, 1, 0x74, 0, 0], "packet type 3: packet identifier 0"],
    ["PUBLISH with an empty topic", [0x30, 2, 0, 0], "packet type 3: bad topic name"],
    ["PUBLISH with '#'", [0x30, 3, 0, 1, 0x23], "packet type 3: bad topic name"],
    ["PUBLISH with '+'", [0x30, 3, 0, 1, 0x2b], "packet type 3: bad topic name"],
    ["PUBLISH with NUL", [0x30, 3, 0, 1, 0], "packet type 3: bad topic name"],
    [
      "a remaining length of five bytes",
      [0x30, 0x80, 0x80, 0x80, 0x80, 1],
      "remaining length over 4 bytes",
    ],
    ["a packet over the limit", [0x90, 0x81, 0x20], "over 4096 bytes"],
    ...[0, 1, 5, 6, 7, 8, 10, 12, 14, 15].map((type): [string, number[], string] => [
      `packet type ${type}`,
      [type << 4, 0],
      `packet type ${type}: not for a client`,
    ]),
  ])("ends at %s and says why", (_name, bytes, problem) => {
    const good = mqttPacket.generate({ cmd: "pingresp" });
    const result = decode([good, Buffer.from(bytes), good]);
    expect(result).toEqual({ packets: [{ type: PacketType.Pingresp }], problem });
  });

  it("takes a PUBLISH of exactly the limit, and leaves a longer one out", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 5, max: 2000 }),
        fc.integer({ min: 5, max: 2000 }),
        fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1 }),
        (limit, size, cuts) => {
          const payload = Buffer.alloc(size - 5, 7);
          const fields = { topic: "t", qos: 1 as const, dup: false, retain: false };
          const sent = Buffer.concat([
            mqttPacket.generate({ cmd: "publish", ...fields, payload, messageId: 258 }),
            mqttPacket.generate({ cmd: "pingresp" }),
          ]);
          const pieces: Buffer[] = [];
          for (let at = 0, i = 0; at < sent.length; i++) {
            const to = at + (cuts[i % cuts.length] ?? 1);
            pieces.push(sent.subarray(at, to));
            at = to;
          }
          const { packets, problem } = decode(pieces, limit);
          expect(problem).toBe("");
          expect(packets).toMatchObject([
            { topicName: "t", packetId: 258, payload: size > limit ? size - 5 : payload },
            { type: PacketType.Pingresp },
          ]);
        },
      ),
    );
  });

  it("starts afresh after a reset in the middle of a packet", () => {
    const decoder = new PacketDecoder(100);
    decoder.feed(Buffer.from([0x40, 2, 0]));
    expect(decoder.next()).toBe(false);
    decoder.reset();
    decoder.feed(Buffer.from([0xd0, 0]));
    expect(decoder.next()).toBe(true);
    expect(decoder.packet.type).toBe(PacketType.Pingresp);
  });

  it("survives a million random and mutated inputs", async () => {
    const result = await decoderFuzz(1_000_000, 20260101, () => Promise.resolve());
    expect(result.inputs).toBe(1_000_000);
    // The inputs reach both outcomes, and often.
    expect(result.packets).toBeGreaterThan(100_000);
    expect(result.problems).toBeGreaterThan(100_000);
  });
});

describe("bytes in pieces", () => {
  it("are those that were put in, wherever they are cut", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 3500 }),
        fc.nat(600),
        fc.nat(3500),
        fc.nat(3500),
        (array, offset, one, other) => {
          const whole = Buffer.from(array);
          const pieces: Buffer[] = [];
          for (let at = 0; at < whole.length; at += PIECE_BYTES)
            pieces.push(whole.subarray(at, at + PIECE_BYTES));
          const from = Math.min(offset, whole.length);
          const bytes = whole.subarray(from);
          const pieced = new PiecedBytes(pieces, from, bytes.length);
          const start = Math.min(one, other, bytes.length);
          const end = Math.min(Math.max(one, other), bytes.length);
          expect(pieced.slice(start, end)).toEqual(Buffer.from(bytes.subarray(start, end)));
          expect(pieced.beginning(one)).toEqual(Buffer.from(bytes.subarray(0, one)));
          for (let i = start; i < end; i++) expect(pieced.at(i)).toBe(bytes[i]);
          expect(piecedBytes(whole).beginning(4000)).toEqual(whole);
        },
      ),
    );
  });
});
