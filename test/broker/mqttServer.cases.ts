import type { IPublishPacket, ISubscribePacket, Packet } from "mqtt-packet";
import { expect, it } from "vitest";
import { Conversation, type BrokerUnderTest } from "../support/mqttConversation";

function publish(topic: string, text: string, fields: Partial<IPublishPacket> = {}): Packet {
  const packet = {
    cmd: "publish",
    topic,
    payload: text,
    qos: 0,
    dup: false,
    retain: false,
  } as const;
  return { ...packet, ...fields };
}

function subscribe(messageId: number, ...filters: string[]): ISubscribePacket {
  const subscriptions = filters.map((topic) => ({ topic, qos: 1 as const }));
  return { cmd: "subscribe", messageId, subscriptions };
}

function acks(conversation: Conversation): Packet[] {
  return conversation.heard.flatMap((packet) =>
    packet.cmd === "publish" && packet.qos === 1
      ? [{ cmd: "puback", messageId: packet.messageId ?? 0 } as const]
      : [],
  );
}

const WILL = { topic: "will", payload: Buffer.from("gone"), qos: 1, retain: false } as const;

/**
 * What MQTT 3.1.1 asks of a server, clause by clause, as far as a node and its city use it:
 * run against the broker in virtual time and against Mosquitto, so that the first is no
 * kinder than the second.
 */
