/** Hours that a mean can be over. */
const HOURS = 24;
const MEAN_BYTES = 2;
/** Means are kept in tenths, up to 6,553 ug/m3: a step is a thousandth of the widest band. */
const PER_UNIT = 10;
const MOST = 65534;
/** Both bytes of an hour of which too little was heard. */
const NOTHING = 255;
/**
 * A sample stands for the time since the one before, but for no more than twice what that one
 * stood for, and than this: a pause is not heard.
 */
const LONGEST_S = 900;
/** Of an hour and of a longer time so much must be heard (2008/50/EC, annex VII, A and annex XI). */
const LEAST_SHARE = 0.75;

/** The means of the last hours of one value, and the means over them. */
export class HourlyMeans {
  private sum = 0;
  private samples = 0;
  private heardS = 0;
  private lastS = NaN;
  private stepS = LONGEST_S;
  /** The last hour first. */
  private readonly means = Buffer.alloc(HOURS * MEAN_BYTES);

  constructor() {
    for (let i = 0; i < HOURS * MEAN_BYTES; i++) this.means[i] = NOTHING;
  }

  /** Takes a value of the hour that runs, at that time in seconds. */
  add(value: number, timeS: number): void {
    const sinceS = timeS - this.lastS;
    if (sinceS > 0) {
      this.stepS = Math.min(Math.min(sinceS, LONGEST_S), 2 * this.stepS);
      this.heardS += this.stepS;
    }
    this.lastS = timeS;
    this.sum += value;
    this.samples++;
  }

  /** Ends the hour that runs. */
  endHour(): void {
    for (let i = HOURS * MEAN_BYTES - 1; i >= MEAN_BYTES; i--)
      this.means[i] = this.means[i - MEAN_BYTES] as number;
    const heard = this.heardS >= LEAST_SHARE * 3600;
    let mean = Math.round((PER_UNIT * this.sum) / this.samples);
    mean = Math.max(0, Math.min(MOST, mean));
    this.means[0] = heard ? mean >> 8 : NOTHING;
    this.means[1] = heard ? mean & 0xff : NOTHING;
    this.sum = 0;
    this.samples = 0;
    this.heardS = 0;
  }

  /** The mean of the last hours, 1 to 24; NaN when too little of them was heard. */
  over(hours: number): number {
    let sum = 0;
    let heard = 0;
    for (let i = 0; i < hours; i++) {
      const high = this.means[i * MEAN_BYTES] as number;
      const low = this.means[i * MEAN_BYTES + 1] as number;
      if (high === NOTHING && low === NOTHING) continue;
      sum += (high << 8) | low;
      heard++;
    }
    return heard >= LEAST_SHARE * hours ? sum / heard / PER_UNIT : NaN;
  }
}
