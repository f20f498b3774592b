import { DAY_PARTS, type AlarmDescription } from "../contract/chain";

/** The states of an alarm; each change of `raised` is one event. */
export enum AlarmState {
  /** Not raised. */
  Clear,
  /** Beyond the threshold that raises, not yet for as long as the delay. */
  Raising,
  Raised,
  /** Beyond the threshold that clears, not yet for as long as the delay. */
  Clearing,
}

/**
 * An alarm with two thresholds and two delays. Values between the thresholds change
 * nothing. It raises at the first value with which the value has been beyond the
 * threshold, without a break, for the delay; and clears likewise.
 *
 * | state    | beyond raise         | between  | beyond clear         |
 * |----------|----------------------|----------|----------------------|
 * | Clear    | Raising, then Raised | -        | -                    |
 * | Raising  | Raised after delay   | Clear    | Clear                |
 * | Raised   | -                    | -        | Clearing, then Clear |
 * | Clearing | Raised               | Raised   | Clear after delay    |
 */
export class Alarm {
  state = AlarmState.Clear;
  /** `info`, `warning` (when undefined) or `critical`. */
  readonly severity?: string;
  /** 1 for an alarm above its threshold, -1 for one below: times it, values compare alike. */
  private readonly sign: number;
  private readonly raise: number;
  private readonly clear: number;
  private readonly raiseDelayS?: number;
  private readonly clearDelayS?: number;
  /** Bits of the parts of the day in which it applies; always when undefined. */
  private readonly dayParts?: number;
  private sinceS = 0;

  constructor(description: AlarmDescription) {
    this.sign = description.above === undefined ? -1 : 1;
    this.raise = this.sign * ((description.above ?? description.below) as number);
    this.clear = this.sign * description.clear;
    if (description.raiseDelayS) this.raiseDelayS = description.raiseDelayS;
    if (description.clearDelayS) this.clearDelayS = description.clearDelayS;
    if (description.severity !== undefined) this.severity = description.severity;
    if (!description.during) return;
    let dayParts = 0;
    for (const part of description.during) dayParts |= 1 << DAY_PARTS.indexOf(part);
    this.dayParts = dayParts;
  }

  /** The threshold that raises. */
  threshold(): number {
    return this.sign * this.raise;
  }

  /** Whether it is raised. */
  raised(): boolean {
    return this.state === AlarmState.Raised || this.state === AlarmState.Clearing;
  }

  /**
   * Takes a filtered value. Returns whether `raised` changed.
   *
   * @param dayPart bit of the part of the day that it is; 0 while the time is unknown.
   *   Outside its hours an alarm is cleared at once.
   */
  update(value: number, timeS: number, dayPart: number): boolean {
    if (this.dayParts !== undefined && (this.dayParts & dayPart) === 0) {
      const was = this.raised();
      this.state = AlarmState.Clear;
      return was;
    }
    const signed = this.sign * value;
    switch (this.state) {
      case AlarmState.Clear:
        if (!(signed > this.raise)) return false;
        this.state = AlarmState.Raising;
        this.sinceS = timeS;
        break;
      case AlarmState.Raising:
        if (!(signed > this.raise)) {
          this.state = AlarmState.Clear;
          return false;
        }
        break;
      case AlarmState.Raised:
        if (!(signed < this.clear)) return false;
        this.state = AlarmState.Clearing;
        this.sinceS = timeS;
        break;
      case AlarmState.Clearing:
        if (!(signed < this.clear)) {
          this.state = AlarmState.Raised;
          return false;
        }
        break;
    }
    const raising = this.state === AlarmState.Raising;
    const delayS = (raising ? this.raiseDelayS : this.clearDelayS) ?? 0;
    if (timeS - this.sinceS < delayS) return false;
    this.state = raising ? AlarmState.Raised : AlarmState.Clear;
    return true;
  }

  /** After a jump of the time or a long silence: a delay that runs begins anew. */
  restart(timeS: number): void {
    this.sinceS = timeS;
  }

  /** The highest value that changes nothing now; -Infinity while a delay runs. */
  quietUpTo(): number {
    if (this.state === AlarmState.Clear) return this.sign > 0 ? this.raise : Infinity;
    if (this.state === AlarmState.Raised) return this.sign > 0 ? Infinity : -this.clear;
    return -Infinity;
  }

  /** The lowest value that changes nothing now; Infinity while a delay runs. */
  quietDownTo(): number {
    if (this.state === AlarmState.Clear) return this.sign > 0 ? -Infinity : -this.raise;
    if (this.state === AlarmState.Raised) return this.sign > 0 ? this.clear : -Infinity;
    return Infinity;
  }
}

/** The alarms of a channel. */
export class Alarms {
  readonly alarms: Alarm[] = [];
  /** Bits of the alarms that changed with the last value taken. */
  changed = 0;
  /** Bits of the alarms that are raised. */
  raised = 0;
  /** Values from here to there change nothing now; none do not while a delay runs. */
  quietLow = Infinity;
  quietHigh = -Infinity;
  private dayPart = 0;
  private stale = false;

  constructor(descriptions: AlarmDescription[]) {
    for (const description of descriptions) this.alarms.push(new Alarm(description));
    this.findQuietBand();
  }

  /** Takes a filtered value. Returns whether any alarm was raised or cleared. */
  update(value: number, timeS: number): boolean {
    this.changed = 0;
    // While a delay runs no value is quiet, and finding that out again is needless.
    let moved = this.stale;
    this.stale = false;
    for (let i = 0; i < this.alarms.length; i++) {
      const alarm = this.alarms[i] as Alarm;
      const state = alarm.state;
      if (alarm.update(value, timeS, this.dayPart)) {
        this.changed |= 1 << i;
        this.raised ^= 1 << i;
      }
      if (alarm.state !== state) moved = true;
    }
    if (moved) this.findQuietBand();
    return this.changed !== 0;
  }

  private findQuietBand(): void {
    this.quietLow = -Infinity;
    this.quietHigh = Infinity;
    for (const alarm of this.alarms) {
      this.quietLow = Math.max(this.quietLow, alarm.quietDownTo());
      this.quietHigh = Math.min(this.quietHigh, alarm.quietUpTo());
    }
  }

  /** After a jump of the time or a long silence: delays that run begin anew. */
  restart(timeS: number): void {
    for (const alarm of this.alarms) alarm.restart(timeS);
  }

  /** The part of the day: bit of its index in `DAY_PARTS`, 0 for unknown. */
  setDayPart(dayPart: number): void {
    this.dayPart = dayPart;
    // An alarm that does not apply any more is cleared with the next value: its state
    // moves then.
    this.quietLow = Infinity;
    this.quietHigh = -Infinity;
    this.stale = true;
  }
}
