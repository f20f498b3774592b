import mqttPacket, { type IConnectPacket, type Packet } from "mqtt-packet";
import { describe, expect, it } from "vitest";
import { SessionState } from "../../devs/mqtt/sessionStates";
import { CLIENT, ScriptedBroker } from "./scriptedBroker";

const { Stopped, Waiting, Connected } = SessionState;
const connack = (returnCode: number) =>
  mqttPacket.generate({ cmd: "connack", returnCode, sessionPresent: false });
const puback = (messageId: number) => mqttPacket.generate({ cmd: "puback", messageId });

/** An answer to the first packets of one kind; afterwards the broker is honest. */
function firstTimes(cmd: Packet["cmd"], times: number, answer: (Buffer | "close")[]) {
  let left = times;
  return (packet: Packet) => (packet.cmd === cmd && left-- > 0 ? answer : undefined);
}

describe("a good connection", () => {
  it("begins with CONNECT, the birth and SUBSCRIBE, in that order", () => {
    const broker = new ScriptedBroker().start();
    expect(broker.packets.map((p) => p.packet.cmd)).toEqual(["connect", "publish", "subscribe"]);
    expect(broker.packets[0].packet as IConnectPacket).toMatchObject({
      clientId: "bk-0001",
      username: "bk-0001",
      clean: false,
      keepalive: 60,
      will: { topic: "up/state", qos: 1, retain: true },
    });
    expect(broker.arrivals).toMatchObject([
      { topic: "up/state", payload: "online false", retain: true, qos: 1, dup: false },
    ]);
    expect(broker.subscriptions).toEqual(["down/config", "down/command", "all/down/time"]);
    expect(broker.session.state).toBe(Connected);
  });

  it("makes the first attempt within a second of the start", () => {
    const broker = new ScriptedBroker().start();
    expect(broker.attemptsMs[0]).toBeLessThanOrEqual(2000);
  });

  it("carries messages of the queue and of the source, each acknowledged once", () => {
    const broker = new ScriptedBroker().start();
    for (let i = 0; i < 30; i++) broker.source.add(`reading ${i}`);
    expect(broker.session.publish("up/reply", "done", false)).toBe(true);
    broker.run(5000);
    expect(broker.firstArrivals()).toEqual([...Array(30).keys()].map((i) => `reading ${i}`));
    expect(broker.source.acknowledgedHandles).toEqual([...Array(30).keys()]);
    expect(broker.arrivals.filter((a) => a.topic === "up/reply")).toHaveLength(1);
    expect(broker.session.counters).toMatchObject({ published: 32, acknowledged: 32, resent: 0 });
    expect(broker.session.waiting()).toBe(0);
  });

  it("sends a long payload piece by piece, in one packet, and again whole after a cut", () => {
    let answered = false;
    const broker = new ScriptedBroker({
      onPacket: (packet) =>
        packet.cmd === "publish" && packet.topic === "up/config" && !answered ? [] : undefined,
    }).start();
    const pieces = [...Array(12).keys()].map((i) => Buffer.alloc(i * 50, 0x61 + i));
    expect(broker.session.publish("up/config", pieces, true)).toBe(true);
    broker.run(1000);
    answered = true;
    broker.cutConnection();
    broker.run(10_000);
    const text = Buffer.concat(pieces).toString();
    const sent = broker.arrivals.filter(({ topic }) => topic === "up/config");
    expect(sent.map(({ payload, dup }) => [payload === text, dup])).toEqual([
      [true, false],
      [true, true],
    ]);
    expect(broker.session.waiting()).toBe(0);
  });

  it("keeps seven messages in flight and goes on as they are acknowledged", () => {
    const held: number[] = [];
    const broker = new ScriptedBroker({
      onPacket: (packet) => {
        if (packet.cmd !== "publish" || packet.topic !== "up/data") return undefined;
        held.push(Number(packet.messageId));
        return [];
      },
    }).start();
    for (let i = 0; i < 20; i++) broker.source.add(`reading ${i}`);
    broker.run(1000);
    expect(held).toHaveLength(7);
    expect(new Set(held).size).toBe(7);
    broker.sendBytes(puback(held[3]));
    broker.run(1000);
    expect(held).toHaveLength(8);
    expect(broker.source.acknowledgedHandles).toEqual([3]);
  });

  it("receives with QoS 0 and 1 and acknowledges QoS 1", () => {
    const broker = new ScriptedBroker().start();
    broker.publish("all/down/time", "now");
    broker.publish("down/config", "wanted", { qos: 1, messageId: 513 });
    broker.run(1000);
    expect(broker.messages).toEqual([
      { topic: "all/down/time", payload: "now" },
      { topic: "down/config", payload: "wanted" },
    ]);
    expect(broker.sentBy("puback").map((p) => p.packet.messageId)).toEqual([513]);
  });

  it("acknowledges and counts a message that was not subscribed", () => {
    const broker = new ScriptedBroker().start();
    broker.publish("down/configuration", "x", { qos: 1, messageId: 5 });
    broker.run(1000);
    expect(broker.messages).toEqual([]);
    expect(broker.sentBy("puback").map((p) => p.packet.messageId)).toEqual([5]);
    expect(broker.session.counters.badMessages).toBe(1);
  });

  it("survives a hook that throws, counts it and acknowledges", () => {
    const broker = new ScriptedBroker().start();
    broker.messages.push = () => {
      throw new Error("no JSON");
    };
    broker.publish("down/config", "{", { qos: 1, messageId: 5 });
    broker.run(1000);
    expect(broker.session.state).toBe(Connected);
    expect(broker.session.counters.badMessages).toBe(1);
    expect(broker.session.lastProblem).toBe("message on down/config: no JSON");
    expect(broker.sentBy("puback")).toHaveLength(1);
  });

  it("is kept by PINGREQ, often enough for the server, when nothing else is sent", () => {
    const broker = new ScriptedBroker().start().run(3_600_000);
    const times = broker.packets.map((p) => p.timeMs);
    const gaps = times.slice(1).map((t, i) => t - times[i]);
    expect(Math.max(...gaps)).toBeLessThanOrEqual(60_000);
    expect(broker.sentBy("pingreq").length).toBeGreaterThan(60);
    expect(broker.session.counters).toMatchObject({ connections: 1, connectionsLost: 0 });
  });

  it("needs no PINGREQ while messages and their PUBACKs flow", () => {
    const broker = new ScriptedBroker().start();
    for (let i = 0; i < 60; i++) {
      broker.source.add(`reading ${i}`);
      broker.run(30_000);
    }
    expect(broker.sentBy("pingreq")).toEqual([]);
  });

  it("refuses what its queue has no room for, and counts it", () => {
    const broker = new ScriptedBroker();
    for (let i = 0; i < 8; i++) expect(broker.session.publish("up/reply", "x", false)).toBe(true);
    expect(broker.session.publish("up/reply", "x", false)).toBe(false);
    expect(broker.session.counters.refusedMessages).toBe(1);
    broker.start();
    expect(broker.session.publish("up/reply", "x".repeat(4097), false)).toBe(false);
    expect(broker.session.publish("up/reply", "x".repeat(4096), false)).toBe(true);
    broker.run(1000);
    expect(broker.arrivals.filter((a) => a.topic === "up/reply")).toHaveLength(9);
    expect(broker.session.counters.refusedMessages).toBe(2);
  });

  it("drops QoS 0 without a connection, and counts it", () => {
    const broker = new ScriptedBroker();
    expect(broker.session.publishQos0("up/health", "x", broker.nowMs)).toBe(false);
    broker.start();
    expect(broker.session.publishQos0("up/health", "y", broker.nowMs)).toBe(true);
    broker.run(10);
    expect(broker.session.counters.droppedQos0).toBe(1);
    expect(broker.arrivals.at(-1)).toMatchObject({ topic: "up/health", payload: "y", qos: 0 });
  });
});

