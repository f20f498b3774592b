import { LARGEST_VALUE, type ChainDescription } from "../contract/chain";
import { Alarms } from "./alarm";
import { Outcome } from "./outcome";
import type { WindowStatistics } from "./statistics";

/** No time and no interval is much longer, in seconds: this keeps infinite times out. */
export const LONGEST_S = 1e10;
/**
 * A sample that comes later than so many of the intervals before it comes after a
 * silence: what is kept of the time before is then too old to judge it by.
 */
export const SILENCE_INTERVALS = 10;

/**
 * The filter chain of one channel; `createChain` makes the right one for a description.
 * Its size is fixed by the description, and taking a sample allocates nothing.
 *
 * A field of an object takes 16 bytes of the node's heap: what only some chains need is
 * left undefined in the others.
 *
 * Here is what all chains share: the deadband, the heartbeat and the alarms. What costs
 * is done when something happens: then the calm band is worked out, in which the
 * following values are neither to be reported nor to change an alarm, so that most
 * samples need two comparisons.
 *
 * @hot its fields are read at every sample.
 */
export abstract class FilterChain {
  /** Filtered value and time of the last accepted sample; NaN before the first, the time also after `interrupt`. */
  value = NaN;
  timeS = NaN;
  /** The last report. */
  reportValue = NaN;
  reportTimeS = NaN;
  // No field below has a start value that it does not need: each takes 16 bytes, of thirteen chains.
  /** Samples refused since boot, when there were any. */
  rejected?: number;
  /** The report that goes before it, when `Outcome.EarlierReport` is set. */
  earlierValue?: number;
  earlierTimeS?: number;
  /** The alarms, when the description has any. */
  readonly alarms?: Alarms;
  /** The statistics, when the description has any. */
  statistics?: WindowStatistics;
  /** Plausible range. */
  protected readonly min: number;
  protected readonly max: number;
  /** Longest time between two reports. */
  protected readonly heartbeatS: number;
  /** Shortest time between two reports, when there is one. */
  protected readonly shortestS?: number;
  /** The calm band; empty when every value needs a closer look. */
  protected calmLow = Infinity;
  protected calmHigh = -Infinity;
  /** Change that makes a report; every one is more than -1. */
  private readonly absoluteBand: number = -1;
  /** The same as a share of the last report. */
  private readonly relativeBand?: number;

  /** @param description one in which `checkChain` finds no problem. */
  constructor(description: ChainDescription) {
    const { range, report, alarms } = description;
    this.min = range?.min ?? -LARGEST_VALUE;
    this.max = range?.max ?? LARGEST_VALUE;
    this.heartbeatS = report?.heartbeatS ?? LONGEST_S;
    if (report && report.shortestS !== undefined) this.shortestS = report.shortestS;
    if (report && report.deadbandPct !== undefined) {
      this.relativeBand = report.deadbandPct / 100;
      this.absoluteBand = 0;
    }
    if (report && report.deadband !== undefined) this.absoluteBand = report.deadband;
    // A swinging door reports by itself.
    if (report && report.swingingDoor !== undefined) this.absoluteBand = Infinity;
    if (alarms && alarms.length > 0) this.alarms = new Alarms(alarms);
  }

  /**
   * Takes a sample.
   *
   * @param value in the metric's unit; NaN and infinities are rejected.
   * @param timeS time of the sample on the node's own clock, in seconds. It may repeat
   *   or jump; after a jump back the chain starts anew and reports at once.
   * @returns bits of `Outcome`.
   */
  abstract accept(value: number, timeS: number): number;

  /**
   * Reports what is known but not reported yet. Returns 0 or `Outcome.Report`.
   */
  flush(): number {
    return 0;
  }

  /**
   * The sensor failed: reports what is known but not reported yet, and the next sample,
   * whenever it comes, starts anew and is reported at once. Returns 0 or `Outcome.Report`.
   */
  interrupt(): number {
    const outcome = this.flush();
    this.timeS = NaN;
    return outcome;
  }

  /**
   * Tells the relative humidity outside, in percent, for the correction of particles;
   * NaN when it is not known, then nothing is corrected.
   */
  setHumidity(_humidityPct: number): void {
    // Only a chain that corrects for it has a use for it.
  }

  /** Tells the part of the day: bit of its index in `DAY_PARTS`, 0 while it is unknown. */
  setDayPart(dayPart: number): void {
    if (!this.alarms) return;
    this.alarms.setDayPart(dayPart);
    this.calmLow = Infinity;
    this.calmHigh = -Infinity;
  }

  protected reject(): number {
    this.rejected = (this.rejected ?? 0) + 1;
    return Outcome.Rejected;
  }

  /** Reports the value just taken. */
  protected report(): number {
    this.reportValue = this.value;
    this.reportTimeS = this.timeS;
    this.findCalmBand();
    this.reported();
    return Outcome.Report;
  }

  /** What else changes with a report. */
  protected reported(): void {
    // Chains that keep a time for the next one set it here.
  }

  /** The value just taken is outside the calm band: reports it and tells the alarms as is due. */
  protected stir(): number {
    let outcome = 0;
    if (this.alarms && this.alarms.update(this.value, this.timeS)) outcome = Outcome.Alarm;
    if (
      Math.abs(this.value - this.reportValue) > this.band() &&
      !(this.timeS - this.reportTimeS < (this.shortestS ?? 0))
    )
      return outcome | this.report();
    this.findCalmBand();
    return outcome;
  }

  private findCalmBand(): void {
    const band = this.band();
    let low = this.reportValue - band;
    let high = this.reportValue + band;
    if (this.alarms) {
      low = Math.max(low, this.alarms.quietLow);
      high = Math.min(high, this.alarms.quietHigh);
    }
    this.calmLow = low;
    this.calmHigh = high;
  }

  /** Change since the last report that makes a new one. */
  private band(): number {
    if (this.relativeBand === undefined) return this.absoluteBand;
    return Math.max(this.absoluteBand, this.relativeBand * Math.abs(this.reportValue));
  }
}
