import { Duplex } from "node:stream";
import type { Scheduler } from "../scheduler";
import type { VmSocket } from "../vm/vmModule";
import type { Network } from "./network";

/** One way across the city's network; a LAN with a broker on it answers in a few milliseconds. */
const ONE_WAY_MS = 5;

/**
 * Turns of the process's event loop without anything new from the broker after
 * which it is taken to be done with what it was sent.
 */
const QUIET_TURNS = 6;

/**
 * Links from nodes to a broker in this process, in virtual time: a byte takes
 * `ONE_WAY_MS` of the scheduler's time, whatever the broker takes of real time.
 */
export class MemoryNetwork implements Network {
  readonly #scheduler: Scheduler;
  readonly #accept: (stream: Duplex) => void;
  #activity = 0;
  #quietAt = 0;

  /** `accept` hands the far end of a new connection to the broker. */
  constructor(scheduler: Scheduler, accept: (stream: Duplex) => void) {
    this.#scheduler = scheduler;
    this.#accept = accept;
  }

  connect(): VmSocket {
    return new MemoryLink(this.#scheduler, this.#accept, () => this.#activity++);
  }

  get busy(): boolean {
    return this.#activity !== this.#quietAt;
  }

  async settle(): Promise<void> {
    for (let quiet = 0; quiet < QUIET_TURNS; quiet++) {
      const before = this.#activity;
      await new Promise<void>((resolve) => setImmediate(resolve));
      if (this.#activity !== before) quiet = -1;
    }
    this.#quietAt = this.#activity;
  }
}

/** One connection: the node's socket on one side, a stream for the broker on the other. */
class MemoryLink implements VmSocket {
  readonly #scheduler: Scheduler;
  readonly #active: () => void;
  readonly #broker: Duplex;
  #ended = false;
  #onConnect: (() => void)[] = [];
  #onData: ((data: Uint8Array) => void)[] = [];
  #onClose: ((hadError: boolean) => void)[] = [];

  constructor(scheduler: Scheduler, accept: (stream: Duplex) => void, active: () => void) {
    this.#scheduler = scheduler;
    this.#active = active;
    this.#broker = new Duplex({
      read() {},
      write: (chunk: Buffer, _encoding, done) => {
        active();
        const data = new Uint8Array(chunk);
        scheduler.after(ONE_WAY_MS, () => {
          if (!this.#ended) for (const listener of this.#onData) listener(data);
        });
        done();
      },
      final: (done) => {
        this.#closeLater();
        done();
      },
      destroy: (_error, done) => {
        this.#closeLater();
        done(null);
      },
    });
    this.#broker.on("error", () => {});
    scheduler.after(2 * ONE_WAY_MS, () => {
      if (this.#ended) return;
      active();
      accept(this.#broker);
      for (const listener of this.#onConnect) listener();
    });
  }

  once(_event: "connect", listener: () => void): this {
    this.#onConnect.push(listener);
    return this;
  }

  on(event: string, listener: unknown): this {
    if (event === "data") this.#onData.push(listener as (data: Uint8Array) => void);
    if (event === "close") this.#onClose.push(listener as (hadError: boolean) => void);
    return this;
  }

  write(data: Uint8Array): void {
    const bytes = Buffer.from(data);
    this.#scheduler.after(ONE_WAY_MS, () => {
      this.#active();
      if (!this.#broker.destroyed) this.#broker.push(bytes);
    });
  }

  end(): void {
    this.#ended = true;
    this.#scheduler.after(ONE_WAY_MS, () => {
      this.#active();
      if (!this.#broker.destroyed) this.#broker.push(null);
    });
  }

  #closeLater(): void {
    this.#active();
    this.#scheduler.after(ONE_WAY_MS, () => {
      if (this.#ended) return;
      this.#ended = true;
      for (const listener of this.#onClose) listener(false);
    });
  }
}
