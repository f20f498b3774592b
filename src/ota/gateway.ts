import type { OtaClock } from "./clock";
import type { DeviceRequest, MessageSocket } from "./messageSocket";
import { StartCounter } from "./startCounter";
import { Transfer, TransferState, type Order, type Program } from "./transfer";
import {
  deviceSeed,
  STREAM_LOG,
  WsskCommand,
  WsskError,
  WsskSession,
  type WsskProblem,
} from "./wssk";

/** What the gateway sees of a node that is connected to it. */
export interface Contact {
  readonly node: string;
  /** SHA-256 of the program in its flash; zeros where there is no whole one. */
  readonly hash: string;
  /** When its connection began. */
  readonly sinceMs: number;
  /** Times that its program started while the gateway watched, without ever taking the socket. */
  readonly starts: number;
  /** The last lines of its log that tell of a panic or an exception; empty where none came. */
  readonly panic: string;
}

/** What the gateway tells. */
export type GatewayEvent =
  | {
      readonly event: "refused";
      readonly node: string;
      readonly problem: WsskProblem;
      readonly detail: string;
    }
  | { readonly event: "contact"; readonly contact: Contact }
  | { readonly event: "started"; readonly node: string; readonly hash: string }
  | {
      readonly event: "transferred";
      readonly node: string;
      readonly hash: string;
      readonly bytes: number;
      readonly tookMs: number;
    }
  | {
      readonly event: "failed";
      readonly node: string;
      readonly hash: string;
      readonly detail: string;
    };

/** What a gateway works with. */
export interface GatewayOptions {
  readonly clock: OtaClock;
  /** The node's key, 32 bytes; nothing for a node that is not known or has none. */
  readonly keyOf: (node: string) => Uint8Array | undefined;
  /** The program that a node shall get now; nothing when it is to be left alone. */
  readonly programFor: (contact: Contact) => Program | undefined;
  readonly onEvent: (event: GatewayEvent) => void;
  /** Nodes that get a program at the same time; 8 when left out. */
  readonly nodesAtOnce?: number;
  /** Bytes of programs a second, over all nodes; 64,000 when left out. */
  readonly bytesPerS?: number;
}

const NODES_AT_ONCE = 8;
const BYTES_PER_S = 64_000;
/** Longest wait for an answer: erasing 80 KB of flash takes an ESP32 about a second. */
const ANSWER_TIMEOUT_MS = 60_000;
/** How often a node that is left alone is looked at anew, and its log asked for. */
const LOOK_EVERY_MS = 5000;

/** Serves programs to the nodes' runtimes, whenever these are free to ask. */
export class Gateway {
  readonly #options: GatewayOptions;
  readonly #nodesAtOnce: number;
  readonly #connections = new Map<string, Connection>();
  /** Bytes sent; for the bandwidth limit, when the next ones may go. */
  #freeAtMs = 0;

  constructor(options: GatewayOptions) {
    this.#options = options;
    this.#nodesAtOnce = options.nodesAtOnce ?? NODES_AT_ONCE;
  }

  /** Takes a device that has connected. */
  readonly accept = (request: DeviceRequest, socket: MessageSocket): void => {
    const node = /^\/wssk\/([a-z0-9-]{3,23})$/.exec(request.path)?.[1] ?? "";
    try {
      const key = this.#options.keyOf(node);
      if (!key)
        throw new WsskError("unknown-node", "is not in the inventory, or has no update key");
      const session = new WsskSession(key, deviceSeed(request.subprotocols));
      const connection = new Connection(node, session, socket, this.#options.clock, {
        mayTransfer: () => this.transfers < this.#nodesAtOnce,
        sendAtMs: (bytes) => this.#reserve(bytes),
        programFor: this.#options.programFor,
        onEvent: this.#options.onEvent,
        proved: () => {
          // Only who has the key may push an older connection of the same node aside.
          this.#connections.get(node)?.close("connected again");
          this.#connections.set(node, connection);
        },
        over: () => {
          if (this.#connections.get(node) === connection) this.#connections.delete(node);
        },
      });
    } catch (error) {
      if (!(error instanceof WsskError)) throw error;
      const detail = error.message;
      this.#options.onEvent({ event: "refused", node, problem: error.problem, detail });
      socket.close(error.problem);
    }
  };

