import { seededRandom, seedFor } from "../random";

/** The faults of a chip that a scenario can switch on. */
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
}

const NO_FAULT: FaultSettings = {
  noAnswer: false,
  badCrc: false,
  frozen: false,
  driftPctPerHour: 0,
  noisePct: 0,
  slowFactor: 1,
};

const MS_PER_HOUR = 3_600_000;

/** The faults of one chip, and how they bend what it measures. */
export class ChipFaults {
  #settings: FaultSettings = NO_FAULT;
  #frozenSinceMs = 0;
  #driftSinceMs = 0;

  get settings(): Readonly<FaultSettings> {
    return this.#settings;
  }

  /** Changes the faults named in `patch` at that time of the run. */
  set(patch: Partial<FaultSettings>, nowMs: number): void {
    if (patch.frozen && !this.#settings.frozen) this.#frozenSinceMs = nowMs;
    if (patch.driftPctPerHour && !this.#settings.driftPctPerHour) this.#driftSinceMs = nowMs;
    this.#settings = { ...this.#settings, ...patch };
  }

  /** Switches every fault off. */
  clear(): void {
    this.#settings = NO_FAULT;
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
