import { beforeEach, describe, expect, it } from "vitest";
import { SocketLink } from "../../devs/mqtt/socket";

/** The runtime's socket functions, as the test wants them to answer. */
const runtime = {
  nowMs: 0,
  millis: () => runtime.nowMs,
  opened: [] as [string, number][],
  openResult: 0 as number | Error,
  written: [] as Uint8Array[],
  /** Answers to the next writes; 0 when there are none. */
  writeResults: [] as number[],
  closed: 0,
  _socketOnEvent: (() => {}) as (this: unknown, event: string, detail?: unknown) => void,
  _socketOpen(host: string, port: number): number {
    runtime.opened.push([host, port]);
    if (runtime.openResult instanceof Error) throw runtime.openResult;
    return runtime.openResult;
  },
  _socketWrite(data: Uint8Array): number {
    const result = runtime.writeResults.shift() ?? 0;
    if (result === 0) runtime.written.push(data);
    return result;
  },
  _socketClose(): number {
    runtime.closed++;
    return 0;
  },
};

let link: SocketLink;
let rung: number;

/** An event as the runtime gives it; in DeviceScript the method is bound to its object. */
function happens(event: string, detail?: unknown): void {
  runtime._socketOnEvent.call(link, event, detail);
}

beforeEach(() => {
  Object.assign(runtime, { nowMs: 0, openResult: 0, closed: 0 });
  for (const list of [runtime.opened, runtime.written, runtime.writeResults]) list.length = 0;
  rung = 0;
  link = new SocketLink(runtime, { host: "broker", port: 8883, proto: "tls" }, () => rung++);
  link.open();
});

describe("the socket", () => {
  it("asks for TLS by a negative port, for TCP by a positive one", () => {
    new SocketLink(runtime, { host: "broker", port: 1883, proto: "tcp" }, () => {}).open();
    expect(runtime.opened).toEqual([
      ["broker", -8883],
      ["broker", 1883],
    ]);
  });

  it("says that it opened", () => {
    happens("open");
    expect(link.opened).toBe(true);
    expect(rung).toBe(1);
  });

  it.each([
    [new Error("network not available"), "network not available"],
    [-1, "socket error -1"],
  ])("says why it cannot open: %s", (result, reason) => {
    runtime.openResult = result;
    link.open();
    expect(link.lost).toBe(reason);
    expect(rung).toBe(1);
  });

  it("keeps what the full queue of the runtime does not take, in order", () => {
    happens("open");
    runtime.writeResults.push(-1, -1);
    link.send(Buffer.from([1]));
    link.send(Buffer.from([2]));
    expect(link.backlogged()).toBe(true);
    expect(runtime.written).toEqual([]);
    runtime.nowMs += 20;
    link.flush();
    expect(link.backlogged()).toBe(false);
    expect(runtime.written.map((data) => data[0])).toEqual([1, 2]);
    expect(link.lost).toBe("");
  });

  it("gives up where the queue stays full for ten seconds", () => {
    happens("open");
    runtime.writeResults.push(...Array<number>(600).fill(-1));
    link.send(Buffer.from([1]));
    while (runtime.nowMs <= 10_000) {
      expect(link.lost).toBe("");
      runtime.nowMs += 20;
      link.flush();
    }
    expect(link.lost).toBe("write timeout");
    expect(link.backlogged()).toBe(false);
  });

  it("waits ten seconds from the sending, for a packet in pieces too", () => {
    happens("open");
    link.send(Buffer.from([1]));
    runtime.nowMs += 60_000;
    runtime.writeResults.push(-1);
    link.send(Buffer.alloc(5000));
    expect(link.lost).toBe("");
    expect(link.backlogged()).toBe(true);
  });

  it("is lost by any other write error, and keeps the first reason", () => {
    happens("open");
    runtime.writeResults.push(-10);
    link.send(Buffer.from([1]));
    happens("close");
    expect(link.lost).toBe("write error -10");
  });

  it("cuts a long packet into pieces that the TLS of the ESP32 takes", () => {
    happens("open");
    const packet = Buffer.from(Array.from({ length: 5000 }, (_, i) => i & 0xff));
    link.send(packet);
    expect(Math.max(...runtime.written.map((data) => data.length))).toBeLessThan(4096);
    expect(Buffer.concat(runtime.written)).toEqual(packet);
  });

  it("hands out what came, piece by piece, and the end after it", () => {
    happens("data", Buffer.from([1]));
    happens("data", Buffer.from([2, 3]));
    happens("close");
    expect([link.read(), link.read(), link.read()]).toEqual([
      Buffer.from([1]),
      Buffer.from([2, 3]),
      undefined,
    ]);
    expect(link.lost).toBe("connection closed");
  });

  it("is lost where more comes than can be read", () => {
    for (let i = 0; i < 100; i++) happens("data", Buffer.alloc(128));
    expect(link.lost).toBe("received faster than read");
    expect(link.received.length).toBeLessThanOrEqual(96);
  });

  it("counts only what is not read yet", () => {
    for (let i = 0; i < 500; i++) {
      happens("data", Buffer.alloc(128));
      link.read();
    }
    expect(link.lost).toBe("");
  });

  it("says which error it met", () => {
    happens("error", "mbedtls_ssl_handshake");
    happens("close");
    expect(link.lost).toBe("socket: mbedtls_ssl_handshake");
  });

  it("forgets everything when it is closed, and hears nothing more", () => {
    happens("open");
    happens("data", Buffer.from([1]));
    runtime.writeResults.push(-1);
    link.send(Buffer.from([1]));
    link.close();
    happens("data", Buffer.from([2]));
    happens("error", "late");
    expect(link).toMatchObject({ opened: false, lost: "", received: [] });
    expect(link.backlogged()).toBe(false);
    expect(runtime.closed).toBe(1);
    link.close();
    expect(runtime.closed).toBe(1);
  });
});
