import { FilterChain, LONGEST_S, SILENCE_INTERVALS } from "./chain";
import { Outcome } from "./outcome";

/**
 * A chain that has nothing between the range and the report: its samples are its filtered
 * values, so one band serves for the range, the deadband and the alarms.
 */
export class ThresholdChain extends FilterChain {
  /** Interval between samples when last looked at; kept for the alarms' delays. */
  private usualS?: number;

  override accept(value: number, timeS: number): number {
    // Nested, since && costs five steps of the VM.
    if (value >= this.calmLow)
      if (value <= this.calmHigh)
        if (timeS >= this.timeS)
          if (timeS + timeS - this.timeS - this.reportTimeS <= this.heartbeatS) {
            this.value = value;
            this.timeS = timeS;
            return Outcome.Accepted;
          }
    return this.look(value, timeS);
  }

  /** Takes a sample that is no quiet one. */
  private look(value: number, timeS: number): number {
    if (!(value >= this.min && value <= this.max)) return this.reject();
    if (!(Math.abs(timeS) <= LONGEST_S)) return this.reject();
    const intervalS = timeS - this.timeS;
    this.value = value;
    this.timeS = timeS;
    if (this.alarms) {
      const goesOn = intervalS >= 0 && !(intervalS > SILENCE_INTERVALS * (this.usualS ?? NaN));
      if (intervalS !== 0) this.usualS = goesOn ? intervalS : NaN;
      if (!goesOn) this.alarms.restart(timeS);
    }
    let outcome = Outcome.Accepted as number;
    // At the start, after a jump back, and when the next sample, expected as late after
    // this one, would be too late for the heartbeat.
    if (!(intervalS >= 0 && timeS + intervalS - this.reportTimeS <= this.heartbeatS))
      outcome |= this.report();
    outcome |= this.stir();
    // The samples are the values here, so the calm band can keep to the range as well.
    this.calmLow = Math.max(this.min, this.calmLow);
    this.calmHigh = Math.min(this.max, this.calmHigh);
    return outcome;
  }
}
