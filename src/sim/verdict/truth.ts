import { channelConfig } from "../../../devs/contract/config";
import type { Cue } from "../scenario/cues";
import type { Surroundings } from "../world/surroundings";
import type { Report } from "../virtualNode";

/** How far from the truth a sensor's value may be, and how old it may be when it is read. */
interface StatedError {
  readonly absolute: number;
  readonly pct: number;
  readonly ageMs: number;
}

const PARTICLES: StatedError = { absolute: 0.2, pct: 0.5, ageMs: 2500 };
const LAMP_AGE_MS = 2500;

/**
 * What the modelled chips add to the truth: the step of their registers and the time that a
 * measurement takes, by their data sheets. A metric that is not here is worked out by the
 * node from others, and not compared.
 */
const STATED: Readonly<Record<string, StatedError>> = {
  pm1: PARTICLES,
  pm25: PARTICLES,
  pm4: PARTICLES,
  pm10: PARTICLES,
  temperature: { absolute: 0.1, pct: 0, ageMs: 2500 },
  humidity: { absolute: 0.2, pct: 0, ageMs: 2500 },
  vocIndex: { absolute: 0.6, pct: 1, ageMs: 2500 },
  noxIndex: { absolute: 0.6, pct: 1, ageMs: 2500 },
  LAF: { absolute: 0.3, pct: 0, ageMs: 400 },
  illuminance: { absolute: 2, pct: 3, ageMs: 4000 },
  lampVoltage: { absolute: 0.05, pct: 0.2, ageMs: LAMP_AGE_MS },
  lampCurrent: { absolute: 6, pct: 0.5, ageMs: LAMP_AGE_MS },
  lampPower: { absolute: 0.4, pct: 1, ageMs: LAMP_AGE_MS },
};

/** Which chip of a street pole gives a metric. */
const CHIP: Readonly<Record<string, string>> = {
  pm1: "sen55",
  pm25: "sen55",
  pm4: "sen55",
  pm10: "sen55",
  temperature: "sen55",
  humidity: "sen55",
  vocIndex: "sen55",
  noxIndex: "sen55",
  LAF: "sen0232",
  illuminance: "veml7700",
  lampVoltage: "ina226",
  lampCurrent: "ina226",
  lampPower: "ina226",
};

/** Digits to which a node prints the time of a reading. */
const TIME_DIGITS = 7;
/** Instants at which the truth is asked for within the age of a value. */
const LOOKS = 9;
/** A metric whose values are younger than this moves from sample to sample. */
const FAST_MS = 1000;
/** So near each other it is looked at, where it seems to be off: nearer than a fast level moves. */
const FINE_MS = 25;
const NOTES_KEPT = 5;
/** A chip that was off needs so long until its values are what they ought to be. */
const SETTLE_MS = 120_000;

/** How what the node reported stands to the world. */
export interface TruthAccount {
  readonly compared: number;
  /** Reported values that differ from the truth by more than the sensor's stated error. */
  readonly wrong: number;
  /** The same while a scenario had the sensor misbehave. */
  readonly wrongUnderFault: number;
  /** Times that the truth left the report rule's band for longer than a sample, unreported. */
  readonly swallowed: number;
}

/** A time in which a node's sensor cannot be asked for the truth. */
export interface Excuse {
  /** Undefined: all of them. */
  readonly chip?: string;
  /** Undefined: all of the chip. */
  readonly metric?: string;
  readonly fromMs: number;
  readonly toMs: number;
}

/** The excuses that a scenario gives the sensors of a node. */
export function excusesOf(cues: readonly Cue[], node: string): Excuse[] {
  return cues.flatMap(({ action, node: who, atMs, untilMs }): Excuse[] => {
    if (who !== node) return [];
    if (action.do === "power-cut" || action.do === "brown-out")
      return [{ fromMs: atMs, toMs: untilMs + SETTLE_MS }];
    // Judged is by the configuration of the start, and what a sensor gives by itself.
    if (action.do === "configure") {
      const { channels } = action.document as { channels?: object };
      return Object.keys(channels ?? {}).map((metric) => ({
        metric,
        fromMs: atMs,
        toMs: Infinity,
      }));
    }
    if (action.do === "command") {
      const { channel } = action.command as { channel?: string };
      return channel === undefined ? [] : [{ metric: channel, fromMs: atMs, toMs: Infinity }];
    }
    if (action.do !== "chip-fault") return [];
    // Held low, the bus keeps every chip from being read.
    if (action.fault.busStuck) return [{ fromMs: atMs, toMs: untilMs + 3 * SETTLE_MS }];
    // Backing off from a dead chip takes up to five minutes after it is well.
    return [{ chip: action.chip, fromMs: atMs, toMs: untilMs + 3 * SETTLE_MS }];
  });
}

