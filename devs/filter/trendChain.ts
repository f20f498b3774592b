import { LONGEST_S, SILENCE_INTERVALS } from "./chain";
import { DoorChain } from "./doorChain";
import { Outcome } from "./outcome";

/**
 * A chain with a swinging door and nothing between it and the range: its samples are its
 * filtered values, so one band serves for the range and the alarms.
 */
export class TrendChain extends DoorChain {
  /** When the heartbeat is late. */
  private lateS = -Infinity;
  /** A longer interval between two samples is a silence. */
  private longestS = NaN;

  override accept(value: number, timeS: number): number {
    // Nested, since && costs five steps of the VM.
    if (value >= this.calmLow)
      if (value <= this.calmHigh)
        if (timeS > this.timeS)
          if (timeS - this.timeS <= this.longestS)
            if (timeS + timeS - this.timeS <= this.lateS) {
              const sinceS = timeS - (this.fromS as number);
              const highest = (value - (this.bottom as number)) / sinceS;
              if (highest >= (this.lowestSlope as number)) {
                const lowest = (value - (this.top as number)) / sinceS;
                if (lowest <= (this.highestSlope as number)) {
                  if (highest < (this.highestSlope as number)) this.highestSlope = highest;
                  if (lowest > (this.lowestSlope as number)) this.lowestSlope = lowest;
                  this.value = value;
                  this.timeS = timeS;
                  return Outcome.Accepted;
                }
              }
            }
    return this.look(value, timeS);
  }

  protected override reported(): void {
    this.lateS = Math.min(this.reportTimeS + this.heartbeatS, LONGEST_S);
  }

  /** Takes a sample that is no quiet one. */
  private look(value: number, timeS: number): number {
    if (!(value >= this.min && value <= this.max)) return this.reject();
    if (!(Math.abs(timeS) <= LONGEST_S)) return this.reject();
    const intervalS = timeS - this.timeS;
    const forward = intervalS >= 0;
    const goesOn = forward && !(intervalS > this.longestS);
    let outcome = Outcome.Accepted as number;
    if (!goesOn) {
      if (!(forward && this.keepsDistance())) outcome |= this.restartDoor();
      if (this.alarms) this.alarms.restart(timeS);
    }
    // A silence is not expected again, and two samples at one time tell no interval.
    if (intervalS !== 0) this.longestS = goesOn ? SILENCE_INTERVALS * intervalS : NaN;

    const sinceS = timeS - (this.fromS as number);
    const highest = (value - (this.bottom as number)) / sinceS;
    const lowest = (value - (this.top as number)) / sinceS;
    if (highest < (this.lowestSlope as number) || lowest > (this.highestSlope as number))
      outcome |= this.leaveDoor(value, timeS);
    else {
      if (highest < (this.highestSlope as number)) this.highestSlope = highest;
      if (lowest > (this.lowestSlope as number)) this.lowestSlope = lowest;
    }
    this.value = value;
    this.timeS = timeS;
    if (timeS + intervalS - this.reportTimeS > this.heartbeatS) outcome = this.beat(outcome);
    outcome |= this.stir();
    // The samples are the values here, so the calm band can keep to the range as well.
    this.calmLow = Math.max(this.min, this.calmLow);
    this.calmHigh = Math.min(this.max, this.calmHigh);
    return outcome;
  }
}
