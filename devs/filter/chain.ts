import type { ChainDescription } from "../contract/chain";
import { Outcome } from "./outcome";

/** No quantity of a street pole comes near; beyond it squares and sums lose their meaning. */
const LARGEST_VALUE = 1e15;

/**
 * The filter chain of one channel. Its size is fixed by its description, and taking a
 * sample allocates nothing.
 */
export class FilterChain {
  /** Samples refused since boot. */
  rejected = 0;
  /** Filtered value and time of the last accepted sample; NaN before the first. */
  value = NaN;
  timeS = NaN;
  /** The last report. */
  reportValue = NaN;
  reportTimeS = NaN;
  /** The report that goes before it, when `Outcome.EarlierReport` is set. */
  earlierValue = NaN;
  earlierTimeS = NaN;
  private readonly min: number = -LARGEST_VALUE;
  private readonly max: number = LARGEST_VALUE;
  private readonly deadband: number = -1;
  private readonly heartbeatS: number = Infinity;

  /** @param description one in which `checkChain` finds no problem. */
  constructor(description: ChainDescription) {
    const { range, report } = description;
    if (range && range.min !== undefined) this.min = range.min;
    if (range && range.max !== undefined) this.max = range.max;
    if (!report) return;
    if (report.heartbeatS !== undefined) {
      this.heartbeatS = report.heartbeatS;
      this.deadband = Infinity;
    }
    if (report.deadband !== undefined) this.deadband = report.deadband;
  }

  /**
   * Takes a sample.
   *
   * @param value in the metric's unit; NaN and infinities are rejected.
   * @param timeS time of the sample on the node's own clock, in seconds. It may repeat
   *   or jump; after a jump back the chain reports at once.
   * @returns bits of `Outcome`.
   */
  accept(value: number, timeS: number): number {
    if (!(value >= this.min && value <= this.max)) {
      this.rejected++;
      return Outcome.Rejected;
    }
    const intervalS = timeS - this.timeS;
    this.timeS = timeS;
    this.value = value;
    // Without a report yet, or after a jump back, the comparisons fail towards a report. The
    // heartbeat is due when the next sample, expected as late after this one, would be too late.
    if (
      Math.abs(value - this.reportValue) <= this.deadband &&
      intervalS >= 0 &&
      timeS + intervalS - this.reportTimeS <= this.heartbeatS
    )
      return Outcome.Accepted;
    this.reportValue = value;
    this.reportTimeS = timeS;
    return Outcome.Accepted | Outcome.Report;
  }
}
