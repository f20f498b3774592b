import { channelConfig } from "../../../devs/contract/config";
import type { Cue } from "../scenario/cues";
import type { Surroundings } from "../world/surroundings";
import type { Report } from "../virtualNode";
import { NoiseTruth } from "./noiseTruth";
import { swallowedChanges, type StatedError } from "./swallowedChanges";

const PARTICLES: StatedError = { absolute: 0.2, pct: 0.5, ageMs: 2500 };
const LAMP_AGE_MS = 2500;

/**
 * What the modelled chips add to the truth: the step of their registers and the time that a
 * measurement takes, by their data sheets. Of the metrics that a node works out from others, the
 * noise figures are compared (`noiseTruth.ts`), and the others are not.
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
export const CHIP_OF: Readonly<Record<string, string>> = {
  pm1: "sen55",
  pm25: "sen55",
  pm4: "sen55",
  pm10: "sen55",
  temperature: "sen55",
  humidity: "sen55",
  vocIndex: "sen55",
  noxIndex: "sen55",
  LAF: "sen0232",
  LAeq: "sen0232",
  LAFmax: "sen0232",
  LAFmin: "sen0232",
  L10: "sen0232",
  L50: "sen0232",
  L90: "sen0232",
  illuminance: "veml7700",
  lampVoltage: "ina226",
  lampCurrent: "ina226",
  lampPower: "ina226",
};

/** Digits to which a node prints the time of a reading. */
const TIME_DIGITS = 7;
/** Instants at which the truth is asked for within the age of a value. */
const LOOKS = 9;
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
  readonly #noise: NoiseTruth;
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
    this.#noise = new NoiseTruth(world, this.#configuration);
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
    if (!stated) return this.#figureReported(metric, value, timeMs);
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
    const allowed = stated.absolute + (stated.pct / 100) * Math.abs(value) + this.#door(metric);
    this.#compare(metric, value, timeMs, [low, high], allowed);
  }

  /** The figures of a window of the noise, at the window's end. */
  #figureReported(metric: string, value: number, timeMs: number): void {
    const figure = this.#noise.figure(metric, timeMs);
    if (figure)
      this.#compare(metric, value, timeMs, [figure.lowDb, figure.highDb], figure.allowedDb);
  }

  #compare(
    metric: string,
    value: number,
    timeMs: number,
    [low, high]: readonly [number, number],
    allowed: number,
  ): void {
    this.#compared++;
    if (value >= low - allowed && value <= high + allowed) return;
    if (this.#excused(metric, timeMs)) this.#wrongUnderFault++;
    else {
      this.#wrong++;
      this.#note(
        `${metric} at ${(timeMs / 1000).toFixed(1)} s: ${value} reported, ${low.toFixed(2)} to ${high.toFixed(2)} true`,
      );
    }
  }

  /** What was compared in a run of that length, and what the node kept back that it ought to have reported. */
  account(endMs: number): TruthAccount {
    let swallowed = 0;
    for (const [metric, { times, values }] of this.#histories) {
      const stated = STATED[metric];
      if (!stated) continue;
      const found = swallowedChanges({
        channel: channelConfig(this.#configuration, metric),
        stated,
        times,
        values,
        endMs,
        truth: (timeMs) => this.#world.value(metric, timeMs),
        excused: (timeMs) => this.#excused(metric, timeMs),
        restartsMs: this.#restartsMs,
      });
      swallowed += found.length;
      for (const { timeMs, believed, truth } of found)
        this.#note(
          `${metric} at ${(timeMs / 1000).toFixed(1)} s: ${believed.toFixed(2)} believed, ${truth.toFixed(2)} true`,
        );
    }
    return {
      compared: this.#compared,
      wrong: this.#wrong,
      wrongUnderFault: this.#wrongUnderFault,
      swallowed,
    };
  }

  /** The excuses of the script, and those of the restarts that were. */
  get excuses(): readonly Excuse[] {
    return this.#excuses;
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
        (chip === undefined || chip === CHIP_OF[metric]) &&
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