/** Compares what one node's filters reported with the world around it. */
export class TruthCheck {
  /** The first few differences, for people. */
  readonly notes: string[] = [];
  readonly #world: Surroundings;
  readonly #configuration: Record<string, unknown>;
  /** What the ends of a swinging door's lines may be off, by metric. */
  readonly #doors = new Map<string, number>();
  readonly #excuses: Excuse[];
  readonly #restartsMs: number[] = [];
  readonly #histories = new Map<string, { times: number[]; values: number[] }>();
  #compared = 0;
  #wrong = 0;
  #wrongUnderFault = 0;

  constructor(world: Surroundings, configuration: object, excuses: readonly Excuse[]) {
    this.#world = world;
    this.#configuration = configuration as Record<string, unknown>;
    this.#excuses = [...excuses, { fromMs: -Infinity, toMs: SETTLE_MS }];
  }

  /** The program started anew, for whatever reason. */
  restarted(nowMs: number): void {
    this.#restartsMs.push(nowMs);
    this.#excuses.push({ fromMs: nowMs, toMs: nowMs + SETTLE_MS });
  }

  /** The node's filters let a reading through. */
  reported({ metric, value, timeMs }: Report): void {
    const stated = STATED[metric];
    if (!stated) return;
    const history = this.#histories.get(metric) ?? { times: [], values: [] };
    this.#histories.set(metric, history);
    history.times.push(timeMs);
    history.values.push(value);
    let low = Infinity;
    let high = -Infinity;
    const coarseMs = printedStepMs(timeMs);
    const spanMs = stated.ageMs + 2 * coarseMs;
    const looks = Math.ceil((LOOKS * spanMs) / stated.ageMs);
    for (let i = 0; i < looks; i++) {
      const truth = this.#world.value(metric, timeMs + coarseMs - (spanMs * i) / (looks - 1));
      if (truth === undefined) return;
      low = Math.min(low, truth);
      high = Math.max(high, truth);
    }
    this.#compared++;
    const allowed = stated.absolute + (stated.pct / 100) * Math.abs(value) + this.#door(metric);
    if (value >= low - allowed && value <= high + allowed) return;
    if (this.#excused(metric, timeMs)) this.#wrongUnderFault++;
    else {
      this.#wrong++;
      this.#note(
        `${metric} at ${(timeMs / 1000).toFixed(1)} s: ${value} reported, ${low.toFixed(2)} to ${high.toFixed(2)} true`,
      );
    }
  }