describe("packet identifiers", () => {
  it("go round after 65535 without meeting one in flight", () => {
    let stuck: number | undefined;
    const broker = new ScriptedBroker({
      latencyMs: 1,
      onPacket: (packet) => {
        if (packet.cmd !== "publish" || packet.payload.toString() !== "stuck") return undefined;
        stuck = packet.messageId;
        return [];
      },
    }).start();
    broker.source.add("stuck");
    broker.run(10);
    // Every message takes an identifier; the broker throws where one is used twice.
    const seen = new Set<number>();
    for (let i = 0; i < 65_600; i++) {
      broker.source.add(`m${i}`);
      broker.session.poll(broker.nowMs);
      const id = broker.arrivals.at(-1)?.packetId as number;
      seen.add(id);
      broker.arrivals.length = 1;
      broker.packets.length = 2;
      broker.session.linkReceived(puback(id), broker.nowMs);
    }
    expect(stuck).toBeGreaterThan(0);
    expect(seen.has(stuck as number)).toBe(false);
    expect(seen.size).toBe(65534);
    expect(seen.has(0)).toBe(false);
  });
});

describe("a resumed session", () => {
  /** Five messages whose PUBACKs are lost with the connection. */
  function interrupted(): ScriptedBroker {
    let silent = true;
    const broker = new ScriptedBroker({
      onPacket: (packet) =>
        packet.cmd === "publish" && packet.topic === "up/data" && silent ? [] : undefined,
    }).start();
    for (let i = 0; i < 5; i++) broker.source.add(`reading ${i}`);
    broker.run(100);
    silent = false;
    broker.cutConnection();
    return broker;
  }

  it("sends again what was not acknowledged: with DUP, in order, under the same identifiers", () => {
    const broker = interrupted().run(5000);
    const data = broker.arrivals.filter((a) => a.topic === "up/data");
    const [before, after] = [data.slice(0, 5), data.slice(5)];
    expect(after.map((a) => a.payload)).toEqual(before.map((a) => a.payload));
    expect(after.map((a) => a.packetId)).toEqual(before.map((a) => a.packetId));
    expect(after.every((a) => a.dup)).toBe(true);
    expect(broker.source.acknowledgedHandles).toEqual([0, 1, 2, 3, 4]);
    expect(broker.session.counters).toMatchObject({ resent: 5, connectionsLost: 1 });
  });

  it("does not subscribe again", () => {
    const broker = interrupted().run(5000);
    expect(broker.sentBy("subscribe")).toHaveLength(1);
    expect(broker.arrivals.at(-1)?.connection).toBe(2);
  });

  it("is made anew where the server forgot it: subscribed again, everything sent again", () => {
    const broker = interrupted();
    broker.forget();
    broker.run(5000);
    expect(broker.sentBy("subscribe").map((p) => p.connection)).toEqual([1, 2]);
    expect(broker.source.acknowledgedHandles).toEqual([0, 1, 2, 3, 4]);
  });

  it("is told of an occasional filter when it is wanted, and when no longer", () => {
    const broker = new ScriptedBroker({}, { occasional: "all/down/dusk" }).start();
    expect(broker.subscriptions).not.toContain("all/down/dusk");
    broker.session.listen(true);
    broker.run(1000);
    expect(broker.subscriptions).toContain("all/down/dusk");
    broker.session.listen(false);
    broker.run(1000);
    expect(broker.subscriptions).toHaveLength(3);
    expect(broker.sentBy("subscribe")).toHaveLength(2);
    expect(broker.sentBy("unsubscribe")).toHaveLength(1);
    expect(broker.session.counters).toMatchObject({ strayAcks: 0, timeouts: 0, connections: 1 });
    // What was on its way is taken.
    broker.publish("all/down/dusk", "now");
    broker.run(1000);
    expect(broker.messages.at(-1)).toEqual({ topic: "all/down/dusk", payload: "now" });
  });

  it("is told again of an occasional filter that is still wanted, and not of one that is not", () => {
    for (const wanted of [true, false]) {
      const broker = new ScriptedBroker({}, { occasional: "all/down/dusk" }).start();
      broker.session.listen(true);
      broker.run(1000);
      broker.session.listen(wanted);
      broker.run(1000);
      broker.forget();
      broker.cutConnection();
      broker.run(10_000);
      expect(broker.subscriptions.includes("all/down/dusk")).toBe(wanted);
      expect(broker.sentBy("subscribe")).toHaveLength(wanted ? 4 : 3);
    }
  });

  it("is subscribed again where an answer of the occasional filter did not come", () => {
    const broker = new ScriptedBroker(
      { onPacket: firstTimes("unsubscribe", 1, []) },
      { occasional: "all/down/dusk" },
    ).start();
    broker.session.listen(true);
    broker.run(1000);
    broker.session.listen(false);
    broker.run(40_000);
    expect(broker.states.find((s) => s.reason)?.reason).toBe("no SUBACK or UNSUBACK");
    expect(broker.session.counters).toMatchObject({ timeouts: 1, connections: 2 });
    expect(broker.sentBy("subscribe").at(-1)).toMatchObject({
      connection: 2,
      packet: { subscriptions: CLIENT.subscriptions.map((topic) => ({ topic })) },
    });
  });

  it("is subscribed once by every run of the program, the filters may have changed", () => {
    const broker = new ScriptedBroker();
    broker.hasSession = true;
    broker.start();
    expect(broker.arrivals[0].payload).toBe("online true");
    expect(broker.sentBy("subscribe")).toHaveLength(1);
  });

  it("publishes the newest birth only", () => {
    let births = 0;
    const broker = new ScriptedBroker({
      onPacket: (packet) =>
        packet.cmd === "publish" && packet.topic === "up/state" && births++ === 0
          ? ["close"]
          : undefined,
    }).start(10_000);
    const states = broker.arrivals.filter((a) => a.topic === "up/state");
    expect(states.map((a) => [a.connection, a.payload, a.dup])).toEqual([
      [1, "online false", false],
      [2, "online true", false],
    ]);
  });
});

