/**
 * Figures of a value over windows of fixed length, at multiples of it, that follow each
 * other. The first value after the end of a window closes it: then `count`, `mean`,
 * `smallest`, `greatest`, `deviation` and `startS` are the window's, until the next one closes.
 *
 * The chain adds each value to the sums itself: a call for each would cost too much.
 */
export class WindowStatistics {
  /** Values in the last closed window; the other figures are NaN before the first. */
  count = 0;
  mean = NaN;
  smallest = NaN;
  greatest = NaN;
  /** Standard deviation of the values (divided by their number). */
  deviation = NaN;
  /** Start of the window. */
  startS = NaN;
  readonly windowS: number;
  /** End of the window that runs. */
  endS = -Infinity;
  /**
   * Number, sum and sum of squares, smallest and greatest of the values of the window
   * that runs. Plain sums in double precision give a deviation to 1e-7 of the mean,
   * which is far below the resolution of any sensor.
   */
  running = 0;
  sum = 0;
  squares = 0;
  lowest = NaN;
  highest = NaN;

  constructor(windowS: number) {
    this.windowS = windowS;
  }

  /** Whether that time lies outside the window that runs: after it or, after a jump back, before. */
  isOver(timeS: number): boolean {
    return !(timeS < this.endS && timeS >= this.endS - this.windowS);
  }

  /**
   * Closes the window that runs and begins that of `timeS`, whose first value is to be
   * added next. Returns whether the closed one had a value.
   */
  begin(first: number, timeS: number): boolean {
    const closed = this.running > 0;
    if (closed) {
      this.count = this.running;
      this.mean = this.meanOf();
      this.smallest = this.lowest;
      this.greatest = this.highest;
      const plainMean = this.sum / this.count;
      this.deviation = Math.sqrt(Math.max(0, this.squares / this.count - plainMean * plainMean));
      this.startS = this.endS - this.windowS;
    }
    this.endS = (Math.floor(timeS / this.windowS) + 1) * this.windowS;
    this.running = 0;
    this.sum = 0;
    this.squares = 0;
    this.lowest = first;
    this.highest = first;
    return closed;
  }

  protected meanOf(): number {
    return this.sum / this.running;
  }
}

/** Levels in decibels are summed as energies relative to this one, to stay in range. */
const REFERENCE_DB = 60;

/**
 * The same for levels in decibels: the mean is that of the energy, 10 lg of the mean of
 * 10^(L/10) (the equivalent continuous level, ISO 1996-1, 3.1.7).
 */
export class LevelStatistics extends WindowStatistics {
  private energy = 0;

  add(levelDb: number): void {
    this.running++;
    this.sum += levelDb;
    this.squares += levelDb * levelDb;
    if (levelDb < this.lowest) this.lowest = levelDb;
    if (levelDb > this.highest) this.highest = levelDb;
    this.energy += Math.pow(10, (levelDb - REFERENCE_DB) / 10);
  }

  protected override meanOf(): number {
    const mean = REFERENCE_DB + 10 * Math.log10(this.energy / this.running);
    this.energy = 0;
    return mean;
  }
}