  /**
   * Looks for what the node ought to have reported and did not in a run of that length: the
   * city's curve (steps, or the lines of a swinging door) is farther from the truth than the
   * rule and the sensor allow, for longer than a sample takes. A channel whose filter smooths
   * or takes out spikes is left aside, and so is a door's line whose end a restart took away.
   */
  account(endMs: number): TruthAccount {
    let swallowed = 0;
    for (const [metric, history] of this.#histories)
      swallowed += this.#swallowed(metric, history.times, history.values, endMs);
    return {
      compared: this.#compared,
      wrong: this.#wrong,
      wrongUnderFault: this.#wrongUnderFault,
      swallowed,
    };
  }

  #swallowed(
    metric: string,
    times: readonly number[],
    values: readonly number[],
    endMs: number,
  ): number {
    const channel = channelConfig(this.#configuration, metric);
    const stated = STATED[metric];
    const door = channel.report?.swingingDoor;
    const deadband = door ?? channel.report?.deadband;
    const rewritten = channel.smooth ?? channel.spike ?? channel.calibrate ?? channel.rate;
    if (!stated || !channel.on || deadband === undefined || rewritten) return 0;
    const periodMs = channel.periodS * 1000;
    // What moves within a sample must stay off for all of the time, not at some instants.
    const isFast = stated.ageMs < FAST_MS;
    const stepMs = isFast ? Math.min(periodMs, FAST_MS / 2) : periodMs;
    const neededMs = 2 * periodMs + stated.ageMs + (channel.report?.shortestS ?? 0) * 1000;
    let found = 0;
    let at = 0;
    let side = 0;
    let sinceMs = 0;
    const believedAt = (timeMs: number) => {
      const fromMs = times[at] ?? 0;
      const toMs = times[at + 1] ?? fromMs;
      const share = door === undefined || toMs === fromMs ? 0 : (timeMs - fromMs) / (toMs - fromMs);
      return (values[at] ?? NaN) * (1 - share) + (values[at + 1] ?? 0) * share;
    };
    const truthAt = (timeMs: number) => this.#world.value(metric, timeMs) ?? NaN;
    /** On which side of what is believed the truth is off; 0 where it is not, or may be. */
    const sideAt = (timeMs: number) => {
      const believed = believedAt(timeMs);
      const truth = truthAt(timeMs);
      const band =
        Math.max(deadband, ((channel.report?.deadbandPct ?? 0) / 100) * Math.abs(believed)) +
        2 * (stated.absolute + (stated.pct / 100) * Math.abs(truth));
      const inRange =
        truth >= (channel.range?.min ?? -Infinity) && truth <= (channel.range?.max ?? Infinity);
      const isOff = Math.abs(truth - believed) > band;
      return isOff && inRange && !this.#excused(metric, timeMs) ? Math.sign(truth - believed) : 0;
    };
    /** The last instant before a time at which the truth was not off; undefined where it always was. */
    const lastWellMs = (beforeMs: number) => {
      for (let timeMs = beforeMs; isFast && timeMs > sinceMs; timeMs -= FINE_MS)
        if (sideAt(timeMs) !== side) return timeMs;
      return undefined;
    };
    for (let timeMs = times[0] ?? endMs; timeMs < endMs - neededMs; timeMs += stepMs) {
      while ((times[at + 1] ?? Infinity) <= timeMs) {
        at++;
        side = 0;
      }
      const next = times[at + 1];
      // A swinging door's line stands when its end is told.
      if (door !== undefined && next === undefined) break;
      if (door !== undefined && this.#restartedBetween(times[at] ?? 0, next ?? 0)) {
        timeMs = (next ?? endMs) - stepMs;
        continue;
      }
      const now = sideAt(timeMs);
      if (now === 0 || now !== side) {
        side = now;
        sinceMs = timeMs;
      } else if (timeMs - sinceMs > neededMs) {
        const wellMs = lastWellMs(timeMs);
        if (wellMs !== undefined) {
          sinceMs = wellMs;
          continue;
        }
        found++;
        this.#note(
          `${metric} at ${(timeMs / 1000).toFixed(1)} s: ${believedAt(timeMs).toFixed(2)} believed, ${truthAt(timeMs).toFixed(2)} true`,
        );
        // It counts once, until the node says something again.
        timeMs = (next ?? endMs) - stepMs;
      }
    }
    return found;
  }

  #restartedBetween(fromMs: number, toMs: number): boolean {
    return this.#restartsMs.some((atMs) => atMs > fromMs && atMs < toMs);
  }

  #note(text: string): void {
    if (this.notes.length < NOTES_KEPT) this.notes.push(text);
  }

  #door(metric: string): number {
    const known = this.#doors.get(metric);
    if (known !== undefined) return known;
    const door = channelConfig(this.#configuration, metric).report?.swingingDoor ?? 0;
    this.#doors.set(metric, door);
    return door;
  }

  #excused(metric: string, timeMs: number): boolean {
    return this.#excuses.some(
      ({ chip, metric: only, fromMs, toMs }) =>
        (chip === undefined || chip === CHIP[metric]) &&
        (only === undefined || only === metric) &&
        timeMs >= fromMs &&
        timeMs < toMs,
    );
  }
}

/** The step in which times as late as that are printed: 100 ms after a day, a second after a fortnight. */
function printedStepMs(timeMs: number): number {
  const timeS = Math.max(1, timeMs / 1000);
  return 1000 * 10 ** (Math.floor(Math.log10(timeS)) + 1 - TIME_DIGITS);
}