describe("a broker that misbehaves", () => {
  it("does not answer CONNECT: given up after 20 s, tried again", () => {
    const broker = new ScriptedBroker({ onPacket: firstTimes("connect", 1, []) }).start(30_000);
    expect(broker.states.find((s) => s.reason)).toMatchObject({
      state: Waiting,
      reason: "no CONNACK",
    });
    expect(broker.session.state).toBe(Connected);
    expect(broker.session.counters).toMatchObject({ timeouts: 1, connectFailures: 1 });
  });

  it("never opens: given up after 30 s, tried again", () => {
    let opens = 0;
    const broker = new ScriptedBroker({ onOpen: () => (opens++ ? "open" : "later") });
    broker.start(40_000);
    expect(broker.states.find((s) => s.reason)?.reason).toBe("socket did not open");
    expect(broker.closedByClient).toHaveLength(1);
    expect(broker.session.state).toBe(Connected);
  });

  it("acknowledges under a wrong identifier: counted, then the message is sent again", () => {
    let wrong = true;
    const broker = new ScriptedBroker({
      onPacket: (packet) => {
        if (packet.cmd !== "publish" || packet.topic !== "up/data" || !wrong) return undefined;
        wrong = false;
        return [puback((Number(packet.messageId) % 65535) + 100)];
      },
    }).start();
    broker.source.add("reading");
    broker.run(60_000);
    expect(broker.session.counters).toMatchObject({ strayAcks: 1, timeouts: 1 });
    expect(broker.states.some((s) => s.reason === "no PUBACK")).toBe(true);
    expect(broker.arrivals.filter((a) => a.payload === "reading").map((a) => a.dup)).toEqual([
      false,
      true,
    ]);
    expect(broker.source.acknowledgedHandles).toEqual([0]);
  });

  it("acknowledges twice: the second is counted and harmless", () => {
    const broker = new ScriptedBroker({
      onPacket: (packet) =>
        packet.cmd === "publish"
          ? [puback(Number(packet.messageId)), puback(Number(packet.messageId))]
          : undefined,
    }).start();
    for (let i = 0; i < 3; i++) broker.source.add(`reading ${i}`);
    broker.run(100_000);
    expect(broker.session.counters).toMatchObject({
      acknowledged: 4,
      strayAcks: 4,
      connections: 1,
    });
    expect(broker.source.acknowledgedHandles).toEqual([0, 1, 2]);
  });

  it("publishes with QoS 2, which was not granted: the connection ends with the reason", () => {
    const broker = new ScriptedBroker().start();
    broker.publish("down/config", "x", { qos: 2, messageId: 4 });
    broker.run(5000);
    const end = broker.states.find((s) => s.reason);
    expect(end?.reason).toBe("malformed: packet type 3: QoS 2");
    expect(broker.session.counters.protocolErrors).toBe(1);
    expect(broker.session.state).toBe(Connected);
  });

  it("sends byte by byte", () => {
    const broker = new ScriptedBroker({
      cut: (bytes) => [...bytes].map((byte) => Buffer.from([byte])),
    }).start();
    broker.publish("down/config", "wanted", { qos: 1, messageId: 9 });
    broker.run(1000);
    expect(broker.messages).toEqual([{ topic: "down/config", payload: "wanted" }]);
    expect(broker.session.counters.connections).toBe(1);
  });

  it("sends everything in one piece", () => {
    const broker = new ScriptedBroker().start();
    const message = { cmd: "publish" as const, topic: "down/config", dup: false, retain: false };
    const packets = [...Array(100).keys()].map((i) =>
      mqttPacket.generate({ ...message, payload: `${i}`, qos: 1, messageId: i + 1 }),
    );
    broker.sendBytes(Buffer.concat(packets));
    broker.run(1000);
    expect(broker.messages.map((m) => m.payload)).toEqual([...Array(100).keys()].map(String));
    expect(broker.sentBy("puback")).toHaveLength(100);
  });

  it("closes in the middle of a packet: the next connection starts clean", () => {
    const broker = new ScriptedBroker().start();
    broker.sendBytes(Buffer.from([0x30, 20, 0, 11, 0x64]));
    broker.cutConnection();
    broker.run(5000);
    expect(broker.session.counters).toMatchObject({ connections: 2, protocolErrors: 0 });
    expect(broker.session.state).toBe(Connected);
  });

  it("closes right after CONNACK", () => {
    const broker = new ScriptedBroker({
      onPacket: firstTimes("connect", 3, [connack(0), "close"]),
    }).start(20_000);
    expect(broker.session.state).toBe(Connected);
    expect(broker.session.counters).toMatchObject({ connections: 4, connectionsLost: 3 });
  });

  it("falls silent after the connection: noticed within 1.5 keep-alives", () => {
    let silent = false;
    const broker = new ScriptedBroker({ onPacket: () => (silent ? [] : undefined) }).start();
    silent = true;
    const since = broker.nowMs;
    broker.run(90_000);
    const end = broker.states.find((s) => s.reason);
    expect(end?.reason).toBe("no PINGRESP");
    expect(Number(end?.timeMs) - since).toBeLessThanOrEqual(90_000);
  });

  it("falls silent while messages are sent: noticed by the missing PUBACK", () => {
    let silent = false;
    const broker = new ScriptedBroker({ onPacket: () => (silent ? [] : undefined) }).start();
    silent = true;
    broker.source.add("reading");
    const since = broker.nowMs;
    broker.run(60_000);
    const end = broker.states.find((s) => s.reason);
    expect(end?.reason).toBe("no PUBACK");
    expect(Number(end?.timeMs) - since).toBe(30_000);
  });

  it("answers everything but PINGREQ: ended too", () => {
    const broker = new ScriptedBroker({ onPacket: firstTimes("pingreq", 1, []) });
    broker.start(100_000);
    expect(broker.states.find((s) => s.reason)?.reason).toBe("no PINGRESP");
    expect(broker.session.state).toBe(Connected);
  });

  it("does not answer SUBSCRIBE: ended after 20 s, subscribed on the next connection", () => {
    const broker = new ScriptedBroker({ onPacket: firstTimes("subscribe", 1, []) }).start(40_000);
    expect(broker.states.find((s) => s.reason)?.reason).toBe("no SUBACK or UNSUBACK");
    expect(broker.subscriptions).toHaveLength(3);
  });

  it("refuses a subscription: counted, and asked for again on the next connection", () => {
    const broker = new ScriptedBroker({
      onPacket: (packet) =>
        packet.cmd === "subscribe"
          ? [
              mqttPacket.generate({
                cmd: "suback",
                messageId: packet.messageId,
                granted: [1, 0x80, 1],
              }),
            ]
          : undefined,
    }).start(60_000);
    expect(broker.session.counters).toMatchObject({ subscriptionsRefused: 1, connections: 1 });
    expect(broker.session.lastProblem).toBe("subscription refused");
    broker.cutConnection();
    broker.run(5000);
    expect(broker.sentBy("subscribe")).toHaveLength(2);
  });

  it("answers SUBSCRIBE under a wrong identifier: counted, then ended for want of SUBACK", () => {
    const broker = new ScriptedBroker({
      onPacket: firstTimes("subscribe", 1, [
        mqttPacket.generate({ cmd: "suback", messageId: 999, granted: [1, 1, 1] }),
      ]),
    }).start(40_000);
    expect(broker.session.counters).toMatchObject({ strayAcks: 1, timeouts: 1, connections: 2 });
  });

  it("sends something else before CONNACK", () => {
    const broker = new ScriptedBroker({
      onPacket: firstTimes("connect", 1, [puback(1), connack(0)]),
    }).start();
    expect(broker.states.find((s) => s.reason)?.reason).toBe("no CONNACK first, but packet type 4");
    expect(broker.session.state).toBe(Connected);
  });

  it("sends a second CONNACK", () => {
    const broker = new ScriptedBroker({
      onPacket: firstTimes("connect", 1, [connack(0), connack(0)]),
    }).start();
    expect(broker.states.find((s) => s.reason)?.reason).toBe("CONNACK not asked for");
    expect(broker.session.counters).toMatchObject({ protocolErrors: 1, connections: 2 });
  });

  it("floods the node with small packets: each call of poll does a bounded part", () => {
    const broker = new ScriptedBroker().start();
    const flood = Buffer.concat(
      Array.from({ length: 500 }, () => Buffer.from([0x30, 3, 0, 1, 0x74])),
    );
    broker.session.linkReceived(flood, broker.nowMs);
    let calls = 1;
    while (broker.session.poll(broker.nowMs) === 0) calls++;
    expect(calls).toBeGreaterThan(500 / 10);
    expect(broker.session.counters.badMessages).toBe(500);
  });
});