  /** Nodes that are getting a program now. */
  get transfers(): number {
    let count = 0;
    for (const connection of this.#connections.values()) if (connection.transferring) count++;
    return count;
  }

  /** What share of its program a node has confirmed, 0..1; nothing when it gets none now. */
  progress(node: string): number | undefined {
    return this.#connections.get(node)?.progress;
  }

  /** Looks at a node anew at once: what it shall run may have changed. */
  look(node: string): void {
    this.#connections.get(node)?.look();
  }

  /** Ends every connection. */
  close(): void {
    for (const connection of [...this.#connections.values()]) connection.close("gateway stops");
    this.#connections.clear();
  }

  /** When so many bytes may be sent; they count as sent then. */
  #reserve(bytes: number): number {
    const { clock, bytesPerS = BYTES_PER_S } = this.#options;
    const atMs = Math.max(clock.nowMs(), this.#freeAtMs);
    this.#freeAtMs = atMs + (bytes * 1000) / bytesPerS;
    return atMs;
  }
}

/** What a connection asks of its gateway. */
interface GatewaySide {
  mayTransfer(): boolean;
  sendAtMs(bytes: number): number;
  programFor(contact: Contact): Program | undefined;
  onEvent(event: GatewayEvent): void;
  proved(): void;
  over(): void;
}

/** One node's connection. */
class Connection {
  readonly #node: string;
  readonly #session: WsskSession;
  readonly #socket: MessageSocket;
  readonly #clock: OtaClock;
  readonly #gateway: GatewaySide;
  readonly #starts = new StartCounter();
  readonly #sinceMs: number;
  #hash: string | undefined;
  #transfer: Transfer | undefined;
  #startedMs = 0;
  #answerTimer: { cancel(): void } | undefined;
  #lookTimer: { cancel(): void } | undefined;
  #over = false;

  constructor(
    node: string,
    session: WsskSession,
    socket: MessageSocket,
    clock: OtaClock,
    gateway: GatewaySide,
  ) {
    this.#node = node;
    this.#session = session;
    this.#socket = socket;
    this.#clock = clock;
    this.#sinceMs = clock.nowMs();
    this.#gateway = gateway;
    socket.onMessage = (message) => this.#received(message);
    socket.onClose = () => this.#ended("the connection was lost");
    socket.send(session.hello);
    this.#awaitAnswer();
  }

  get transferring(): boolean {
    return this.#transfer !== undefined;
  }

  get progress(): number | undefined {
    const transfer = this.#transfer;
    return transfer && transfer.confirmedBytes / transfer.program.bytecode.length;
  }

  /** Ends the connection. */
  close(reason: string): void {
    this.#socket.close(reason);
    this.#ended(reason);
  }

  /** Gives the node a program when it shall get one and there is room. */
  look(): void {
    if (this.#over || this.#transfer || this.#hash === undefined) return;
    const program = this.#gateway.programFor(this.#contact(this.#hash));
    if (program && this.#gateway.mayTransfer()) this.#begin(program);
  }

  #contact(hash: string): Contact {
    const { starts, panic } = this.#starts;
    return { node: this.#node, hash, sinceMs: this.#sinceMs, starts, panic };
  }

  #begin(program: Program): void {
    this.#transfer = new Transfer(program);
    this.#startedMs = this.#clock.nowMs();
    this.#gateway.onEvent({ event: "started", node: this.#node, hash: program.hash });
    this.#order(this.#transfer.start());
  }

  #received(message: Uint8Array): void {
    // What comes after the end is of somebody who was refused, or pushed aside.
    if (this.#over) return;
    try {
      const plain = this.#session.open(message);
      if (!plain) return this.#greet();
      const command = plain[0] ?? 0;
      const payload = plain.subarray(1);
      if (command === WsskCommand.PingCloud) this.#send({ command: WsskCommand.PingCloud });
      else if (command === WsskCommand.Log) this.#starts.log(payload.toString("latin1"));
      else this.#answered(command, payload);
    } catch (error) {
      if (!(error instanceof WsskError)) throw error;
      const { problem, message: detail } = error;
      this.#gateway.onEvent({ event: "refused", node: this.#node, problem, detail });
      this.close(problem);
    }
  }

  #greet(): void {
    this.#gateway.proved();
    this.#socket.send(this.#session.proof());
    this.#send({ command: WsskCommand.GetHash });
    this.#awaitAnswer();
  }

  #answered(command: number, payload: Buffer): void {
    const transfer = this.#transfer;
    if (!transfer) {
      if (command !== WsskCommand.GetHash) return;
      this.#answerTimer?.cancel();
      this.#hash = payload.toString("hex");
      this.#gateway.onEvent({ event: "contact", contact: this.#contact(this.#hash) });
      this.#watch();
      return;
    }
    this.#answerTimer?.cancel();
    const next = transfer.answered(command, payload);
    if (next) return this.#order(next);
    this.#transfer = undefined;
    const { hash, bytecode } = transfer.program;
    if (transfer.state === TransferState.Failed) return this.#failed(hash, transfer.problem);
    this.#hash = hash;
    this.#starts.reset();
    const tookMs = this.#clock.nowMs() - this.#startedMs;
    const bytes = bytecode.length;
    this.#gateway.onEvent({ event: "transferred", node: this.#node, hash, bytes, tookMs });
  }

  /** The device may be in any state now: it begins anew with a new connection. */
  #failed(hash: string, detail: string): void {
    this.#gateway.onEvent({ event: "failed", node: this.#node, hash, detail });
    this.close("transfer failed");
  }

  /** Looks again and again, for as long as the node leaves the socket to its runtime. */
  #watch(): void {
    if (this.#over) return;
    if (!this.#transfer) {
      const payload = Buffer.alloc(2);
      payload.writeUInt16LE(STREAM_LOG);
      this.#send({ command: WsskCommand.SetStreaming, payload });
    }
    this.look();
    this.#lookTimer = this.#clock.after(LOOK_EVERY_MS, () => this.#watch());
  }

  /** Sends a command of the transfer when the bandwidth allows it. */
  #order(order: Order): void {
    const atMs = this.#gateway.sendAtMs(order.payload?.length ?? 0);
    const waitMs = atMs - this.#clock.nowMs();
    const send = () => {
      if (this.#over) return;
      this.#send(order);
      this.#awaitAnswer();
    };
    if (waitMs <= 0) send();
    else this.#clock.after(waitMs, send);
  }

  #send({ command, payload }: Order): void {
    this.#socket.send(this.#session.seal(command, payload));
  }

  #awaitAnswer(): void {
    this.#answerTimer?.cancel();
    this.#answerTimer = this.#clock.after(ANSWER_TIMEOUT_MS, () => this.close("no answer"));
  }

  #ended(reason: string): void {
    if (this.#over) return;
    this.#over = true;
    this.#answerTimer?.cancel();
    this.#lookTimer?.cancel();
    const transfer = this.#transfer;
    this.#transfer = undefined;
    this.#gateway.over();
    if (transfer)
      this.#gateway.onEvent({
        event: "failed",
        node: this.#node,
        hash: transfer.program.hash,
        detail: `${reason} after ${transfer.confirmedBytes} of ${transfer.program.bytecode.length} bytes`,
      });
  }
}
