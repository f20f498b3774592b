import mqttPacket, { type Packet, type Parser } from "mqtt-packet";
import { beforeAll, describe, expect, it } from "vitest";
import { PROJECT_FOLDER } from "../../src/projectFolder";
import type { Connector } from "../../src/sim/network/network";
import { seededRandom } from "../../src/sim/random";
import { Scheduler } from "../../src/sim/scheduler";
import { VmHost } from "../../src/sim/vm/vmHost";
import type { VmSocket } from "../../src/sim/vm/vmModule";
import { compileProgram } from "../../src/toolchain/compile";

/** How a connection behaves, for as long as it does. */
type Behaviour =
  "never opens" | "refused" | "closed" | "half-open" | "error" | "bytewise" | "honest";

/** One attempt after the other; the last goes on for ever. */
const BEHAVIOURS: Behaviour[] = [
  "never opens",
  "refused",
  "closed",
  "half-open",
  "error",
  "bytewise",
  "honest",
];
/** How long a connection works before it fails, in milliseconds. */
const WORKS_FOR_MS = 12_000;
/** A document of 3 KB, sent in pieces on each connection. */
const DOCUMENT = Buffer.alloc(3000, 7);

/** A broker of one client, and the sockets on which the VM reaches it. */
class SocketBroker implements Connector {
  readonly arrived: string[] = [];
  readonly retained = new Map<string, string>();
  readonly openedMs: number[] = [];
  readonly endedMs: number[] = [];
  open = 0;
  mostOpen = 0;
  #hasSession = false;

  constructor(readonly scheduler: Scheduler) {}

  connect(): VmSocket {
    const attempt = this.openedMs.length;
    this.openedMs.push(this.scheduler.nowMs);
    this.open++;
    this.mostOpen = Math.max(this.mostOpen, this.open);
    const behaviour = BEHAVIOURS[Math.min(attempt, BEHAVIOURS.length - 1)];
    return new ScriptedSocket(this, attempt, behaviour);
  }

  answer(packet: Packet): Buffer[] {
    if (packet.cmd === "connect") {
      const sessionPresent = this.#hasSession;
      this.#hasSession = true;
      return [mqttPacket.generate({ cmd: "connack", returnCode: 0, sessionPresent })];
    }
    if (packet.cmd === "publish") {
      const payload = packet.payload.toString();
      if (packet.retain) this.retained.set(packet.topic, payload);
      else this.arrived.push(payload);
      return packet.qos
        ? [mqttPacket.generate({ cmd: "puback", messageId: packet.messageId })]
        : [];
    }
    if (packet.cmd === "subscribe")
      return [mqttPacket.generate({ cmd: "suback", messageId: packet.messageId, granted: [1] })];
    if (packet.cmd === "pingreq") return [mqttPacket.generate({ cmd: "pingresp" })];
    return [];
  }
}

class ScriptedSocket implements VmSocket {
  readonly #broker: SocketBroker;
  readonly #attempt: number;
  readonly #parser: Parser;
  #behaviour: Behaviour;
  #alive = true;
  #onConnect: () => void = () => {};
  #onData: (data: Uint8Array) => void = () => {};
  #onError: (error: Error) => void = () => {};
  #onClose: (hadError: boolean) => void = () => {};