describe("a refused connection", () => {
  it.each([
    [1, "protocol version not accepted"],
    [2, "client identifier rejected"],
    [4, "bad user name or password"],
    [5, "not authorized"],
  ])("with code %i waits minutes and says so", (code, text) => {
    const broker = new ScriptedBroker({
      onPacket: firstTimes("connect", 1, [connack(code), "close"]),
    }).start(290_000);
    expect(broker.attemptsMs).toHaveLength(1);
    expect(broker.session.lastProblem).toBe(`refused: ${text}`);
    expect(broker.session.counters).toMatchObject({ refusals: 1, connectFailures: 1 });
    broker.run(320_000);
    expect(broker.session.state).toBe(Connected);
  });

  it("because the server is unavailable backs off as after any failure", () => {
    const broker = new ScriptedBroker({
      onPacket: firstTimes("connect", 3, [connack(3), "close"]),
    }).start(15_000);
    expect(broker.states.find((s) => s.reason)?.reason).toBe("refused: server unavailable");
    expect(broker.session.counters).toMatchObject({ refusals: 0, connectFailures: 3 });
    expect(broker.session.state).toBe(Connected);
  });

  it("with a code that the standard does not know is a protocol error", () => {
    const broker = new ScriptedBroker({
      onPacket: firstTimes("connect", 1, [Buffer.from([0x20, 2, 0, 6])]),
    }).start(10_000);
    expect(broker.states.find((s) => s.reason)?.reason).toBe("CONNACK with reserved code 6");
    expect(broker.session.state).toBe(Connected);
  });
});

