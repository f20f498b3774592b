import { afterEach, expect, it } from "vitest";
import { VirtualBroker } from "../../src/broker/virtual/virtualBroker";
import { Gateway, type Contact, type GatewayEvent } from "../../src/ota/gateway";
import { realOtaClock } from "../../src/ota/clock";
import {
  openDevicePort,
  VirtualDevicePort,
  type DeviceRequest,
  type MessageSocket,
  type OnDevice,
} from "../../src/ota/messageSocket";
import { deviceSeed, WsskCommand, WsskSession } from "../../src/ota/wssk";
import { drive } from "../../src/sim/clock";
import { tcpNetwork } from "../../src/sim/network/tcpNetwork";
import { NO_PROGRAM, programHash, type Program } from "../../src/ota/transfer";
import { MemoryNetwork } from "../../src/sim/network/memoryNetwork";
import { Scheduler } from "../../src/sim/scheduler";
import { VirtualNode } from "../../src/sim/virtualNode";
import { compileProgram, type CompiledProgram } from "../../src/toolchain/compile";
import { PROJECT_FOLDER } from "../../src/projectFolder";

const KEY = new Uint8Array(32).fill(7);
const GATEWAY_PORT = 7011;

const compiled = new Map<string, CompiledProgram>();
function program(name: string): Program {
  let known = compiled.get(name);
  if (!known) {
    known = compileProgram(`test/vm/${name}.main.ts`, {
      projectFolder: PROJECT_FOLDER,
      version: "0.0.0",
    });
    compiled.set(name, known);
  }
  return { hash: programHash(known.bytecode), bytecode: known.bytecode };
}

/** One node whose program never takes the socket, its gateway, and the network between them. */
function rig(
  programFor: (contact: Contact) => Program | undefined,
  nodeKey = KEY,
  first = "otaOld",
  impostor?: OnDevice,
) {
  const scheduler = new Scheduler();
  const events: GatewayEvent[] = [];
  const log: string[] = [];
  const makeGateway = () =>
    new Gateway({
      clock: { nowMs: () => scheduler.nowMs, after: (ms, then) => scheduler.after(ms, then) },
      keyOf: (node) => (node === "bk-0001" ? KEY : undefined),
      programFor,
      onEvent: (event) => events.push(event),
    });
  let gateway = makeGateway();
  let port = new VirtualDevicePort(
    impostor ?? ((request, socket) => gateway.accept(request, socket)),
  );
  const broker = new VirtualBroker(scheduler);
  const network = new MemoryNetwork(scheduler, (address) =>
    address.port === GATEWAY_PORT ? port : broker,
  );
  const path = network.path("bk-0001");
  const node = new VirtualNode({
    scheduler,
    seed: 1,
    bytecode: program(first).bytecode,
    city: "berkane",
    node: "bk-0001",
    broker: { host: "broker.invalid", port: 1883, tls: false },
    gateway: { host: "gateway.invalid", port: GATEWAY_PORT, tls: false, key: nodeKey },
    bus: { transaction: () => ({ status: 1, data: new Uint8Array(0) }) },
    network: path,
    onLog: (line) => log.push(line.trim()),
  });
  running.push(node);
  return {
    scheduler,
    events,
    log,
    node,
    path,
    named: (name: GatewayEvent["event"]) => events.filter(({ event }) => event === name),
    /** The gateway's machine loses its power and comes back so much later. */
    restartGateway(afterMs: number) {
      port.vanish();
      gateway.close();
      scheduler.after(afterMs, () => {
        gateway = makeGateway();
        port = new VirtualDevicePort((request, socket) => gateway.accept(request, socket));
      });
    },
  };
}

const running: VirtualNode[] = [];
afterEach(() => {
  for (const node of running.splice(0)) node.powerOff();
});

const giveNew = ({ hash }: Contact) =>
  hash === program("otaNew").hash ? undefined : program("otaNew");

it("replaces the program that runs, and sees by the hash that it did", async () => {
  const { node, scheduler, events, log, named } = rig(giveNew);
  await node.powerOn();
  scheduler.runUntil(20_000);
  expect(events.map(({ event }) => event)).toEqual(["contact", "started", "transferred"]);
  expect(events[0]).toMatchObject({ contact: { hash: program("otaOld").hash } });
  expect(named("transferred")).toMatchObject([
    { hash: program("otaNew").hash, bytes: program("otaNew").bytecode.length },
  ]);
  expect(log.filter((line) => /^> /.test(line))).toEqual(["> old program", "> new program"]);
});

