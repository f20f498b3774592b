import type { Scheduler } from "../scheduler";

/** Largest TCP segment of an ESP32, in bytes (ESP-IDF, `CONFIG_LWIP_TCP_MSS`). */
const SEGMENT_BYTES = 1440;
/** First wait for an acknowledgement before a segment is sent again (RFC 6298 section 2.1). */
export const RETRANSMIT_FIRST_MS = 1000;
/** Largest such wait; it doubles from one to the next (RFC 6298 sections 2.5 and 5.5). */
export const RETRANSMIT_LONGEST_MS = 60_000;
/**
 * Time after which TCP gives a connection up, at least 100 s (RFC 1122 section 4.2.3.5):
 * the first seven retransmissions were lost.
 */
export const RETRANSMISSIONS_MAX = 7;

/** The end of a stream. */
export const FIN = Symbol("FIN");
export type Segment = Uint8Array | typeof FIN;

/** What a flow asks of the way that its segments take. */
export interface Way {
  /** Whether a segment sent now is lost; asked once for each sending. */
  loses(): boolean;
  /** How long a segment sent now is under way, in milliseconds. */
  delayMs(): number;
}

/**
 * One direction of a TCP connection in virtual time. What is lost is sent again, so loss
 * is delay, and, where it lasts, the end of the connection; order always holds.
 */
export class Flow {
  readonly #scheduler: Scheduler;
  readonly #way: Way;
  readonly #deliver: (segment: Segment) => void;
  readonly #gaveUp: () => void;
  /** Sent but lost, or behind one that was lost. */
  readonly #waiting: Segment[] = [];
  #retransmissions = 0;
  #lastArrivalMs = 0;
  #stopped = false;

  /** `gaveUp` is called when TCP ends the connection because nothing was acknowledged. */
  constructor(
    scheduler: Scheduler,
    way: Way,
    deliver: (segment: Segment) => void,
    gaveUp: () => void,
  ) {
    this.#scheduler = scheduler;
    this.#way = way;
    this.#deliver = deliver;
    this.#gaveUp = gaveUp;
  }

  /** Sends bytes, in segments. */
  write(data: Uint8Array): void {
    // The VM writes into this memory again.
    const bytes = Uint8Array.from(data);
    for (let at = 0; at < bytes.length; at += SEGMENT_BYTES)
      this.#send(bytes.subarray(at, at + SEGMENT_BYTES));
  }

  /** Sends the end of the stream. */
  end(): void {
    this.#send(FIN);
  }

  /** Nothing arrives any more, what is under way included. */
  stop(): void {
    this.#stopped = true;
    this.#waiting.length = 0;
  }

  #send(segment: Segment): void {
    if (this.#stopped) return;
    if (this.#waiting.length > 0) this.#waiting.push(segment);
    else if (!this.#transmit(segment)) this.#wait(segment);
  }

  #transmit(segment: Segment): boolean {
    if (this.#way.loses()) return false;
    const { nowMs } = this.#scheduler;
    this.#lastArrivalMs = Math.max(this.#lastArrivalMs, nowMs + this.#way.delayMs());
    this.#scheduler.at(this.#lastArrivalMs, () => {
      if (!this.#stopped) this.#deliver(segment);
    });
    return true;
  }

  #wait(segment: Segment): void {
    this.#waiting.unshift(segment);
    const waitMs = Math.min(
      RETRANSMIT_LONGEST_MS,
      RETRANSMIT_FIRST_MS * 2 ** this.#retransmissions,
    );
    this.#scheduler.after(waitMs, () => this.#retransmit());
  }

  #retransmit(): void {
    if (this.#stopped) return;
    if (++this.#retransmissions > RETRANSMISSIONS_MAX) {
      this.stop();
      this.#gaveUp();
      return;
    }
    for (let segment = this.#waiting.shift(); segment; segment = this.#waiting.shift()) {
      if (!this.#transmit(segment)) return this.#wait(segment);
      this.#retransmissions = 0;
    }
  }
}