describe("reconnecting", () => {
  it("tries within five seconds of the loss, then ever more slowly, at least every two minutes", () => {
    let up = true;
    const broker = new ScriptedBroker({ onOpen: () => (up ? "open" : "refuse") }).start(70_000);
    up = false;
    broker.cutConnection();
    const lostMs = broker.nowMs + 20;
    broker.run(12 * 3_600_000);
    const retries = broker.attemptsMs.slice(1);
    expect(retries[0] - lostMs).toBeLessThanOrEqual(5000);
    const gaps = retries.slice(1).map((t, i) => t - retries[i]);
    expect(Math.max(...gaps)).toBeLessThanOrEqual(121_000);
    const mean = (from: number, to: number) =>
      gaps.slice(from, to).reduce((a, b) => a + b) / (to - from);
    expect(mean(0, 5)).toBeLessThan(mean(5, 15));
    expect(mean(5, 15)).toBeLessThan(mean(30, 200));
    up = true;
    broker.run(121_000);
    expect(broker.session.state).toBe(Connected);
  });

  it("starts the back-off from the beginning only after a minute of good connection", () => {
    const gapAfter = (heldMs: number): number => {
      let up = false;
      const broker = new ScriptedBroker({ onOpen: () => (up ? "open" : "refuse") }).start(
        3_600_000,
      );
      up = true;
      while (broker.session.state !== Connected) broker.run(100);
      broker.run(heldMs);
      up = false;
      const gaps: number[] = [];
      for (let i = 0; i < 20; i++) {
        broker.cutConnection();
        const from = broker.nowMs;
        const attempts = broker.attemptsMs.length;
        while (broker.attemptsMs.length === attempts) broker.run(100);
        gaps.push(broker.nowMs - from);
        up = true;
        while (broker.session.state !== Connected) broker.run(100);
        broker.run(heldMs);
        up = false;
      }
      return Math.max(...gaps);
    };
    expect(gapAfter(50_000)).toBeGreaterThan(20_000);
    expect(gapAfter(61_000)).toBeLessThanOrEqual(5200);
  });

  it("sends nothing of a connection on the next one twice in flight, however often it is cut", () => {
    const broker = new ScriptedBroker().start();
    for (let i = 0; i < 200; i++) {
      broker.source.add(`reading ${i}`);
      if (i % 7 === 0) broker.cutConnection();
      broker.run(Math.floor(broker.random() * 400));
    }
    broker.run(30_000);
    expect(broker.firstArrivals()).toEqual([...Array(200).keys()].map((i) => `reading ${i}`));
    expect(broker.source.acknowledgedHandles).toHaveLength(200);
  });
});

