import type { ReportDescription } from "../contract/chain";

/** Steeper than any line between two values; finite, so that times zero it is zero. */
const STEEPEST = 1e300;

/** Share of the bound that is kept back for rounding errors, so that the stated bound holds. */
const ROUNDING = 1e-9;

/** What the door says to a value that it does not hold. */
export enum DoorReport {
  /** Nothing yet: the shortest interval holds the report back. */
  None,
  /** A new vertex, in `fromValue` and `fromS`. */
  One,
  /** Two vertices; the first is in `earlierValue` and `earlierS`. */
  Two,
}

/**
 * Swinging door trending with free vertices: the straight lines between the reports pass
 * every filtered value within the bound, unless the shortest interval holds a report back.
 *
 * From the last report, the vertex, run all the lines that pass the values since then
 * within the bound: the door, between its lowest and its highest slope. When a new value
 * leaves none, the door closes at the value before: the next vertex is the point there
 * that the door reaches and that comes nearest to the new value. The classic form
 * (E. H. Bristol, "Swinging door trending", ISA 1990) reports a past value instead and
 * needs more reports; the swing filter (Elmeleegy et al., VLDB 2009) chooses the point
 * by least squares.
 *
 * A report so concerns the time of the value before. While the door is open the city
 * knows nothing since the vertex: the heartbeat bounds for how long.
 *
 * The chain narrows the door itself, a value at a time, and calls on it when a value
 * leaves it: a call for each value would cost too much.
 */
export class SwingingDoor {
  /** The vertex. */
  fromS = -Infinity;
  fromValue = 0;
  /** The bound above and below the vertex. */
  top = 0;
  bottom = 0;
  /** Lowest and highest slope, per second. While the door is shut, no value passes it. */
  low = Infinity;
  high = Infinity;
  earlierValue?: number;
  earlierS?: number;
  private readonly bound: number;
  private readonly shortestS?: number;
  /** Whether there is no vertex to go on from: the next value makes one. */
  private starts = true;

  constructor(report: ReportDescription) {
    this.bound = (report.swingingDoor as number) * (1 - ROUNDING);
    if (report.shortestS !== undefined) this.shortestS = report.shortestS;
  }

  /** No line of the door passes that value; the one before it was at `lastS`. */
  leave(value: number, timeS: number, lastS: number): DoorReport {
    if (this.starts) {
      this.open(value, timeS);
      return DoorReport.One;
    }
    const shortestS = this.shortestS ?? 0;
    if (this.high === Infinity || lastS - this.fromS < shortestS) {
      // Too early for a vertex at the value before; from then on the bound is not kept.
      this.low = Infinity;
      this.high = Infinity;
      if (timeS - this.fromS < shortestS) return DoorReport.None;
      this.open(value, timeS);
      return DoorReport.One;
    }
    const closed = lastS > this.fromS;
    if (closed) this.close(value, lastS);
    const sinceS = timeS - this.fromS;
    if (sinceS > 0) {
      this.high = (value - this.bottom) / sinceS;
      this.low = (value - this.top) / sinceS;
    } else if (value > this.top || value < this.bottom) {
      // Two values at one time that no line can join: both are reported.
      if (closed) this.keepEarlier();
      this.open(value, timeS);
      return closed ? DoorReport.Two : DoorReport.One;
    }
    return closed ? DoorReport.One : DoorReport.None;
  }

  /** Ends the door at that time, as near to `value` as it reaches, and begins a new one there. */
  close(value: number, timeS: number): void {
    let vertex = value;
    if (this.high !== Infinity) {
      const sinceS = timeS - this.fromS;
      const highest = this.fromValue + this.high * sinceS;
      const lowest = this.fromValue + this.low * sinceS;
      if (vertex > highest) vertex = highest;
      if (vertex < lowest) vertex = lowest;
    }
    this.open(vertex, timeS);
  }

  /** Makes the vertex the earlier of two reports. */
  keepEarlier(): void {
    this.earlierValue = this.fromValue;
    this.earlierS = this.fromS;
  }

  /** After a silence or a jump of the time: the next value becomes a vertex. */
  restart(): void {
    this.starts = true;
    this.fromS = -Infinity;
    this.low = Infinity;
    this.high = Infinity;
  }

  private open(value: number, timeS: number): void {
    this.fromValue = value;
    this.fromS = timeS;
    this.top = value + this.bound;
    this.bottom = value - this.bound;
    this.low = -STEEPEST;
    this.high = STEEPEST;
    this.starts = false;
  }
}
