import fc from "fast-check";
import mqttPacket, { type IConnectPacket, type Packet } from "mqtt-packet";
import { describe, expect, it } from "vitest";
import {
  type ConnectFields,
  encodeConnect,
  encodeDisconnect,
  encodePingreq,
  encodePuback,
  encodePublish,
  encodeSubscribe,
} from "../../devs/mqtt/packets";

/** The one packet that those bytes are, read by mqtt-packet. */
function parse(bytes: Buffer): Packet {
  const packets: Packet[] = [];
  const parser = mqttPacket.parser({ protocolVersion: 4 });
  parser.on("packet", (packet) => packets.push(packet));
  parser.on("error", (error) => {
    throw error;
  });
  expect(parser.parse(bytes)).toBe(0);
  expect(packets).toHaveLength(1);
  return packets[0];
}

const text = fc
  .string({ unit: "grapheme", minLength: 1, maxLength: 40 })
  .filter((s) => !/[#+\0]/.test(s));
const payload = fc.oneof(
  fc.string({ unit: "grapheme", maxLength: 400 }),
  fc.uint8Array({ maxLength: 20000 }).map((bytes) => Buffer.from(bytes)),
);
const message = fc.record({ topic: text, payload, retain: fc.boolean() });
const packetId = fc.integer({ min: 1, max: 65535 });

describe("packets as mqtt-packet reads them", () => {
  it("CONNECT, with every combination of will, user name and password", () => {
    const fields: fc.Arbitrary<ConnectFields> = fc.record({
      clientId: text,
      username: fc.option(text, { nil: undefined }),
      password: fc.option(text, { nil: undefined }),
      keepAliveS: fc.integer({ min: 0, max: 65535 }),
      will: fc.option(
        fc.record({ topic: text, payload: fc.string({ minLength: 1 }), retain: fc.boolean() }),
        {
          nil: undefined,
        },
      ),
    });
    fc.assert(
      fc.property(fields, (f) => {
        const packet = parse(encodeConnect(f)) as IConnectPacket;
        expect(packet.cmd).toBe("connect");
        expect(packet.protocolId).toBe("MQTT");
        expect(packet.protocolVersion).toBe(4);
        expect(packet.clientId).toBe(f.clientId);
        expect(packet.clean).toBe(false);
        expect(packet.keepalive).toBe(f.keepAliveS);
        expect(packet.username).toBe(f.username);
        const password = f.username === undefined ? undefined : f.password;
        expect(packet.password?.toString()).toBe(password);
        expect(packet.will?.topic).toBe(f.will?.topic);
        expect(packet.will?.payload.toString()).toBe(f.will?.payload);
        if (f.will) expect(packet.will).toMatchObject({ qos: 1, retain: f.will.retain });
      }),
    );
  });

  it("PUBLISH with QoS 1, over every number of length bytes that fits a node", () => {
    fc.assert(
      fc.property(message, packetId, fc.boolean(), (m, id, dup) => {
        expect(parse(encodePublish(m, id, dup, true))).toMatchObject({
          cmd: "publish",
          qos: 1,
          messageId: id,
          dup,
          retain: m.retain,
          topic: m.topic,
          payload: Buffer.from(m.payload as string),
        });
      }),
    );
  });

  it("PUBLISH with QoS 0", () => {
    fc.assert(
      fc.property(message, (m) => {
        expect(parse(encodePublish(m, 0, false, true))).toMatchObject({
          cmd: "publish",
          qos: 0,
          dup: false,
          retain: m.retain,
          topic: m.topic,
          payload: Buffer.from(m.payload as string),
        });
      }),
    );
  });

  it.each([0, 1, 127, 128, 16383, 16384, 40000])("PUBLISH with a body of %i bytes more", (size) => {
    const payload = Buffer.alloc(size, 0x61);
    const packet = parse(encodePublish({ topic: "t", payload, retain: false }, 7, false, true));
    expect(packet).toMatchObject({ payload, messageId: 7 });
  });

  it("PUBLISH in pieces, and without its payload what stands before it", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 200 })), packetId, (arrays, id) => {
        const payload = arrays.map((array) => Buffer.from(array));
        const joined = Buffer.concat(payload);
        const m = { topic: "t", payload, retain: true };
        const whole = encodePublish(m, id, false, true);
        expect(parse(whole)).toMatchObject({ messageId: id, payload: joined });
        expect(Buffer.concat([encodePublish(m, id, false, false), joined])).toEqual(whole);
      }),
    );
  });

  it("PUBACK", () => {
    fc.assert(
      fc.property(packetId, (id) => {
        expect(parse(encodePuback(id))).toMatchObject({ cmd: "puback", messageId: id });
      }),
    );
  });

  it("SUBSCRIBE and UNSUBSCRIBE", () => {
    fc.assert(
      fc.property(packetId, fc.array(text, { minLength: 1, maxLength: 6 }), (id, filters) => {
        expect(parse(encodeSubscribe(id, filters, true))).toMatchObject({
          cmd: "subscribe",
          messageId: id,
          subscriptions: filters.map((topic) => ({ topic, qos: 1 })),
        });
        expect(parse(encodeSubscribe(id, filters, false))).toMatchObject({
          cmd: "unsubscribe",
          messageId: id,
          unsubscriptions: filters,
        });
      }),
    );
  });

  it("PINGREQ and DISCONNECT", () => {
    expect(parse(encodePingreq())).toMatchObject({ cmd: "pingreq" });
    expect(parse(encodeDisconnect())).toMatchObject({ cmd: "disconnect" });
  });
});
