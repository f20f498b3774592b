import type { Point } from "../city/cityView";

/**
 * Thins points in order of time to at most `pointsMax`, so that a chart of them looks the
 * same: of each of equally long stretches of time the lowest and the highest stay, and the
 * first and the last of all. Fewer points are left as they are.
 *
 * @param pointsMax from 4 up
 */
export class Thinning {
  readonly #pointsMax: number;
  readonly #stretchMs: number;
  readonly #fromMs: number;
  /** Everything, as long as it is few enough. */
  #all: Point[] | undefined = [];
  readonly #kept: Point[] = [];
  #stretch = -Infinity;
  #low: Point | undefined;
  #high: Point | undefined;
  #first: Point | undefined;
  #last: Point | undefined;

  constructor(fromMs: number, toMs: number, pointsMax: number) {
    this.#pointsMax = pointsMax;
    this.#fromMs = fromMs;
    const stretches = Math.max(1, Math.floor((pointsMax - 2) / 2) - 1);
    this.#stretchMs = Math.max(1, (toMs - fromMs) / stretches);
  }

  /** Takes the next point. Its time may be before the range: it counts to the first stretch. */
  add(point: Point): void {
    if (this.#all && this.#all.push(point) > this.#pointsMax) this.#all = undefined;
    this.#first ??= point;
    this.#last = point;
    const stretch = Math.max(0, Math.floor((point[0] - this.#fromMs) / this.#stretchMs));
    if (stretch !== this.#stretch) this.#endStretch();
    this.#stretch = stretch;
    if (!this.#low || point[1] < this.#low[1]) this.#low = point;
    if (!this.#high || point[1] > this.#high[1]) this.#high = point;
  }

  /** What stays. */
  points(): Point[] {
    if (this.#all) return this.#all;
    this.#endStretch();
    const first = this.#first as Point;
    const last = this.#last as Point;
    if (this.#kept[0] !== first) this.#kept.unshift(first);
    if (this.#kept.at(-1) !== last) this.#kept.push(last);
    return this.#kept;
  }

  #endStretch(): void {
    const low = this.#low;
    const high = this.#high;
    if (!low || !high) return;
    if (low === high) this.#kept.push(low);
    else this.#kept.push(...(low[0] <= high[0] ? [low, high] : [high, low]));
    this.#low = undefined;
    this.#high = undefined;
  }
}
