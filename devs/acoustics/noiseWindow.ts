/**
 * Noise figures of windows that follow each other, from the A-weighted level with time
 * weighting F (IEC 61672-1), sampled at least every 125 ms, its time constant:
 *
 * - LAeq: the level of the mean energy (ISO 1996-1, 3.1.7);
 * - LAFmax and LAFmin: the highest and the lowest level;
 * - L10, L50, L90: the level exceeded in that percentage of the time (ISO 1996-1, 3.1.3).
 *
 * Every sample stands for one sampling period. A pause adds nothing: the figures are those
 * of the time that was heard, and the coverage says how much of the window that was.
 */

/** Classes of the histogram: 0.5 dB each, their middles from 20 to 140 dB. */
const LOWEST_DB = 20;
const CLASSES_PER_DB = 2;
const CLASSES = 241;
/** Two bytes a class: at 8 samples a second, room for two hours. */
const CLASS_BYTES = 2;
/** 10 to the power of a tenth of the level is e to the power of this times the level. */
const NEPERS_PER_DB = 0.230258509299404;

/** Gathers one window after the other; its size does not depend on their length. */
export class NoiseWindow {
  /** Figures of the last window that ended; NaN before there was one. */
  laeqDb = NaN;
  lafMaxDb = NaN;
  lafMinDb = NaN;
  l10Db = NaN;
  l50Db = NaN;
  l90Db = NaN;
  /** How much of it was heard, in percent. */
  coveragePct = 0;
  /** When it ended, in seconds on the samples' clock. */
  endedS = NaN;

  private readonly windowS: number;
  private readonly samplesPerWindow: number;
  private readonly histogram = Buffer.alloc(CLASSES * CLASS_BYTES);
  private startS = NaN;
  private endS = NaN;
  private samples = 0;
  private energy = 0;
  private highestDb = -Infinity;
  private lowestDb = Infinity;

  /**
   * @param windowS length of a window, up to 3600 s; windows begin at multiples of it.
   * @param periodS sampling period that counts as complete.
   */
  constructor(windowS: number, periodS: number) {
    this.windowS = windowS;
    this.samplesPerWindow = windowS / periodS;
  }

  /**
   * Takes a sample. True when a window with at least one sample ended before it: then its
   * figures are there to be read. Levels beyond the histogram count for its outermost
   * classes.
   *
   * @param timeS seconds of any clock; when it goes back, the window begins anew.
   */
  add(levelDb: number, timeS: number): boolean {
    let ended = false;
    // Also before the first sample, with NaN.
    if (!(timeS < this.endS && timeS >= this.startS)) {
      ended = this.end(timeS);
      this.startS = Math.floor(timeS / this.windowS) * this.windowS;
      this.endS = this.startS + this.windowS;
    }
    this.samples++;
    this.energy += Math.exp(levelDb * NEPERS_PER_DB);
    if (levelDb > this.highestDb) this.highestDb = levelDb;
    if (levelDb < this.lowestDb) this.lowestDb = levelDb;
    let at = Math.round((levelDb - LOWEST_DB) * CLASSES_PER_DB) * CLASS_BYTES;
    if (at < 0) at = 0;
    else if (at >= CLASSES * CLASS_BYTES) at = (CLASSES - 1) * CLASS_BYTES;
    const histogram = this.histogram;
    if (histogram[at] === 255) {
      histogram[at] = 0;
      histogram[at + 1]++;
    } else histogram[at]++;
    return ended;
  }

  /**
   * Ends the window when it is over at `timeS`, also where no sample comes any more. True
   * when figures are there to be read.
   */
  end(timeS: number): boolean {
    if (this.samples === 0) return false;
    if (timeS < this.endS && timeS >= this.startS) return false;
    // The clock went back: what was gathered belongs to no window of the new time.
    const figures = timeS >= this.endS;
    if (figures) this.work();
    this.samples = 0;
    this.energy = 0;
    this.highestDb = -Infinity;
    this.lowestDb = Infinity;
    for (let i = 0; i < CLASSES * CLASS_BYTES; i++) this.histogram[i] = 0;
    return figures;
  }

  private work(): void {
    this.endedS = this.endS;
    this.laeqDb = Math.log(this.energy / this.samples) / NEPERS_PER_DB;
    this.lafMaxDb = this.highestDb;
    this.lafMinDb = this.lowestDb;
    this.coveragePct = Math.min(100, (100 * this.samples) / this.samplesPerWindow);
    let louder = 0;
    for (let i = CLASSES - 1; i >= 0; i--) {
      const inClass = this.histogram[i * CLASS_BYTES] + 256 * this.histogram[i * CLASS_BYTES + 1];
      if (inClass === 0) continue;
      const before = louder / this.samples;
      louder += inClass;
      const now = louder / this.samples;
      if (before < 0.1 && now >= 0.1) this.l10Db = this.within(i, (0.1 - before) / (now - before));
      if (before < 0.5 && now >= 0.5) this.l50Db = this.within(i, (0.5 - before) / (now - before));
      if (before < 0.9 && now >= 0.9) this.l90Db = this.within(i, (0.9 - before) / (now - before));
    }
  }

  /** The level in a class that this share of its samples exceeds, as if they lay evenly in it. */
  private within(index: number, share: number): number {
    const level = LOWEST_DB + (index + 0.5 - share) / CLASSES_PER_DB;
    return Math.max(this.lowestDb, Math.min(this.highestDb, level));
  }
}
