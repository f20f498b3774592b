import type { Scheduler } from "../scheduler";
import type { VmSocket } from "../vm/vmModule";
import { FIN, Flow, type Segment, type Way } from "./flow";
import type { Server, ServerSocket } from "./network";

/** The two directions of a link, seen from the node. */
export type Direction = "up" | "down";

/** What a link asks of the path that it lies on. */
export interface LinkPath extends Way {
  /** Bytes that may still pass in that direction before the connection is cut. */
  readonly bytesLeft: Record<Direction, number>;
}

/** Errors of a socket as the operating system names them. */
type SocketErrorCode = "ECONNREFUSED" | "ECONNRESET" | "ETIMEDOUT" | "ENETUNREACH";

/** One TCP connection in virtual time: the node's socket on one side, the server's on the other. */
export class VirtualLink implements VmSocket {
  readonly #scheduler: Scheduler;
  readonly #path: LinkPath;
  readonly #server: Server;
  readonly #up: Flow;
  readonly #down: Flow;
  readonly #serverSocket: ServerSocket;
  /** The node still listens to this socket. */
  #nodeOpen = true;
  #connecting = true;
  /** The server was handed the connection and has not ended it. */
  #serverOpen = false;
  /** The node, or the server's machine, is there no more and says nothing. */
  #nodeGone = false;
  #serverGone = false;
  #muted = false;
  readonly #onConnect: (() => void)[] = [];
  readonly #onData: ((data: Uint8Array) => void)[] = [];
  readonly #onError: ((error: Error) => void)[] = [];
  readonly #onClose: ((hadError: boolean) => void)[] = [];

  constructor(scheduler: Scheduler, path: LinkPath, server: Server) {
    this.#scheduler = scheduler;
    this.#path = path;
    this.#server = server;
    const delayMs = () => path.delayMs();
    this.#up = new Flow(
      scheduler,
      { loses: () => this.#muted || !server.reachable || path.loses(), delayMs },
      (segment) => this.#arrivedAtServer(segment),
      () => this.#failNode("ETIMEDOUT"),
    );
    this.#down = new Flow(
      scheduler,
      { loses: () => this.#muted || this.#nodeGone || path.loses(), delayMs },
      (segment) => this.#arrivedAtNode(segment),
      () => this.#closeServer(),
    );
    this.#serverSocket = {
      onData: undefined,
      onClose: undefined,
      write: (data) => this.#down.write(data),
      end: () => {
        this.#serverOpen = false;
        this.#down.end();
      },
      vanish: () => {
        this.#serverOpen = false;
        this.#serverGone = true;
        this.#down.stop();
      },
    };
    // The first segment asks for the connection; it is repeated as any other.
    this.#up.write(Uint8Array.of(0));
  }

  /** Whether nobody uses it any more. */
  get over(): boolean {
    return !this.#serverOpen && (!this.#nodeOpen || this.#nodeGone);
  }

  once(_event: "connect", listener: () => void): this {
    this.#onConnect.push(listener);
    return this;
  }

  on(event: string, listener: unknown): this {
    if (event === "data") this.#onData.push(listener as (data: Uint8Array) => void);
    if (event === "error") this.#onError.push(listener as (error: Error) => void);
    if (event === "close") this.#onClose.push(listener as (hadError: boolean) => void);
    return this;
  }

  write(data: Uint8Array): void {
    this.#up.write(data);
  }

  end(): void {
    if (!this.#nodeOpen) return;
    this.#nodeOpen = false;
    this.#up.end();
  }

  /** The node lost its power: neither side hears a word of it. */
  abandon(): void {
    this.#nodeOpen = false;
    this.#nodeGone = true;
    this.#up.stop();
  }

  /** From now on nothing passes, and neither side is told: a half-open connection. */
  mute(): void {
    this.#muted = true;
  }

  /** Cuts the connection; both sides are told. */
  reset(): void {
    this.#failNode("ECONNRESET");
    this.#closeServer();
  }

  /** The node's own network is gone: it is told, the server is not. */
  fail(code: SocketErrorCode): void {
    this.#muted = true;
    this.#scheduler.after(0, () => this.#failNode(code));
  }

  #arrivedAtServer(segment: Segment): void {
    if (this.#serverGone) return this.#answerReset();
    if (this.#connecting) return this.#accept();
    if (segment === FIN) return this.#closeServer();
    this.#pass("up", segment, (data) => {
      if (this.#serverOpen) this.#serverSocket.onData?.(data);
    });
  }

  #accept(): void {
    this.#connecting = false;
    const accepted = this.#nodeOpen && this.#server.accept(this.#serverSocket);
    this.#serverOpen = accepted;
    this.#scheduler.after(this.#path.delayMs(), () => {
      if (!this.#nodeOpen) return;
      if (!accepted) this.#failNode("ECONNREFUSED");
      else for (const listener of this.#onConnect) listener();
    });
  }

  /** The server's machine was started again and knows nothing of this connection. */
  #answerReset(): void {
    this.#scheduler.after(this.#path.delayMs(), () => this.#failNode("ECONNRESET"));
  }

  #arrivedAtNode(segment: Segment): void {
    if (!this.#nodeOpen) return;
    if (segment === FIN) {
      this.#nodeOpen = false;
      this.#up.stop();
      for (const listener of this.#onClose) listener(false);
      return;
    }
    this.#pass("down", segment, (data) => {
      for (const listener of this.#onData) listener(data);
    });
  }

  /** Hands over what may pass, and cuts the connection where that is less than all. */
  #pass(direction: Direction, data: Uint8Array, deliver: (data: Uint8Array) => void): void {
    const { bytesLeft } = this.#path;
    const left = bytesLeft[direction];
    if (left >= data.length) {
      bytesLeft[direction] -= data.length;
      return deliver(data);
    }
    bytesLeft[direction] = Infinity;
    if (left > 0) deliver(data.subarray(0, left));
    this.reset();
  }

  #failNode(code: SocketErrorCode): void {
    if (!this.#nodeOpen) return;
    this.#nodeOpen = false;
    this.#up.stop();
    const error = Object.assign(new Error(code), { code });
    for (const listener of this.#onError) listener(error);
    for (const listener of this.#onClose) listener(true);
  }

  #closeServer(): void {
    if (!this.#serverOpen) return;
    this.#serverOpen = false;
    this.#down.stop();
    this.#serverSocket.onClose?.();
  }
}