export function testMqttServer(server: () => BrokerUnderTest): void {
  const open = (id: string, fields = {}) => Conversation.open(server(), id, fields);

  it("3.2.2.2: tells a client whether its session is there", async () => {
    const first = await open("present");
    expect(first.heard).toMatchObject([{ cmd: "connack", returnCode: 0, sessionPresent: false }]);
    await first.say({ cmd: "disconnect" });
    const second = await open("present");
    expect(second.heard).toMatchObject([{ cmd: "connack", sessionPresent: true }]);
    await second.hangUp();
    const clean = await open("present", { clean: true });
    expect(clean.heard).toMatchObject([{ cmd: "connack", sessionPresent: false }]);
    await clean.hangUp();
    expect((await open("present")).heard).toMatchObject([{ sessionPresent: false }]);
  });

  it("3.1: ends a connection that does not begin with CONNECT, or says it twice", async () => {
    const silent = await Conversation.dial(server());
    await silent.say({ cmd: "pingreq" });
    expect(silent.closed).toBe(true);
    const twice = await open("twice");
    await twice.say({ cmd: "connect", clientId: "twice", clean: false, keepalive: 60 });
    expect(twice.closed).toBe(true);
  });

  it("4.8: ends a connection that breaks the protocol", async () => {
    for (const bytes of [
      // A remaining length of five bytes, a packet type that does not exist, a wrong flag.
      [0x30, 0xff, 0xff, 0xff, 0xff, 0x7f],
      [0x00, 0x00],
      [0x80, 0x05, 0, 1, 0, 1, 97],
    ]) {
      const client = await open("broken");
      await client.write(Uint8Array.from(bytes));
      expect(client.closed).toBe(true);
    }
    const wildcard = await open("broken");
    await wildcard.say(publish("a/+/b", "no name"));
    expect(wildcard.closed).toBe(true);
  });

  it("3.1.4: ends a client's first connection when it comes again", async () => {
    const first = await open("same");
    const second = await open("same");
    expect([first.closed, second.closed]).toEqual([true, false]);
    expect(second.heard).toMatchObject([{ cmd: "connack", sessionPresent: true }]);
    await second.hangUp();
  });

  it("3.1.2.5: publishes the will when a connection ends, and not after DISCONNECT", async () => {
    const watcher = await open("watcher", { clean: true });
    await watcher.say(subscribe(1, "will"));
    const polite = await open("polite", { clean: true, will: WILL });
    await polite.say({ cmd: "disconnect" });
    expect(polite.closed).toBe(true);
    expect(watcher.messages()).toEqual([]);
    const rude = await open("rude", { clean: true, will: WILL });
    await rude.hangUp();
    expect(watcher.messages()).toEqual(["will gone q1"]);
    await watcher.hangUp();
  });

  it("4.3: acknowledges what is published, each in its way, and publishes QoS 2 once", async () => {
    const watcher = await open("watcher", { clean: true });
    await watcher.say(subscribe(1, "q/#"));
    const client = await open("sender", { clean: true });
    expect(await client.say(publish("q/0", "a"))).toEqual([]);
    expect(await client.say(publish("q/1", "b", { qos: 1, messageId: 7 }))).toMatchObject([
      { cmd: "puback", messageId: 7 },
    ]);
    const two = publish("q/2", "c", { qos: 2, messageId: 8 });
    expect(await client.say(two)).toMatchObject([{ cmd: "pubrec", messageId: 8 }]);
    expect(await client.say({ ...two, dup: true } as Packet)).toMatchObject([{ cmd: "pubrec" }]);
    expect(await client.say({ cmd: "pubrel", messageId: 8 })).toMatchObject([
      { cmd: "pubcomp", messageId: 8 },
    ]);
    expect(watcher.messages()).toEqual(["q/0 a q0", "q/1 b q1", "q/2 c q1"]);
    await client.hangUp();
    await watcher.hangUp();
  });

  it("4.4: sends again with DUP, in order, what a session has not acknowledged", async () => {
    const sender = await open("sender", { clean: true });
    const first = await open("resumed");
    await first.say(subscribe(1, "r"));
    for (const text of ["1", "2", "3"])
      await sender.say(publish("r", text, { qos: 1, messageId: 1 }));
    expect(first.messages()).toEqual(["r 1 q1", "r 2 q1", "r 3 q1"]);
    await first.say(acks(first)[0] as Packet);
    await first.hangUp();
    await sender.say(publish("r", "4", { qos: 1, messageId: 2 }), publish("r", "lost", { qos: 0 }));
    const second = await open("resumed");
    expect(second.heard[0]).toMatchObject({ cmd: "connack", sessionPresent: true });
    expect(second.messages().slice(0, 3)).toEqual(["r 2 q1 dup", "r 3 q1 dup", "r 4 q1"]);
    await second.say(...acks(second));
    await second.hangUp();
    const third = await open("resumed");
    expect(third.messages()).toEqual([]);
    await third.hangUp();
    await sender.hangUp();
  });

  it("3.3.1.3: keeps the last retained message, gives it to new subscriptions, and deletes it", async () => {
    const sender = await open("sender", { clean: true });
    await sender.say(
      publish("keep/a", "old", { qos: 1, messageId: 1, retain: true }),
      publish("keep/a", "new", { qos: 1, messageId: 2, retain: true }),
      publish("keep/b", "low", { retain: true }),
    );
    const reader = await open("reader", { clean: true });
    const heard = await reader.say(subscribe(1, "keep/+"));
    expect(heard[0]).toMatchObject({ cmd: "suback", messageId: 1, granted: [1] });
    expect(reader.messages().sort()).toEqual(["keep/a new q1 retained", "keep/b low q0 retained"]);
    // One who listens already hears it as any other message.
    await sender.say(publish("keep/a", "live", { qos: 1, messageId: 3, retain: true }));
    expect(reader.messages().at(-1)).toBe("keep/a live q1");
    await sender.say(
      publish("keep/a", "", { retain: true }),
      publish("keep/b", "", { retain: true }),
    );
    const late = await open("late", { clean: true });
    await late.say(subscribe(1, "keep/#"));
    expect(late.messages()).toEqual([]);
    for (const client of [sender, reader, late]) await client.hangUp();
  });

  it("4.7: matches topic filters level by level", async () => {
    const sender = await open("sender", { clean: true });
    const table: [string, string, boolean][] = [
      ["m/#", "m", true],
      ["m/#", "m/a/b", true],
      ["m/+", "m/a", true],
      ["m/+", "m/a/b", false],
      ["m/+/b", "m//b", true],
      ["m/a", "m/a/", false],
      ["m/A", "m/a", false],
      ["+/+", "/m", true],
      ["+", "/m", false],
    ];
    for (const [filter, topic, expected] of table) {
      const reader = await open("reader", { clean: true });
      await reader.say(subscribe(1, filter));
      await sender.say(publish(topic, "x"));
      expect(reader.messages(), `${filter} and ${topic}`).toEqual(
        expected ? [`${topic} x q0`] : [],
      );
      await reader.hangUp();
    }
    await sender.hangUp();
  });

  it("3.10: ends subscriptions, and 3.12: answers PINGREQ", async () => {
    const client = await open("ends", { clean: true });
    await client.say(subscribe(1, "u/a", "u/b"));
    expect(
      await client.say({ cmd: "unsubscribe", messageId: 2, unsubscriptions: ["u/a"] }),
    ).toMatchObject([{ cmd: "unsuback", messageId: 2 }]);
    await client.say(publish("u/a", "no"), publish("u/b", "yes"));
    expect(client.messages()).toEqual(["u/b yes q0"]);
    expect(await client.say({ cmd: "pingreq" })).toMatchObject([{ cmd: "pingresp" }]);
    await client.hangUp();
  });
}