it("starts again after a cut, and leaves no node without a program", async () => {
  const { node, scheduler, path, log, named } = rig(giveNew);
  path.setConditions({ delayMs: 50, lossShare: 0.02 });
  await node.powerOn();
  while (named("started").length === 0) scheduler.runNext();
  path.cutAfter("down", 300);
  scheduler.runUntil(scheduler.nowMs + 200_000);
  expect(named("failed").length).toBeGreaterThan(0);
  expect(named("contact").some((e) => "contact" in e && e.contact.hash === NO_PROGRAM)).toBe(true);
  expect(named("transferred")).toHaveLength(1);
  expect(log.at(-1)).not.toContain("panic");
  expect(log).toContain("> new program");
});

it("goes on after the gateway's machine was gone in the middle of a transfer", async () => {
  const { node, scheduler, path, named, restartGateway, log } = rig(giveNew);
  path.setConditions({ delayMs: 100 });
  await node.powerOn();
  while (named("started").length === 0) scheduler.runNext();
  scheduler.runUntil(scheduler.nowMs + 600);
  restartGateway(20_000);
  scheduler.runUntil(scheduler.nowMs + 300_000);
  expect(named("started").length).toBeGreaterThan(1);
  expect(log).toContain("> new program");
});

it("ends with the old or the new program wherever the power is cut, and none is lost", async () => {
  const before = rig(giveNew);
  await before.node.powerOn();
  while (before.named("started").length === 0) before.scheduler.runNext();
  const first = before.node.flashWrites + 1;
  before.scheduler.runUntil(20_000);
  const last = before.node.flashWrites;
  // The runtime's own entry, the program's header, and its end.
  expect(last - first + 1).toBe(3);
  for (let write = first; write <= last; write++)
    for (const stored of [true, false]) {
      const { node, scheduler, log } = rig(giveNew);
      await node.powerOn();
      node.cutPowerAt(write, stored);
      scheduler.runUntil(20_000);
      expect(node.powered).toBe(false);
      await node.powerOn();
      scheduler.runUntil(120_000);
      expect(log, `write ${write}, ${stored ? "stored" : "not stored"}`).toContain("> new program");
      node.powerOff();
    }
});

it("refuses a node with another key, and one that it does not know", async () => {
  const wrong = rig(giveNew, new Uint8Array(32).fill(8));
  await wrong.node.powerOn();
  wrong.scheduler.runUntil(10_000);
  expect(wrong.named("refused")[0]).toMatchObject({ node: "bk-0001", problem: "wrong-key" });
  expect(wrong.named("contact")).toEqual([]);
});

it("hears nothing more of who was refused", () => {
  const scheduler = new Scheduler();
  const events: GatewayEvent[] = [];
  const gateway = new Gateway({
    clock: { nowMs: () => scheduler.nowMs, after: (ms, then) => scheduler.after(ms, then) },
    keyOf: () => KEY,
    programFor: giveNew,
    onEvent: (event) => events.push(event),
  });
  let closed = 0;
  const socket: MessageSocket = {
    onMessage: undefined,
    onClose: undefined,
    send: () => {},
    close: () => closed++,
  };
  const subprotocols = [`devs-key-${"5a".repeat(16)}`];
  gateway.accept({ path: "/wssk/bk-0001", subprotocols }, socket);
  for (let i = 0; i < 3; i++) socket.onMessage?.(new Uint8Array(36));
  // A connection that is being closed still delivers what was under way: no more guesses of the key.
  expect(events).toMatchObject([{ event: "refused", problem: "wrong-key" }]);
  expect(closed).toBe(1);
});

/** Somebody else at the gateway's address, who goes through the whole handshake and a transfer. */
function impostor(make: (request: DeviceRequest) => { hello: Uint8Array; rest: Uint8Array[] }) {
  const seen = { connections: 0, closed: 0, answers: 0 };
  const accept: OnDevice = (request, socket) => {
    seen.connections++;
    const { hello, rest } = make(request);
    socket.onClose = () => seen.closed++;
    // The device's own proof comes first, answers to commands follow.
    let messages = 0;
    socket.onMessage = () => {
      if (messages++ > 0) seen.answers++;
      else for (const message of rest) socket.send(message);
    };
    socket.send(hello);
  };
  return { seen, accept };
}

