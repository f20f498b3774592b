import { PacketDecoder } from "../../devs/mqtt/decoder";
import type { PiecedBytes } from "../../devs/mqtt/piecedBytes";
import {
  PacketType,
  encodeConnect,
  encodeDisconnect,
  encodePingreq,
  encodePuback,
  encodePublish,
  encodeSubscribe,
} from "../../devs/mqtt/packets";
import { matchesTopicFilter } from "../../devs/mqtt/topicFilter";
import type { CaseRunner } from "./caseRunner";

/** The bytes as hexadecimal digits, in both worlds. */
function hex(bytes: Buffer): string {
  return bytes.toString("hex");
}

function decoderOf(digits: string): PacketDecoder {
  const decoder = new PacketDecoder(4096);
  decoder.feed(Buffer.from(digits, "hex"));
  return decoder;
}

/** Known packets, byte by byte, and what the decoder reads of them. */
export async function mqttCodecCases(t: CaseRunner): Promise<void> {
  t.check("PINGREQ", hex(encodePingreq()) === "c000");
  t.check("DISCONNECT", hex(encodeDisconnect()) === "e000");
  t.check("PUBACK", hex(encodePuback(0xabcd)) === "4002abcd");
  t.check(
    "SUBSCRIBE",
    hex(encodeSubscribe(10, ["a/b", "c/d"], true)) === "820e000a0003612f62010003632f6401",
  );
  t.check(
    "UNSUBSCRIBE",
    hex(encodeSubscribe(10, ["a/b", "c/d"], false)) === "a20c000a0003612f620003632f64",
  );
  t.check(
    "CONNECT with everything",
    hex(
      encodeConnect({
        clientId: "c1",
        username: "u",
        password: "p",
        keepAliveS: 300,
        will: { topic: "w", payload: "x", retain: true },
      }),
    ) === "101a00044d51545404ec012c00026331000177000178000175000170",
  );
  t.check(
    "CONNECT with nothing",
    hex(encodeConnect({ clientId: "c", keepAliveS: 0 })) === "100d00044d5154540400000000" + "0163",
  );
  t.check(
    "PUBLISH with QoS 1 and DUP",
    hex(encodePublish({ topic: "é", payload: "é!", retain: true }, 1, true, true)) ===
      "3b090002c3a90001c3a921",
  );
  t.check(
    "PUBLISH with QoS 0",
    hex(
      encodePublish({ topic: "t", payload: Buffer.from([1, 0]), retain: false }, 0, false, true),
    ) ===
      "300500017401" + "00",
  );
  await t.pause();

  const big = Buffer.alloc(3000);
  for (let i = 0; i < big.length; i++) {
    big[i] = i & 0xff;
    if (i % 500 === 0) await t.pause();
  }
  const packet = encodePublish(
    { topic: "down/config", payload: big, retain: false },
    77,
    false,
    true,
  );
  t.check("remaining length of two bytes", packet.length === 3 + 13 + 2 + 3000);
  const decoder = new PacketDecoder(4096);
  let found = 0;
  let same = true;
  for (let at = 0; at < packet.length; at += 128) {
    const end = at + 128 < packet.length ? at + 128 : packet.length;
    decoder.feed(packet.slice(at, end));
    while (decoder.next()) {
      found++;
      const got = decoder.packet;
      t.check("its topic", got.topicName === "down/config" && got.packetId === 77 && got.qos === 1);
      const payload = got.payload as PiecedBytes;
      same = payload.length === big.length;
      for (let i = 0; i < big.length; i++) {
        if (payload.at(i) !== big[i]) same = false;
        if (i % 500 === 0) await t.pause();
      }
    }
  }
  t.check("a packet in pieces of 128 bytes", found === 1 && decoder.problem === "");
  t.check("its payload", same);

  const two = decoderOf("20020100" + "d000");
  t.check("CONNACK", two.next() && two.packet.type === PacketType.Connack);
  t.check("session present", two.packet.sessionPresent && two.packet.returnCode === 0);
  t.check("PINGRESP", two.next() && two.packet.type === PacketType.Pingresp);
  t.check("and no more", !two.next() && two.problem === "");
  const suback = decoderOf("9004000a0180");
  t.check("SUBACK", suback.next() && suback.packet.returnCode === 0x80);
  const empty = decoderOf("3003000174");
  t.check("an empty payload", empty.next() && (empty.packet.payload as PiecedBytes).length === 0);
  const long = decoderOf("20ffffff7f");
  t.check("over the limit", !long.next() && long.problem === "over 4096 bytes");
  const skipped = new PacketDecoder(10);
  skipped.feed(Buffer.from([0x32, 11, 0, 1, 0x74, 0, 9, 1, 2]));
  t.check("a PUBLISH over the limit is read on", !skipped.next() && skipped.problem === "");
  skipped.feed(Buffer.from([3, 4, 5, 6, 0xd0, 0]));
  t.check(
    "is left out",
    skipped.next() &&
      (skipped.packet.payload as PiecedBytes).isLeftOut() &&
      skipped.packet.packetId === 9,
  );
  t.check("and the next packet comes", skipped.next() && skipped.problem === "");
  const illFormed = decoderOf("3004000274ff" + "d000");
  t.check("a topic that is not UTF-8 harms nobody", illFormed.next() && illFormed.next());
  await t.pause();

  t.check("a filter", matchesTopicFilter("a/+/c/#", "a/b/c/d/e"));
  t.check("the parent of '#'", matchesTopicFilter("a/#", "a") && !matchesTopicFilter("a/#", "ab"));
  t.check("not a prefix", !matchesTopicFilter("a/b", "a/bc") && !matchesTopicFilter("a/bc", "a/b"));
  t.check(
    "'$' names",
    !matchesTopicFilter("#", "$SYS/x") && matchesTopicFilter("$SYS/#", "$SYS/x"),
  );
}
