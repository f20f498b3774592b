import type { NodeVerdict } from "./verdict";

const DAY_MS = 86_400_000;

/**
 * The least that the program held after a collection, in the second half of the first day
 * and of the last one: the same measure twice. Of a run under two days its halves are the days.
 */
export class HeapDays {
  readonly #take: () => number;
  /** Virtual times at which a stretch ends: what goes before is not measured, what is, begins. */
  readonly #endsMs: readonly number[];
  readonly #least: number[] = [];
  readonly #days: number;

  constructor(takeLeastLiveBytes: () => number, durationMs: number) {
    this.#take = takeLeastLiveBytes;
    this.#days = durationMs / DAY_MS;
    const dayMs = Math.min(DAY_MS, durationMs / 2);
    this.#endsMs = [dayMs / 2, dayMs, durationMs - dayMs / 2];
  }

  /** To be told the time often. */
  passed(nowMs: number): void {
    while (nowMs >= (this.#endsMs[this.#least.length] ?? Infinity)) this.#least.push(this.#take());
  }

  figures(): Pick<NodeVerdict, "heapEarlyBytes" | "heapEndBytes" | "heapGrownBytes"> {
    const early = this.#least[1] ?? 0;
    const end = this.#take();
    const compared = this.#days >= 2 && early > 0 && end > 0;
    return {
      heapEarlyBytes: early,
      heapEndBytes: end,
      heapGrownBytes: compared ? Math.max(0, end - early) : 0,
    };
  }
}