/** The first messages of a gateway that sends a program, sealed with that key. */
function transferOf(key: Uint8Array, request: DeviceRequest) {
  const session = new WsskSession(key, deviceSeed(request.subprotocols));
  const size = Buffer.alloc(4);
  size.writeUInt32LE(program("otaNew").bytecode.length);
  const rest = [session.proof(), session.seal(WsskCommand.DeployStart, size)];
  return { hello: session.hello, rest };
}

it("is refused by a node when it has another key, and when it replays what another gateway sent", async () => {
  // The same transfer with the right key is taken: what follows does not fail for another reason.
  const right = impostor((request) => transferOf(KEY, request));
  const taken = rig(giveNew, KEY, "otaOld", right.accept);
  await taken.node.powerOn();
  taken.scheduler.runUntil(10_000);
  expect(right.seen.answers).toBeGreaterThan(0);

  const wrong = impostor((request) => transferOf(new Uint8Array(32).fill(8), request));
  const recorded = transferOf(KEY, {
    path: "",
    subprotocols: [`devs-key-${"5a".repeat(16)}`],
  });
  const replayed = impostor(() => ({ hello: recorded.hello, rest: recorded.rest }));
  for (const { seen, accept } of [wrong, replayed]) {
    const { node, scheduler, log } = rig(giveNew, KEY, "otaOld", accept);
    await node.powerOn();
    scheduler.runUntil(5000);
    const writes = node.flashWrites;
    scheduler.runUntil(60_000);
    expect(seen.connections).toBeGreaterThan(0);
    expect(seen.closed).toBeGreaterThan(0);
    expect(seen.answers).toBe(0);
    expect(node.flashWrites).toBe(writes);
    expect(log.filter((line) => line.startsWith("> "))).toEqual(["> old program"]);
    expect(log.join("\n")).toContain("WSSK: error: tag error");
  }
});

it("is told by the device that a shortened program is none, and sends the whole one", async () => {
  const whole = program("otaNew");
  const shortened = {
    hash: whole.hash,
    bytecode: whole.bytecode.subarray(0, 32 * Math.floor(whole.bytecode.length / 64)),
  };
  let first = true;
  const { node, scheduler, named, log } = rig(({ hash }) => {
    if (hash === whole.hash) return undefined;
    const sent = first ? shortened : whole;
    first = false;
    return sent;
  });
  await node.powerOn();
  scheduler.runUntil(120_000);
  expect(named("failed")).toMatchObject([
    { detail: expect.stringMatching(/refused|hash/) as string },
  ]);
  expect(named("transferred")).toHaveLength(1);
  expect(log).toContain("> new program");
});

it("sends a program over a real port", async () => {
  const scheduler = new Scheduler();
  const events: GatewayEvent[] = [];
  const done = new AbortController();
  const gateway = new Gateway({
    clock: realOtaClock,
    keyOf: () => KEY,
    programFor: giveNew,
    onEvent: (event) => {
      events.push(event);
      if (event.event === "transferred") done.abort();
    },
  });
  const port = await openDevicePort("127.0.0.1", 0, gateway.accept);
  const node = new VirtualNode({
    scheduler,
    seed: 1,
    bytecode: program("otaOld").bytecode,
    city: "berkane",
    node: "bk-0001",
    broker: { host: "127.0.0.1", port: 1, tls: false },
    gateway: { host: "127.0.0.1", port: port.port, tls: false, key: KEY },
    bus: { transaction: () => ({ status: 1, data: new Uint8Array(0) }) },
    network: tcpNetwork().path("bk-0001"),
  });
  running.push(node);
  try {
    await node.powerOn();
    await drive(scheduler, { speed: 1, untilMs: 60_000, signal: done.signal });
  } finally {
    node.powerOff();
    gateway.close();
    await port.close();
  }
  expect(events.map(({ event }) => event)).toEqual(["contact", "started", "transferred"]);
  expect(events.at(-1)).toMatchObject({ bytes: program("otaNew").bytecode.length });
});

it("gives the last good program to one that panics at every start, within two minutes", async () => {
  const good = program("otaNew");
  const crashing = rig(({ starts }) => (starts >= 3 ? good : undefined), KEY, "otaCrash");
  await crashing.node.powerOn();
  crashing.scheduler.runUntil(120_000);
  expect(crashing.named("transferred")).toHaveLength(1);
  expect(crashing.log).toContain("> new program");
});
