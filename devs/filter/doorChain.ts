import type { ChainDescription } from "../contract/chain";
import { FilterChain } from "./chain";
import { Outcome } from "./outcome";

/** Steeper than any line between two values; finite, so that times zero it is zero. */
const STEEPEST = 1e300;

/** Share of the bound that is kept back for rounding errors, so that the stated bound holds. */
const ROUNDING = 1e-9;

/**
 * What a chain needs to report by swinging door trending with free vertices: the straight
 * lines between the reports pass every filtered value within the bound, unless the
 * shortest interval holds a report back.
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
 * A chain narrows the door itself, a value at a time, and calls `leaveDoor` when a value
 * leaves it: a call for each value would cost too much.
 */
export abstract class DoorChain extends FilterChain {
  /** Whether a swinging door reports: the other fields are defined only then. */
  protected readonly swings?: boolean;
  /** Time of the vertex, whose value is `reportValue`; -Infinity while there is none. */
  protected fromS?: number;
  /** The bound above and below the vertex. */
  protected top?: number;
  protected bottom?: number;
  /** The door's slopes, per second. While it is shut, no value passes it. */
  protected lowestSlope?: number;
  protected highestSlope?: number;
  /** Largest distance from the lines. */
  private readonly bound?: number;

  constructor(description: ChainDescription) {
    super(description);
    const { report } = description;
    if (!report || report.swingingDoor === undefined) return;
    this.swings = true;
    this.bound = report.swingingDoor * (1 - ROUNDING);
    this.top = 0;
    this.bottom = 0;
    this.forget();
  }

  override flush(): number {
    if (!this.swings || !(this.timeS > (this.fromS as number))) return 0;
    this.closeDoor(this.value, this.timeS);
    return Outcome.Report;
  }

  /**
   * No line of the door passes that value; `value` and `timeS` are still those of the one
   * before. Returns the bits of `Outcome`.
   */
  protected leaveDoor(value: number, timeS: number): number {
    const fromS = this.fromS as number;
    const lastS = this.timeS;
    if (fromS === -Infinity) return this.reportVertex(value, timeS);
    const shortestS = this.shortestS ?? 0;
    if (this.highestSlope === Infinity || lastS - fromS < shortestS) {
      // Too early for a vertex at the value before; from then on the bound is not kept.
      this.shut();
      if (timeS - fromS < shortestS) return Outcome.Accepted;
      return this.reportVertex(value, timeS);
    }
    const closed = lastS > fromS;
    if (closed) this.closeDoor(value, lastS);
    const outcome = closed ? Outcome.Accepted | Outcome.Report : Outcome.Accepted;
    const sinceS = timeS - (this.fromS as number);
    const bottom = this.bottom as number;
    const top = this.top as number;
    if (sinceS > 0) {
      this.highestSlope = (value - bottom) / sinceS;
      this.lowestSlope = (value - top) / sinceS;
    } else if (value > top || value < bottom) {
      // Two values at one time that no line can join: both are reported.
      if (closed) this.keepEarlier();
      return this.reportVertex(value, timeS) | (closed ? Outcome.EarlierReport : 0);
    }
    return outcome;
  }

  /** The heartbeat is due: closes the door at the value just taken, if it is later than the vertex. */
  protected beat(outcome: number): number {
    if (!(this.timeS > (this.fromS as number))) return outcome;
    let both = outcome | Outcome.Report;
    if ((outcome & Outcome.Report) !== 0) {
      this.keepEarlier();
      both |= Outcome.EarlierReport;
    }
    this.closeDoor(this.value, this.timeS);
    return both;
  }

  /**
   * After a silence or a jump of the time: reports what is known as the earlier report,
   * for a line through a silence says nothing; the next value becomes a vertex.
   */
  protected restartDoor(): number {
    let outcome = 0;
    if (this.flush() !== 0) {
      this.keepEarlier();
      outcome = Outcome.EarlierReport;
    }
    this.forget();
    return outcome;
  }

  /** Whether reports keep a shortest distance in time. In DeviceScript 1.5 counts as false. */
  protected keepsDistance(): boolean {
    return this.shortestS !== undefined && this.shortestS > 0;
  }

  /** Makes the last report the earlier of two. */
  private keepEarlier(): void {
    this.earlierValue = this.reportValue;
    this.earlierTimeS = this.reportTimeS;
  }

  /** Ends the door at that time, as near to `value` as it reaches, and begins a new one there. */
  private closeDoor(value: number, timeS: number): void {
    let vertex = value;
    if (this.highestSlope !== Infinity) {
      const sinceS = timeS - (this.fromS as number);
      const highest = this.reportValue + (this.highestSlope as number) * sinceS;
      const lowest = this.reportValue + (this.lowestSlope as number) * sinceS;
      if (vertex > highest) vertex = highest;
      if (vertex < lowest) vertex = lowest;
    }
    this.reportVertex(vertex, timeS);
  }

  /** Reports a vertex, and opens the door from there. */
  private reportVertex(value: number, timeS: number): number {
    const bound = this.bound as number;
    this.fromS = timeS;
    this.top = value + bound;
    this.bottom = value - bound;
    this.lowestSlope = -STEEPEST;
    this.highestSlope = STEEPEST;
    this.reportValue = value;
    this.reportTimeS = timeS;
    this.reported();
    return Outcome.Accepted | Outcome.Report;
  }

  private forget(): void {
    this.fromS = -Infinity;
    this.shut();
  }

  private shut(): void {
    this.lowestSlope = Infinity;
    this.highestSlope = Infinity;
  }
}
