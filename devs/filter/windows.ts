/** A filter over the last few samples. */
export abstract class WindowFilter {
  /** Begins as if `value` had been there for a whole window. */
  abstract fill(value: number): void;
  /** The filtered value after the next sample. */
  abstract next(value: number): number;
}

/** Median of the last samples, an odd number of them. */
export class MedianFilter extends WindowFilter {
  private readonly window: SortedWindow;

  constructor(size: number) {
    super();
    this.window = new SortedWindow(size);
  }

  fill(value: number): void {
    this.window.fill(value);
  }

  next(value: number): number {
    this.window.push(value);
    return this.window.sorted[this.window.middle] as number;
  }
}

/**
 * Hampel identifier: a sample further from the median of the window, itself included,
 * than k standard deviations is replaced by the median. The deviation is estimated as
 * 1.4826 times the median of the distances from the median, which is right for a normal
 * distribution and blind to outliers (F. R. Hampel, J. Am. Stat. Assoc. 69, 1974).
 */
export class HampelFilter extends WindowFilter {
  private readonly window: SortedWindow;
  private readonly limit: number;

  constructor(size: number, k: number) {
    super();
    this.window = new SortedWindow(size);
    this.limit = 1.4826 * k;
  }

  fill(value: number): void {
    this.window.fill(value);
  }

  next(value: number): number {
    const { sorted, middle } = this.window;
    this.window.push(value);
    const median = sorted[middle] as number;
    // The distances grow outwards on both sides: the middle one is found by going out.
    let below = middle - 1;
    let above = middle + 1;
    let distance = 0;
    for (let i = 0; i < middle; i++) {
      const down = below >= 0 ? median - (sorted[below] as number) : Infinity;
      const up = above < sorted.length ? (sorted[above] as number) - median : Infinity;
      if (down < up) {
        distance = down;
        below--;
      } else {
        distance = up;
        above++;
      }
    }
    return Math.abs(value - median) > this.limit * distance ? median : value;
  }
}

/** Mean of the last samples. */
export class MovingAverage extends WindowFilter {
  private readonly window: number[] = [];
  private oldest = 0;
  private sum = 0;

  constructor(size: number) {
    super();
    for (let i = 0; i < size; i++) this.window.push(0);
  }

  fill(value: number): void {
    for (let i = 0; i < this.window.length; i++) this.window[i] = value;
    this.sum = value * this.window.length;
  }

  next(value: number): number {
    this.sum += value - (this.window[this.oldest] as number);
    this.window[this.oldest] = value;
    this.oldest++;
    if (this.oldest === this.window.length) {
      this.oldest = 0;
      // A running sum gathers rounding errors: it is made anew once a round.
      this.sum = 0;
      for (let i = 0; i < this.window.length; i++) this.sum += this.window[i] as number;
    }
    return this.sum / this.window.length;
  }
}

/** The last samples, an odd number, by age and by size. */
class SortedWindow {
  /** Ascending. */
  readonly sorted: number[] = [];
  /** Index of the median in `sorted`. */
  readonly middle: number;
  private readonly byAge: number[] = [];
  private oldest = 0;

  constructor(size: number) {
    this.middle = (size - 1) / 2;
    for (let i = 0; i < size; i++) {
      this.sorted.push(0);
      this.byAge.push(0);
    }
  }

  fill(value: number): void {
    for (let i = 0; i < this.sorted.length; i++) {
      this.sorted[i] = value;
      this.byAge[i] = value;
    }
  }

  /** Takes `value` in place of the oldest. */
  push(value: number): void {
    const sorted = this.sorted;
    const size = sorted.length;
    const old = this.byAge[this.oldest];
    this.byAge[this.oldest] = value;
    this.oldest = this.oldest + 1 < size ? this.oldest + 1 : 0;
    let at = 0;
    while (sorted[at] !== old) at++;
    while (at > 0 && (sorted[at - 1] as number) > value) {
      sorted[at] = sorted[at - 1] as number;
      at--;
    }
    while (at < size - 1 && (sorted[at + 1] as number) < value) {
      sorted[at] = sorted[at + 1] as number;
      at++;
    }
    sorted[at] = value;
  }
}
