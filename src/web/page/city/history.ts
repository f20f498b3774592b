import type { Point } from "../../../city/cityView";

/** The newest of one metric, kept in order of time; the same point may come twice. */
export class History {
  readonly #spanMs: number;
  #points: Point[] = [];

  /** @param spanMs how far back it reaches. */
  constructor(spanMs: number) {
    this.#spanMs = spanMs;
  }

  /** When the oldest point was measured; undefined without one. */
  get firstMs(): number | undefined {
    return this.#points[0]?.[0];
  }

  /** Adds points, of which some may be known already. */
  add(points: readonly Point[]): void {
    for (const point of points) {
      let at = this.#points.length;
      while (at > 0 && (this.#points[at - 1]?.[0] ?? 0) > point[0]) at--;
      const before = this.#points[at - 1];
      if (before && before[0] === point[0]) this.#points[at - 1] = point;
      else this.#points.splice(at, 0, point);
    }
  }

  /**
   * The points of the span that ends at `nowMs`. A value holds until the next one arrives,
   * so the last one before the span opens it, and the newest is drawn on to `untilMs`.
   */
  window(nowMs: number, untilMs: number): { timesS: number[]; values: number[] } {
    const fromMs = nowMs - this.#spanMs;
    let old = 0;
    while ((this.#points[old + 1]?.[0] ?? Infinity) <= fromMs) old++;
    if (old > 0) this.#points = this.#points.slice(old);
    const timesS = this.#points.map(([timeMs]) => Math.max(timeMs, fromMs) / 1000);
    const values = this.#points.map(([, value]) => value);
    const last = this.#points.at(-1);
    if (last && untilMs > last[0] && untilMs > fromMs) {
      timesS.push(untilMs / 1000);
      values.push(last[1]);
    }
    return { timesS, values };
  }
}
