import { DAY_PARTS, SEVERITIES, type AlarmDescription } from "../contract/chain";

/** The states of an alarm; whether it is raised changes with `Raised` and `Clear` only. */
export enum AlarmState {
  /** Not raised. */
  Clear,
  /** Beyond the threshold that raises, not yet for as long as the delay. */
  Raising,
  Raised,
  /** Beyond the threshold that clears, not yet for as long as the delay. */
  Clearing,
}

/** What is kept of an alarm. A number in an array takes 8 bytes, a field of an object 16. */
enum Column {
  State,
  /** Thresholds times the sign: 1 for an alarm above, -1 for one below, so values compare alike. */
  Raise,
  Clear,
  RaiseDelayS,
  ClearDelayS,
  /** Since when a delay runs. */
  SinceS,
  /** Sign, severity and parts of the day in one number: see `traitsOf`. */
  Traits,
}

const COLUMNS = 7;
/** Bits of `Column.Traits`; the parts of the day are above them. */
const BELOW = 1;
const SEVERITY_SHIFT = 1;
const SEVERITY_MASK = 3;
const DAY_PARTS_SHIFT = 3;

/**
 * The alarms of a channel, each with two thresholds and two delays. Values between the
 * thresholds change nothing. An alarm raises at the first value with which the value has
 * been beyond the threshold, without a break, for the delay; and clears likewise.
 *
 * | state    | beyond raise         | between  | beyond clear         |
 * |----------|----------------------|----------|----------------------|
 * | Clear    | Raising, then Raised | -        | -                    |
 * | Raising  | Raised after delay   | Clear    | Clear                |
 * | Raised   | -                    | -        | Clearing, then Clear |
 * | Clearing | Raised               | Raised   | Clear after delay    |
 *
 * With no delay Raising and Clearing last for no time. An alarm that applies in parts of
 * the day only is cleared at the first value outside them, and at once while the time is
 * not known.
 */
export class Alarms {
  /** Bits of the alarms that changed with the last value taken. */
  changed = 0;
  /** Bits of the alarms that are raised. */
  raised = 0;
  /** Values from here to there change nothing now; none do not while a delay runs. */
  quietLow = -Infinity;
  quietHigh = Infinity;
  /** The alarms' numbers, `COLUMNS` of them each. */
  private readonly table: number[] = [];
  /** The part of the day: bit of its index in `DAY_PARTS`; none while it is unknown. */
  private dayPart?: number;
  /** Whether the part of the day has changed since the last value. */
  private stale?: boolean;

  constructor(descriptions: AlarmDescription[]) {
    for (const description of descriptions) {
      const sign = description.above === undefined ? -1 : 1;
      this.table.push(
        AlarmState.Clear,
        sign * ((description.above ?? description.below) as number),
        sign * description.clear,
        description.raiseDelayS ?? 0,
        description.clearDelayS ?? 0,
        0,
        traitsOf(description),
      );
    }
    this.findQuietBand();
  }

  /** How many there are. */
  count(): number {
    return this.table.length / COLUMNS;
  }

  /** The threshold that raises that alarm. */
  threshold(alarm: number): number {
    const at = alarm * COLUMNS;
    return (
      signOf(this.table[at + Column.Traits] as number) * (this.table[at + Column.Raise] as number)
    );
  }

  /** `info`, `warning` or `critical`. */
  severity(alarm: number): string {
    const traits = this.table[alarm * COLUMNS + Column.Traits] as number;
    return SEVERITIES[(traits >> SEVERITY_SHIFT) & SEVERITY_MASK] as string;
  }

  /** Takes a filtered value. Returns whether any alarm was raised or cleared. */
  update(value: number, timeS: number): boolean {
    const table = this.table;
    this.changed = 0;
    // While a delay runs no value is quiet, and finding that out again is needless.
    let moved = this.stale === true;
    this.stale = false;
    for (let at = 0; at < table.length; at += COLUMNS) {
      const before = table[at] as AlarmState;
      const after = this.next(at, before, value, timeS);
      if (after === before) continue;
      moved = true;
      table[at] = after;
      if (isRaised(after) === isRaised(before)) continue;
      const bit = 1 << (at / COLUMNS);
      this.changed |= bit;
      this.raised ^= bit;
    }
    if (moved) this.findQuietBand();
    return this.changed !== 0;
  }

  /** After a jump of the time or a long silence: delays that run begin anew. */
  restart(timeS: number): void {
    for (let at = 0; at < this.table.length; at += COLUMNS) this.table[at + Column.SinceS] = timeS;
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

  /** The state of the alarm at that place of the table after a value. */
  private next(at: number, state: AlarmState, value: number, timeS: number): AlarmState {
    const table = this.table;
    const traits = table[at + Column.Traits] as number;
    const dayParts = traits >> DAY_PARTS_SHIFT;
    if (dayParts !== 0 && (dayParts & (this.dayPart ?? 0)) === 0) return AlarmState.Clear;
    const signed = signOf(traits) * value;
    const raising = !isRaised(state);
    const beyond = raising
      ? signed > (table[at + Column.Raise] as number)
      : signed < (table[at + Column.Clear] as number);
    if (!beyond) return raising ? AlarmState.Clear : AlarmState.Raised;
    if (state === AlarmState.Clear || state === AlarmState.Raised)
      table[at + Column.SinceS] = timeS;
    const delayS = table[at + (raising ? Column.RaiseDelayS : Column.ClearDelayS)] as number;
    if (timeS - (table[at + Column.SinceS] as number) < delayS)
      return raising ? AlarmState.Raising : AlarmState.Clearing;
    return raising ? AlarmState.Raised : AlarmState.Clear;
  }

  /** Finds the values that leave every alarm as it is; none do where a delay runs. */
  private findQuietBand(): void {
    const table = this.table;
    let low = -Infinity;
    let high = Infinity;
    for (let at = 0; at < table.length; at += COLUMNS) {
      const state = table[at] as AlarmState;
      const above = ((table[at + Column.Traits] as number) & BELOW) === 0;
      if (state === AlarmState.Clear) {
        const raise = table[at + Column.Raise] as number;
        if (above) high = Math.min(high, raise);
        else low = Math.max(low, -raise);
      } else if (state === AlarmState.Raised) {
        const clear = table[at + Column.Clear] as number;
        if (above) low = Math.max(low, clear);
        else high = Math.min(high, -clear);
      } else {
        low = Infinity;
        high = -Infinity;
      }
    }
    this.quietLow = low;
    this.quietHigh = high;
  }
}

function isRaised(state: AlarmState): boolean {
  return state === AlarmState.Raised || state === AlarmState.Clearing;
}

function signOf(traits: number): number {
  return (traits & BELOW) === 0 ? 1 : -1;
}

/** Sign, severity and the bits of the parts of the day in which it applies; 0 for always. */
function traitsOf(description: AlarmDescription): number {
  let traits = description.above === undefined ? BELOW : 0;
  traits |= SEVERITIES.indexOf(description.severity ?? "warning") << SEVERITY_SHIFT;
  for (const part of description.during ?? [])
    traits |= 1 << (DAY_PARTS.indexOf(part) + DAY_PARTS_SHIFT);
  return traits;
}
