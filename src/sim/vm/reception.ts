import type { Scheduler } from "../scheduler";

/** The ESP32's runtime reads a socket in pieces of so many bytes (`tcpsock.c`), one a turn. */
const PIECE_BYTES = 128;
const TURN_MS = 1;

/**
 * What a socket has received, handed to the VM as a board does: piece by piece, while the
 * program runs. What it has not taken yet waits outside its memory, as in TCP's window.
 */
export class Reception {
  readonly #scheduler: Scheduler;
  readonly #waiting: (() => void)[] = [];
  #handing = false;

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler;
  }

  /** Hands data over, after everything that came before it. */
  data(bytes: Uint8Array, hand: (piece: Uint8Array) => void): void {
    for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
      const piece = bytes.subarray(at, at + PIECE_BYTES);
      this.event(() => hand(piece));
    }
  }

  /** Tells another event of the socket, after everything that came before it. */
  event(tell: () => void): void {
    if (this.#handing) this.#waiting.push(tell);
    else this.#hand(tell);
  }

  #hand(tell: () => void): void {
    this.#handing = true;
    tell();
    this.#scheduler.after(TURN_MS, () => {
      const next = this.#waiting.shift();
      if (next) this.#hand(next);
      else this.#handing = false;
    });
  }
}
