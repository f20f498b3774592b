/**
 * The one socket of the device, straight on the runtime's own functions. `Socket` of
 * `@devicescript/net` is built on the same ones, but leaves a connection that did not
 * open in time open for ever, throws when the write queue is full for a moment, and
 * starts two fibers for every piece of data.
 */

import type { Link } from "./session";

/** How the broker is reached. */
export interface SocketAddress {
  /** Name or address. */
  readonly host: string;
  readonly port: number;
  /** `tls` checks the server's certificate against the runtime's own list of authorities. */
  readonly proto: "tcp" | "tls";
}

type RuntimeEvent = "open" | "close" | "data" | "error";

/** The runtime's socket functions, which its type declarations leave out, and its clock. */
export interface RuntimeSockets {
  /** Milliseconds since the program started. */
  millis(): number;
  /** A negative port asks for TLS. 0 when the attempt began; throws without a network. */
  _socketOpen(host: string, port: number): number;
  _socketClose(): number;
  /** 0 when taken whole, -1 when the queue is full, below -1 without a connection. */
  _socketWrite(data: Buffer): number;
  /** Called by the runtime, in a fiber of its own, for each event. */
  _socketOnEvent: (event: RuntimeEvent, detail: Buffer | string | undefined) => void;
}

/**
 * Longest piece given to the runtime at once, in bytes: on the ESP32 it stops the
 * whole program at a TLS write of 4096 bytes.
 */
const MAX_WRITE_BYTES = 2048;
/** Longest time for which the runtime's queue may be full, in milliseconds. */
const WRITE_TIMEOUT_MS = 10000;
/** Bytes received that may wait to be read, before the connection is given up. */
const MAX_UNREAD_BYTES = 12288;

/** A `Link` over the device's socket. Its owner reads the public fields when `onEvent` rang. */
export class SocketLink implements Link {
  /** The socket has opened and nobody has noticed yet. */
  opened: boolean = false;
  /** Why the connection ended; empty while it did not. */
  lost: string = "";
  /** Received, not yet read. */
  received: Buffer[] = [];

  private readonly runtime: RuntimeSockets;
  private readonly address: SocketAddress;
  private readonly onEvent: () => void;
  private unreadBytes: number = 0;
  private unwritten: Buffer[] = [];
  /** Bytes of the first of them that the runtime has taken. */
  private writtenBytes: number = 0;
  private unwrittenSinceMs: number = 0;
  private active: boolean = false;

  constructor(runtime: RuntimeSockets, address: SocketAddress, onEvent: () => void) {
    this.runtime = runtime;
    this.address = address;
    this.onEvent = onEvent;
  }

  open(): void {
    this.clear();
    this.active = true;
    const runtime = this.runtime;
    // In DeviceScript a method taken from its object stays bound to it.
    runtime._socketOnEvent = this.happened;
    const port = this.address.port;
    try {
      const result = runtime._socketOpen(
        this.address.host,
        this.address.proto === "tls" ? -port : port,
      );
      if (result !== 0) this.fail("socket error " + result);
    } catch (error) {
      this.fail((error as Error).message);
    }
  }

  send(packet: Buffer): void {
    if (this.unwritten.length === 0) this.unwrittenSinceMs = this.runtime.millis();
    this.unwritten.push(packet);
    this.flush();
  }

  /** Writes what the runtime takes; to be called again while `backlogged`. */
  flush(): void {
    while (this.active && this.unwritten.length > 0) {
      const packet = this.unwritten[0];
      const from = this.writtenBytes;
      const to = Math.min(from + MAX_WRITE_BYTES, packet.length);
      const isWhole = to - from === packet.length;
      const result = this.runtime._socketWrite(isWhole ? packet : packet.slice(from, to));
      const nowMs = this.runtime.millis();
      if (result === 0) {
        this.unwrittenSinceMs = nowMs;
        this.writtenBytes = to;
        if (to < packet.length) continue;
        this.unwritten.shift();
        this.writtenBytes = 0;
      } else if (result !== -1) {
        this.fail("write error " + result);
      } else {
        if (nowMs - this.unwrittenSinceMs > WRITE_TIMEOUT_MS) this.fail("write timeout");
        return;
      }
    }
  }

  backlogged(): boolean {
    return this.unwritten.length > 0;
  }

  close(): void {
    if (this.active) this.runtime._socketClose();
    this.clear();
  }

  /** The next piece received, or undefined. */
  read(): Buffer | undefined {
    const chunk = this.received.shift();
    if (chunk) this.unreadBytes -= chunk.length;
    return chunk;
  }

  private clear(): void {
    this.active = false;
    this.opened = false;
    this.lost = "";
    this.received = [];
    this.unreadBytes = 0;
    this.unwritten = [];
    this.writtenBytes = 0;
  }

  private fail(reason: string): void {
    if (this.lost === "") this.lost = reason;
    this.unwritten = [];
    this.writtenBytes = 0;
    this.onEvent();
  }

  private happened(event: RuntimeEvent, detail: Buffer | string | undefined): void {
    if (!this.active) return;
    if (event === "open") {
      this.opened = true;
    } else if (event === "data") {
      const chunk = detail as Buffer;
      this.unreadBytes += chunk.length;
      if (this.unreadBytes <= MAX_UNREAD_BYTES) this.received.push(chunk);
      else if (this.lost === "") this.lost = "received faster than read";
    } else if (this.lost === "") {
      this.lost = event === "error" ? "socket: " + detail : "connection closed";
    }
    this.onEvent();
  }
}
