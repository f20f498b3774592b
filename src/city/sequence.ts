/** What a sequence number says of the message that carries it. */
export type Arrival =
  /** The highest number so far; the numbers between it and the one before are missing. */
  | { readonly kind: "new"; readonly missing?: Range }
  /** It was missing until now. */
  | { readonly kind: "late" }
  /** It has arrived before, or cannot be told from one that has. */
  | { readonly kind: "duplicate" };

/** Sequence numbers from `from` to `to`, both included. */
export interface Range {
  readonly from: number;
  readonly to: number;
}

interface MissingRange extends Range {
  /** False for numbers from before anybody listened: they may arrive, but are no loss. */
  readonly counted: boolean;
}

/** What a tracker knows, to be kept on disk. */
export interface SequenceState {
  readonly highest: number;
  readonly countsHead: boolean;
  readonly missing: readonly MissingRange[];
}

/** Missing ranges remembered at most; then the lowest is taken for lost. */
export const RANGES_CAPACITY = 1024;

/**
 * The sequence numbers of one boot of one node, from 1. Memory grows with the holes, not
 * with the messages, and is bounded by `RANGES_CAPACITY`.
 */
export class SequenceTracker {
  readonly #missing: MissingRange[] = [];
  #highest = 0;
  #gaps = 0;
  readonly #countsHead: boolean;

  /** @param countsHead whether numbers below the first one that arrives are missing. */
  constructor(countsHead: boolean) {
    this.#countsHead = countsHead;
  }

  /** A tracker that knows what another one knew. */
  static restore(state: SequenceState): SequenceTracker {
    const tracker = new SequenceTracker(state.countsHead);
    tracker.#highest = state.highest;
    tracker.#missing.push(...state.missing);
    for (const { from, to, counted } of state.missing) if (counted) tracker.#gaps += to - from + 1;
    return tracker;
  }

  /** What it knows, for `restore`. */
  state(): SequenceState {
    return {
      highest: this.#highest,
      countsHead: this.#countsHead,
      missing: [...this.#missing],
    };
  }

  /** Numbers below the highest that have not arrived. */
  get gaps(): number {
    return this.#gaps;
  }

  /** Takes the number of a message that has just arrived. */
  accept(seq: number): Arrival {
    if (seq > this.#highest) return this.#advance(seq);
    const at = this.#find(seq);
    const range = this.#missing[at];
    if (!range || range.from > seq) return { kind: "duplicate" };
    const parts: MissingRange[] = [];
    if (range.from < seq) parts.push({ ...range, to: seq - 1 });
    if (seq < range.to) parts.push({ ...range, from: seq + 1 });
    this.#missing.splice(at, 1, ...parts);
    this.#forgetLowest();
    if (range.counted) this.#gaps--;
    return { kind: "late" };
  }

  #advance(seq: number): Arrival {
    const missing = { from: this.#highest + 1, to: seq - 1 };
    const counted = this.#countsHead || this.#highest > 0;
    this.#highest = seq;
    if (missing.from > missing.to) return { kind: "new" };
    this.#missing.push({ ...missing, counted });
    this.#forgetLowest();
    if (!counted) return { kind: "new" };
    this.#gaps += missing.to - missing.from + 1;
    return { kind: "new", missing };
  }

  #forgetLowest(): void {
    if (this.#missing.length > RANGES_CAPACITY) this.#missing.shift();
  }

  /** Index of the first missing range that ends at or above `seq`. */
  #find(seq: number): number {
    let low = 0;
    let high = this.#missing.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#missing[middle]?.to ?? 0) < seq) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
