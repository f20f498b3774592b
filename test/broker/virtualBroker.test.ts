import { beforeEach, describe, expect, it } from "vitest";
import { VirtualBroker } from "../../src/broker/virtual/virtualBroker";
import { QUEUE_MAX } from "../../src/broker/virtual/session";
import { MemoryNetwork } from "../../src/sim/network/memoryNetwork";
import { Scheduler } from "../../src/sim/scheduler";
import { Conversation, type BrokerUnderTest } from "../support/mqttConversation";
import { testMqttServer } from "./mqttServer.cases";

/** More than a message takes to the broker and back. */
const SETTLE_MS = 100;

let scheduler: Scheduler;
let broker: VirtualBroker;
let network: MemoryNetwork;
let server: BrokerUnderTest;

beforeEach(() => {
  scheduler = new Scheduler();
  broker = new VirtualBroker(scheduler);
  network = new MemoryNetwork(scheduler, broker);
  server = {
    connect: () =>
      network.path("client").connect({ host: "broker.invalid", port: 1883, tls: false }),
    settle: async () => scheduler.runUntil(scheduler.nowMs + SETTLE_MS),
  };
});

const open = (id: string, fields = {}) => Conversation.open(server, id, fields);
const pass = (ms: number) => scheduler.runUntil(scheduler.nowMs + ms);

describe("the broker in virtual time", () => {
  testMqttServer(() => server);

  it("ends a silent client after one and a half keep-alives of virtual time, with its will", async () => {
    const heard: string[] = [];
    broker.onPublish((topic, payload) => heard.push(`${topic} ${Buffer.from(payload)}`));
    const will = { topic: "will", payload: Buffer.from("gone"), qos: 1, retain: true } as const;
    const client = await open("silent", { keepalive: 20, will });
    pass(29_500);
    await client.say({ cmd: "pingreq" });
    pass(29_500);
    expect(client.closed).toBe(false);
    pass(1000);
    expect(client.closed).toBe(true);
    expect(heard).toEqual(["will gone"]);
    const dumb = await Conversation.dial(server);
    pass(30_000);
    expect(dumb.closed).toBe(true);
  });

  it("refuses connections while it is stopped, and keeps its sessions or loses them", async () => {
    for (const sessions of ["kept", "lost"] as const) {
      const client = await open("node", { clean: false });
      await client.say({
        cmd: "subscribe",
        messageId: 1,
        subscriptions: [{ topic: "down", qos: 1 }],
      });
      broker.publish("state", "here", { retain: true });
      broker.stop({ sessions });
      await server.settle();
      expect(client.closed).toBe(true);
      const refused = await Conversation.dial(server);
      expect(refused.closed).toBe(true);
      broker.publish("down", "nobody takes this", { qos: 1 });
      broker.start();
      const kept = sessions === "kept";
      const back = await open("node");
      expect(back.heard).toMatchObject([{ cmd: "connack", sessionPresent: kept }]);
      broker.publish("down", "hello", { qos: 1 });
      await server.settle();
      expect(back.messages()).toEqual(kept ? ["down hello q1"] : []);
      const reader = await open("reader", { clean: true });
      await reader.say({
        cmd: "subscribe",
        messageId: 1,
        subscriptions: [{ topic: "state", qos: 1 }],
      });
      expect(reader.messages()).toEqual(kept ? ["state here q0 retained"] : []);
    }
  });

  it("does not answer at all while its machine is gone, and knows nothing of old connections", async () => {
    const client = await open("node");
    broker.stop({ sessions: "kept", silently: true });
    const lost = await Conversation.dial(server);
    pass(60_000);
    expect([client.closed, lost.closed]).toEqual([false, false]);
    broker.start();
    await client.say({ cmd: "pingreq" });
    expect(client.closed).toBe(true);
  });

  it("publishes the will of a connection that a second one of the client ends", async () => {
    const heard: string[] = [];
    broker.onPublish((_topic, payload) => heard.push(Buffer.from(payload).toString()));
    await open("same", {
      will: { topic: "state", payload: Buffer.from("gone"), qos: 1, retain: true },
    });
    const second = await open("same");
    await second.say({
      ...{ cmd: "publish", topic: "state", payload: "here", qos: 1, messageId: 1 },
      ...{ dup: false, retain: true },
    });
    expect(heard).toEqual(["gone", "here"]);
  });

  it("publishes no will when it stops", async () => {
    const heard: string[] = [];
    broker.onPublish((topic) => heard.push(topic));
    await open("node", {
      will: { topic: "will", payload: Buffer.from("x"), qos: 0, retain: false },
    });
    broker.stop({ sessions: "kept" });
    pass(600_000);
    expect(heard).toEqual([]);
    expect(broker.connected).toBe(0);
  });

  it("keeps at most a thousand messages for a client that is away", async () => {
    const client = await open("away");
    const subscriptions = [{ topic: "down", qos: 1 as const }];
    await client.say({ cmd: "subscribe", messageId: 1, subscriptions });
    await client.hangUp();
    for (let i = 1; i <= QUEUE_MAX + 5; i++) broker.publish("down", String(i), { qos: 1 });
    const back = await open("away");
    for (let acked = 0; acked < back.heard.length;) {
      const fresh = back.heard.slice(acked);
      acked = back.heard.length;
      for (const packet of fresh)
        if (packet.cmd === "publish" && packet.messageId)
          await back.say({ cmd: "puback", messageId: packet.messageId });
    }
    expect(back.messages()).toHaveLength(QUEUE_MAX);
    expect(back.messages()[0]).toBe("down 1 q1");
    expect(back.messages().at(-1)).toBe(`down ${QUEUE_MAX} q1`);
  });
});