describe("stopping", () => {
  it("publishes the offline message, waits for its PUBACK and disconnects", () => {
    const broker = new ScriptedBroker().start();
    broker.session.stop("offline: restart", broker.nowMs);
    broker.run(1000);
    expect(broker.packets.slice(-2).map((p) => p.packet.cmd)).toEqual(["publish", "disconnect"]);
    expect(broker.arrivals.at(-1)).toMatchObject({
      topic: "up/state",
      payload: "offline: restart",
      retain: true,
      qos: 1,
    });
    expect(broker.session.state).toBe(Stopped);
    expect(broker.session.lastProblem).toBe("");
    broker.run(600_000);
    expect(broker.attemptsMs).toHaveLength(1);
  });

  it("gives up after five seconds where the PUBACK does not come", () => {
    const broker = new ScriptedBroker({
      onPacket: (packet) =>
        packet.cmd === "publish" && packet.payload.toString() === "offline" ? [] : undefined,
    }).start();
    broker.session.stop("offline", broker.nowMs);
    broker.run(4900);
    expect(broker.session.state).toBe(SessionState.Leaving);
    broker.run(200);
    expect(broker.session.state).toBe(Stopped);
    expect(broker.session.lastProblem).toBe("offline message not acknowledged");
  });

  it("has room for the offline message with seven messages in flight", () => {
    const broker = new ScriptedBroker({
      onPacket: (packet) =>
        packet.cmd === "publish" && packet.topic === "up/data" ? [] : undefined,
    }).start();
    for (let i = 0; i < 20; i++) broker.source.add(`reading ${i}`);
    broker.run(100);
    broker.session.stop("offline", broker.nowMs);
    broker.run(1000);
    expect(broker.session.state).toBe(Stopped);
    expect(broker.arrivals.at(-1)?.payload).toBe("offline");
  });

  it("closes the socket itself where the server does not", () => {
    const broker = new ScriptedBroker({ onPacket: firstTimes("disconnect", 1, []) }).start();
    broker.session.stop("offline", broker.nowMs);
    broker.run(1000);
    expect(broker.session.state).toBe(Stopped);
    expect(broker.closedByClient).toHaveLength(1);
  });

  it("can be followed by a new start, with all that was not acknowledged", () => {
    const broker = new ScriptedBroker({
      onPacket: (packet, b) =>
        packet.cmd === "publish" && packet.topic === "up/data" && b.attemptsMs.length === 1
          ? []
          : undefined,
    }).start();
    broker.source.add("reading");
    broker.run(100);
    broker.session.stop("offline", broker.nowMs);
    broker.run(1000);
    broker.start(2000);
    expect(broker.session.state).toBe(Connected);
    expect(broker.source.acknowledgedHandles).toEqual([0]);
  });
});
