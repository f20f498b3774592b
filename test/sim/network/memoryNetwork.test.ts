import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { MemoryNetwork, type NodePath } from "../../../src/sim/network/memoryNetwork";
import type { Server, ServerSocket } from "../../../src/sim/network/network";
import { Scheduler } from "../../../src/sim/scheduler";
import type { VmSocket } from "../../../src/sim/vm/vmModule";

const ADDRESS = { host: "broker.invalid", port: 1883, tls: false };

/** A server that notes what it gets and when. */
class NotingServer implements Server {
  reachable = true;
  accepts = true;
  socket: ServerSocket | undefined;
  received = "";
  readonly arrivals: number[] = [];
  closes = 0;

  constructor(readonly scheduler: Scheduler) {}

  accept(socket: ServerSocket): boolean {
    if (!this.accepts) return false;
    this.socket = socket;
    socket.onData = (data) => {
      this.received += Buffer.from(data).toString();
      this.arrivals.push(this.scheduler.nowMs);
    };
    socket.onClose = () => this.closes++;
    return true;
  }
}

let scheduler: Scheduler;
let server: NotingServer;
let path: NodePath;
let events: string[];

beforeEach(() => {
  scheduler = new Scheduler();
  server = new NotingServer(scheduler);
  path = new MemoryNetwork(scheduler, server).path("bk-0001");
  events = [];
});

/** Opens a connection and notes what happens to it. */
function open(): VmSocket {
  const socket = path.connect(ADDRESS) as VmSocket;
  const note = (text: string) => events.push(`${scheduler.nowMs} ${text}`);
  socket.once("connect", () => note("open"));
  socket.on("data", (data) => note(Buffer.from(data).toString()));
  socket.on("error", (error) => note(error.message));
  socket.on("close", () => note("closed"));
  return socket;
}

const pass = (ms: number) => scheduler.runUntil(scheduler.nowMs + ms);

describe("a link in virtual time", () => {
  it("opens after a round trip, and carries both ways and to the end", () => {
    const socket = open();
    pass(10);
    socket.write(Buffer.from("up"));
    server.socket?.write(Buffer.from("down"));
    pass(5);
    server.socket?.end();
    pass(5);
    expect(server.received).toBe("up");
    expect(events).toEqual(["10 open", "15 down", "20 closed"]);
    // Its own end is the server's doing and no news to it.
    expect(server.closes).toBe(0);
  });

  it("tells the server that the node ended, after all that the node wrote", () => {
    const socket = open();
    pass(10);
    socket.write(Buffer.from("last"));
    socket.end();
    pass(5);
    expect([server.received, server.closes]).toEqual(["last", 1]);
    expect(events).toEqual(["10 open"]);
  });

  it("is refused where nobody listens, and gets no answer where no machine is", () => {
    server.accepts = false;
    open();
    pass(10);
    expect(events).toEqual(["10 ECONNREFUSED", "10 closed"]);
    server.reachable = false;
    open();
    pass(100_000);
    expect(events).toHaveLength(2);
    // 1 + 2 + 4 + 8 + 16 + 32 + 60 + 60 s after the first try.
    pass(100_000);
    expect(events.slice(2)).toEqual(["183010 ETIMEDOUT", "183010 closed"]);
  });

  it("turns loss into delay, in order", () => {
    const socket = open();
    pass(10);
    path.setConditions({ lossShare: 1 });
    socket.write(Buffer.from("a"));
    socket.write(Buffer.from("b"));
    pass(2000);
    path.setConditions({});
    socket.write(Buffer.from("c"));
    pass(2000);
    expect(server.received).toBe("abc");
    // Sent again after 1 s, which was lost, too, and after 2 s more.
    expect(server.arrivals).toEqual([3015, 3015, 3015]);
  });

  it("loses no byte and keeps the order, whatever share of segments is lost", () => {
    fc.assert(
      fc.property(
        fc.integer(),
        fc.double({ min: 0, max: 0.6, noNaN: true }),
        fc.array(fc.tuple(fc.string(), fc.nat(3000)), { maxLength: 40 }),
        (seed, lossShare, writes) => {
          const clock = new Scheduler();
          const far = new NotingServer(clock);
          const way = new MemoryNetwork(clock, far, seed).path("bk-0001");
          const socket = way.connect(ADDRESS);
          let gaveUp = false;
          socket.on("error", () => (gaveUp = true));
          clock.runUntil(10);
          way.setConditions({ lossShare, jitterMs: 50 });
          let written = "";
          for (const [text, pauseMs] of writes) {
            written += text;
            socket.write(Buffer.from(text));
            clock.runUntil(clock.nowMs + pauseMs);
          }
          way.setConditions({});
          clock.runUntil(clock.nowMs + 200_000);
          expect(far.received).toBe(gaveUp ? written.slice(0, far.received.length) : written);
        },
      ),
    );
  });

  it("ends the connection on the sender's side where loss lasts, and says nothing to the other", () => {
    const socket = open();
    pass(10);
    path.setConditions({ lossShare: 1 });
    socket.write(Buffer.from("a"));
    pass(300_000);
    expect(events).toEqual(["10 open", "183010 ETIMEDOUT", "183010 closed"]);
    expect(server.closes).toBe(0);
    path.setConditions({});
    pass(300_000);
    expect(server.received).toBe("");
  });

  it("can be half open: nothing passes, nobody is told, and a new one works", () => {
    open();
    pass(10);
    path.halfOpen();
    server.socket?.write(Buffer.from("?"));
    pass(60_000);
    expect([events, server.closes]).toEqual([["10 open"], 0]);
    open();
    pass(10);
    expect(events).toEqual(["10 open", "60020 open"]);
  });

  it("is cut in front of a byte, in either direction", () => {
    const socket = open();
    pass(10);
    path.cutAfter("up", 5);
    socket.write(Buffer.from("abc"));
    socket.write(Buffer.from("defg"));
    pass(10);
    expect([server.received, server.closes]).toEqual(["abcde", 1]);
    expect(events.slice(1)).toEqual(["15 ECONNRESET", "15 closed"]);
    open();
    pass(10);
    path.cutAfter("down", 1);
    server.socket?.write(Buffer.from("xyz"));
    pass(10);
    expect(events.slice(4)).toEqual(["35 x", "35 ECONNRESET", "35 closed"]);
    expect(server.closes).toBe(2);
  });

  it("fails at the node alone when its own network goes", () => {
    open();
    pass(10);
    path.disconnect();
    pass(0);
    expect(events.slice(1)).toEqual(["10 ENETUNREACH", "10 closed"]);
    expect(server.closes).toBe(0);
    open();
    pass(0);
    expect(events.slice(3)).toEqual(["10 ENETUNREACH", "10 closed"]);
    path.reconnect();
    open();
    pass(10);
    expect(events.slice(5)).toEqual(["20 open"]);
  });

  it("is left without a word by a node whose power goes", () => {
    const socket = open();
    pass(10);
    socket.write(Buffer.from("half a pack"));
    socket.abandon?.();
    pass(1_000_000);
    expect([server.received, server.closes]).toEqual(["", 0]);
    server.socket?.write(Buffer.from("are you there"));
    pass(1_000_000);
    expect(server.closes).toBe(1);
  });
});
