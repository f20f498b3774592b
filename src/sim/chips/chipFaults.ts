import { InputError } from "../../inputError";
import { seededRandom, seedFor } from "../random";

/** The faults of a chip that a scenario can switch on, each by its name here. */
export interface FaultSettings {
  /** Acknowledges nothing: a loose plug, a dead chip. */
  noAnswer: boolean;
  /** Every answer with a check sum has a wrong one: a disturbed line. */
  badCrc: boolean;
  /** Measures for ever what it measured when this was switched on. */
  frozen: boolean;
  /** The reading grows by so many percent of itself an hour: dirt, an old cell. */
  driftPctPerHour: number;
  /** The reading scatters with this standard deviation, in percent of itself. */
  noisePct: number;
  /** Everything that takes the chip time takes so many times longer. */
  slowFactor: number;
  /** Holds the data line low: no chip of the bus is reached. */
  busStuck: boolean;
}

/** Name of a fault. */
export type FaultName = keyof FaultSettings;

/** What a fault does, for those who write or check scenarios. */
export interface FaultDescription {
  readonly effect: string;
  /** The value without the fault: `false` for one that is on or off. */
  readonly none: boolean | number;
  /** Smallest and largest value of one that has a size. */
  readonly least?: number;
  readonly most?: number;
}

/** Every fault that can be switched on, for every chip, but for `badCrc` without a check sum. */
export const CHIP_FAULTS: Readonly<Record<FaultName, FaultDescription>> = {
  noAnswer: { effect: "acknowledges nothing", none: false },
  badCrc: { effect: "sends wrong check sums", none: false },
  frozen: { effect: "repeats what it measured last", none: false },
  driftPctPerHour: { effect: "% of the value added an hour", none: 0, least: -1e4, most: 1e4 },
  noisePct: { effect: "standard deviation, % of the value", none: 0, least: 0, most: 1e4 },
  slowFactor: { effect: "times longer for everything", none: 1, least: 1, most: 1e6 },
  busStuck: { effect: "holds the bus low, for all chips on it", none: false },
};

const NO_FAULT: FaultSettings = {
  noAnswer: false,
  badCrc: false,
  frozen: false,
  driftPctPerHour: 0,
  noisePct: 0,
  slowFactor: 1,
  busStuck: false,
};

const MS_PER_HOUR = 3_600_000;

/** The faults of one chip, and how they bend what it measures. */
export class ChipFaults {
  readonly #chipName: string;
  readonly #hasCheckSum: boolean;
  #settings: FaultSettings = NO_FAULT;
  #frozenSinceMs = 0;
  #driftSinceMs = 0;

  /** `hasCheckSum`: whether the chip's answers have one that can be wrong. */
  constructor(chipName: string, hasCheckSum: boolean) {
    this.#chipName = chipName;
    this.#hasCheckSum = hasCheckSum;
  }

  get settings(): Readonly<FaultSettings> {
    return this.#settings;
  }

  /**
   * Changes the faults named in `patch` at that time of the run.
   *
   * @throws InputError when the chip cannot have one of them, or not in that size.
   */
  set(patch: Partial<FaultSettings>, nowMs: number): void {
    for (const [name, value] of Object.entries(patch)) this.#check(name, value);
    if (patch.frozen && !this.#settings.frozen) this.#frozenSinceMs = nowMs;
    if (patch.driftPctPerHour && !this.#settings.driftPctPerHour) this.#driftSinceMs = nowMs;
    this.#settings = { ...this.#settings, ...patch };
  }

  /** Switches the faults of these names off, or all without a name. */
  clear(...names: readonly FaultName[]): void {
    if (names.length === 0) this.#settings = NO_FAULT;
    else
      this.#settings = {
        ...this.#settings,
        ...Object.fromEntries(names.map((name) => [name, NO_FAULT[name]])),
      };
  }

  #check(name: string, value: unknown): void {
    const where = `chip ${this.#chipName}: fault ${name}`;
    if (!Object.hasOwn(CHIP_FAULTS, name))
      throw new InputError(
        `${where} is not known, expected one of ${Object.keys(CHIP_FAULTS).join(", ")}`,
      );
    if (name === "badCrc" && value === true && !this.#hasCheckSum)
      throw new InputError(`${where} is not possible: its answers have no check sum`);
    const { none, least = 0, most = 0 } = CHIP_FAULTS[name as FaultName];
    if (typeof none === "boolean") {
      if (typeof value !== "boolean") throw new InputError(`${where}: expected true or false`);
    } else if (typeof value !== "number" || !(value >= least && value <= most))
      throw new InputError(`${where}: expected a number from ${least} to ${most}`);
  }

  /** The time at which the chip sees the world: it stands still for a frozen one. */
  seenTimeMs(timeMs: number): number {
    return this.#settings.frozen ? Math.min(timeMs, this.#frozenSinceMs) : timeMs;
  }

  /** What the chip makes of a true value of that metric at that time. */
  bend(value: number, metric: string, timeMs: number): number {
    const { driftPctPerHour, noisePct } = this.#settings;
    let bent = value;
    if (driftPctPerHour !== 0)
      bent *= 1 + ((driftPctPerHour / 100) * (timeMs - this.#driftSinceMs)) / MS_PER_HOUR;
    if (noisePct !== 0) bent += value * (noisePct / 100) * gaussian(metric, timeMs);
    return bent;
  }
}

/** A normally distributed number (Box and Muller) that belongs to a metric and a time. */
function gaussian(metric: string, timeMs: number): number {
  const random = seededRandom(seedFor(Math.round(timeMs), metric));
  const radius = Math.sqrt(-2 * Math.log(1 - random()));
  return radius * Math.cos(2 * Math.PI * random());
}