  constructor(broker: SocketBroker, attempt: number, behaviour: Behaviour) {
    this.#broker = broker;
    this.#attempt = attempt;
    this.#behaviour = behaviour;
    this.#parser = mqttPacket.parser({ protocolVersion: 4 });
    this.#parser.on("packet", (packet) => this.#received(packet));
    if (behaviour === "never opens") return;
    this.#later(20, () => {
      if (behaviour === "refused") {
        this.#gone();
        this.#onError(new Error("ECONNREFUSED"));
        this.#onClose(true);
      } else this.#onConnect();
    });
    this.#later(WORKS_FOR_MS, () => {
      if (behaviour === "closed") {
        this.#gone();
        this.#onClose(false);
      } else if (behaviour === "error" || behaviour === "bytewise") {
        this.#gone();
        this.#onError(new Error("ECONNRESET"));
        this.#onClose(true);
      }
    });
  }

  once(_event: "connect", listener: () => void): this {
    this.#onConnect = listener;
    return this;
  }

  on(event: string, listener: unknown): this {
    if (event === "data") this.#onData = listener as (data: Uint8Array) => void;
    if (event === "error") this.#onError = listener as (error: Error) => void;
    if (event === "close") this.#onClose = listener as (hadError: boolean) => void;
    return this;
  }

  write(data: Uint8Array): void {
    const bytes = Buffer.from(data);
    this.#later(5, () => {
      const silent = this.#behaviour === "half-open" && this.#age() > WORKS_FOR_MS;
      if (!silent) this.#parser.parse(bytes);
    });
  }

  end(): void {
    this.#broker.endedMs[this.#attempt] = this.#broker.scheduler.nowMs;
    this.#gone();
  }

  #age(): number {
    return this.#broker.scheduler.nowMs - this.#broker.openedMs[this.#attempt];
  }

  #gone(): void {
    if (this.#alive) this.#broker.open--;
    this.#alive = false;
  }

  #later(delayMs: number, action: () => void): void {
    this.#broker.scheduler.after(delayMs, () => {
      if (this.#alive) action();
    });
  }

  #received(packet: Packet): void {
    for (const answer of this.#broker.answer(packet)) this.#send(answer);
    if (packet.cmd === "publish" && /new|again/.test(packet.payload.toString()))
      this.#sendDocument();
  }

  /** In pieces as the ESP32 receives them, all in the same moment. */
  #sendDocument(): void {
    const fields = { cmd: "publish" as const, topic: "t/down/config", dup: false, retain: false };
    const bytes = mqttPacket.generate({ ...fields, qos: 1, messageId: 9, payload: DOCUMENT });
    for (let at = 0; at < bytes.length; at += 128) this.#send(bytes.subarray(at, at + 128));
  }

  #send(bytes: Buffer): void {
    const size = this.#behaviour === "bytewise" && bytes.length < 100 ? 1 : bytes.length;
    for (let at = 0; at < bytes.length; at += size) {
      const piece = new Uint8Array(bytes.subarray(at, at + size));
      this.#later(5, () => this.#onData(piece));
    }
  }
}

describe("the client on the runtime's socket, through every way a socket can fail", () => {
  const lines: string[] = [];
  const panics: number[] = [];
  let broker: SocketBroker;
  let liveBytes = 0;

  beforeAll(async () => {
    const program = compileProgram("test/vm/mqttClient.main.ts", {
      projectFolder: PROJECT_FOLDER,
      version: "0.0.0",
    });
    const scheduler = new Scheduler();
    broker = new SocketBroker(scheduler);
    const host = await VmHost.create({
      scheduler,
      network: broker,
      random: seededRandom(7),
      deviceId: [1, 2],
      onLog: (line) => lines.push(line.replace(/^ *> /, "")),
      onPanic: (code) => panics.push(code),
    });
    host.start();
    scheduler.runUntil(100);
    host.deploy(program.bytecode);
    while (scheduler.nowMs < 400_000 && !lines.includes("DONE")) if (!scheduler.runNext()) break;
    liveBytes = host.heapPeaks.liveBytes;
    host.stop();
  }, 300_000);

  it("ends by itself, without a panic or an error of its own", () => {
    expect(panics).toEqual([]);
    expect(lines.filter((line) => /^(ERRORS|DONE)/.test(line))).toEqual(["ERRORS 0", "DONE"]);
  });

  it("loses no message and keeps their order", () => {
    const expected = [...Array(400).keys()].map((i) => `m${i}`);
    expect([...new Set(broker.arrived)]).toEqual(expected);
    expect(lines).toContain("ACKNOWLEDGED 400");
  });

  it("names each failure", () => {
    const reasons = lines.filter((line) => line.startsWith("LOST ")).map((line) => line.slice(5));
    expect(reasons).toEqual([
      "socket did not open",
      expect.stringContaining("ECONNREFUSED"),
      "connection closed",
      "no PINGRESP",
      expect.stringContaining("ECONNRESET"),
      expect.stringContaining("ECONNRESET"),
    ]);
    expect(lines).toContain("CONNECTIONS 5");
  });

  it("closes a socket that did not open in time, and never has two", () => {
    expect(broker.endedMs[0] - broker.openedMs[0]).toBeGreaterThanOrEqual(30_000);
    expect(broker.endedMs[0] - broker.openedMs[0]).toBeLessThan(30_200);
    expect(broker.mostOpen).toBe(1);
  });

  it("notices the half-open connection within 1.5 keep-alives", () => {
    const noticed = broker.endedMs[3] - broker.openedMs[3] - WORKS_FOR_MS;
    expect(noticed).toBeGreaterThan(0);
    expect(noticed).toBeLessThanOrEqual(15_000);
  });

  it("gets every byte of a document that comes in pieces, on each connection", () => {
    expect(lines.filter((line) => line === "GOT t/down/config 3000 7")).toHaveLength(5);
  });

  it("says goodbye", () => {
    expect(broker.retained.get("t/up/state")).toBe("restart");
    expect(broker.open).toBe(0);
  });

  it("needs little memory", () => {
    expect(liveBytes).toBeGreaterThan(1000);
    expect(liveBytes).toBeLessThan(16 * 1024);
  });
});
