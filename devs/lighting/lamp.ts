/**
 * What the light around a luminaire and the power of its lamp say about it. The faults are
 * those of OMA LwM2M objects 3416 and 3418: lamp failure, day burner, cycling failure, and
 * power outside its band. Nothing here knows the time of day: dark is what is measured, so
 * it works on a node without a clock.
 */
import type { LampSettings } from "../contract/config";

/** The faults; an event that waits holds the number: append, never reorder. */
export enum LampFault {
  /** It is dark, and no current flows. */
  Out,
  /** It is bright, and the lamp burns. */
  DayBurner,
  /** It is switched on too often. */
  Cycling,
  /** It burns with too little power, or too much. */
  Power,
}

/** Names of the faults in events, by `LampFault`. */
export const LAMP_FAULTS: string[] = ["lamp-out", "day-burner", "lamp-cycling", "lamp-power"];

/** Where a fault stands. */
export enum FaultState {
  Clear,
  /** Seen, but not for long enough. */
  Suspected,
  Raised,
  /** Raised, and right again, but not for long enough. */
  Recovering,
}

/** What a moment says of a fault. */
export enum Sign {
  Right,
  /** Nothing: it is too dark, or too bright, to tell. */
  Unknown,
  Wrong,
}

/**
 * The next state of a fault.
 *
 * | state | right | unknown | wrong |
 * |---|---|---|---|
 * | Clear | Clear | Clear | Suspected |
 * | Suspected | Clear | Clear | Suspected, when due Raised |
 * | Raised | Recovering | Raised | Raised |
 * | Recovering | Recovering, when due Clear | Raised | Raised |
 *
 * @param due whether the state has lasted for its delay.
 */
export function nextFaultState(state: FaultState, sign: Sign, due: boolean): FaultState {
  if (state < FaultState.Raised) {
    if (sign !== Sign.Wrong) return FaultState.Clear;
    return state === FaultState.Suspected && due ? FaultState.Raised : FaultState.Suspected;
  }
  if (sign !== Sign.Right) return FaultState.Raised;
  return state === FaultState.Recovering && due ? FaultState.Clear : FaultState.Recovering;
}

/** So long the light must be another before that counts: a headlight passes in less. */
const LIGHT_DELAY_S = 30;
/** How long each fault must last before it is raised, by `LampFault`. */
const RAISE_S: number[] = [120, 1800, 0, 300];
/** How long it must be over before it is cleared. */
const CLEAR_S = 30;
/** After so long without light or current nothing is known. */
const STALE_S = 120;
/** Switching on adds one, and this much is taken off in a second: one in half an hour. */
const CYCLES_LEAK_PER_S = 1 / 1800;
/** Five in an hour or so are too many; a cloudy dusk makes three. */
const CYCLES_RAISE = 5;
const CYCLES_CLEAR = 1;

/** One lamp. Taking a sample allocates nothing. */
export class Lamp {
  /** Whether the lamp burns. */
  on = false;
  /** Energy since the start, in Wh. */
  energyWh = 0;
  /** State of each fault, by `LampFault`. */
  readonly states: FaultState[] = [0, 0, 0, 0];
  private readonly sinceS: number[] = [0, 0, 0, 0];
  private readonly settings: LampSettings;
  private dark = false;
  private bright = false;
  private lightS = NaN;
  private lightDiffersS = NaN;
  private powerS = NaN;
  private cycles = 0;

  constructor(settings: LampSettings) {
    this.settings = settings;
  }

  /** Takes the illuminance at the luminaire. */
  light(lx: number, timeS: number): void {
    const { darkLx, brightLx } = this.settings;
    // Twice and half: what lies between leaves it as it is.
    const dark = lx < (this.dark ? 2 * darkLx : darkLx);
    const bright = lx > (this.bright ? brightLx / 2 : brightLx);
    const first = !(timeS - this.lightS <= STALE_S);
    this.lightS = timeS;
    if (dark === this.dark && bright === this.bright) this.lightDiffersS = NaN;
    else if (isNaN(this.lightDiffersS)) this.lightDiffersS = timeS;
    if (first || timeS - this.lightDiffersS >= LIGHT_DELAY_S) {
      this.dark = dark;
      this.bright = bright;
      this.lightDiffersS = NaN;
    }
  }

  /**
   * Takes current and power of the lamp. Gives bits of the faults that were raised or
   * cleared by it: `states` tells which.
   */
  power(milliamps: number, watts: number, timeS: number): number {
    const { leastMa, lowW, highW } = this.settings;
    const sinceS = timeS - this.powerS;
    const goesOn = sinceS >= 0 && sinceS <= STALE_S;
    this.powerS = timeS;
    const was = this.on;
    this.on = milliamps >= (was ? leastMa / 2 : leastMa);
    if (goesOn) {
      if (was) this.energyWh += (watts * sinceS) / 3600;
      this.cycles = Math.max(0, this.cycles - sinceS * CYCLES_LEAK_PER_S);
      if (this.on && !was) this.cycles++;
    }
    const lightKnown = timeS - this.lightS <= STALE_S;
    let out = Sign.Unknown;
    let day = Sign.Unknown;
    let power = Sign.Unknown;
    if (this.on) {
      out = Sign.Right;
      if (this.bright && lightKnown) day = Sign.Wrong;
      if (highW > 0) power = watts < lowW || watts > highW ? Sign.Wrong : Sign.Right;
    } else {
      day = Sign.Right;
      if (this.dark && lightKnown) out = Sign.Wrong;
    }
    return (
      this.step(LampFault.Out, out, timeS) |
      this.step(LampFault.DayBurner, day, timeS) |
      this.step(LampFault.Cycling, this.cyclingSign(), timeS) |
      this.step(LampFault.Power, power, timeS)
    );
  }

  private cyclingSign(): Sign {
    if (this.cycles >= CYCLES_RAISE) return Sign.Wrong;
    return this.cycles <= CYCLES_CLEAR ? Sign.Right : Sign.Unknown;
  }

  private step(fault: LampFault, sign: Sign, timeS: number): number {
    const state = this.states[fault] as FaultState;
    const delayS = state < FaultState.Raised ? (RAISE_S[fault] as number) : CLEAR_S;
    const due = timeS - (this.sinceS[fault] as number) >= delayS;
    const next = nextFaultState(state, sign, due);
    if (next === state) return 0;
    this.states[fault] = next;
    this.sinceS[fault] = timeS;
    const raised = next === FaultState.Raised && state === FaultState.Suspected;
    const cleared = next === FaultState.Clear && state === FaultState.Recovering;
    return raised || cleared ? 1 << fault : 0;
  }
}
