import { channelConfig, sectionConfig, type ConfigDocument } from "../../../devs/contract/config";
import type { Surroundings } from "../world/surroundings";

/** A level is asked for as often as a node samples it: time weighting F has this time constant (IEC 61672-1). */
const SAMPLE_MS = 125;
/** One window in so many is worked out: that takes hundreds of levels. */
const WINDOWS_A_LOOK = 10;

/** The figures of a window, each with what it may differ by, in dB. */
const STATED_DB: Readonly<Record<string, number>> = {
  // That of the level itself.
  LAeq: 0.3,
  // A node samples at other moments than these, and the level flutters in between.
  LAFmax: 0.6,
  LAFmin: 0.6,
  // Half a class of the node's histogram more than the level.
  L10: 0.6,
  L50: 0.6,
  L90: 0.6,
};
/** Sampled at other moments, a level is exceeded for so much more or less of the time. */
const SHARE_OFF = 0.02;

/** Between which values a figure is, and what it may differ from them. */
export interface NoiseFigure {
  readonly lowDb: number;
  readonly highDb: number;
  readonly allowedDb: number;
}

/** The levels of a window, the lowest first, and their mean energy as a level. */
interface Window {
  readonly endMs: number;
  readonly sortedDb: readonly number[];
  readonly laeqDb: number;
}

/** Works out from the world what the noise figures of a window ought to be. */
export class NoiseTruth {
  readonly #world: Surroundings;
  readonly #windowMs: number;
  readonly #offsetDb: number;
  /** Figures that the configuration leaves as they are measured. */
  readonly #metrics: ReadonlySet<string>;
  #window: Window | undefined;

  constructor(world: Surroundings, configuration: ConfigDocument) {
    const { windowS, offsetDb } = sectionConfig(configuration, "noise");
    this.#world = world;
    this.#windowMs = windowS * 1000;
    this.#offsetDb = offsetDb;
    this.#metrics = new Set(
      Object.keys(STATED_DB).filter((metric) => {
        const { spike, calibrate, smooth } = channelConfig(configuration, metric);
        return !spike && !calibrate && !smooth;
      }),
    );
  }

  /** What a figure of the window that ended then ought to be; undefined where nothing is worked out. */
  figure(metric: string, endMs: number): NoiseFigure | undefined {
    const allowed = STATED_DB[metric];
    if (allowed === undefined || !this.#metrics.has(metric)) return undefined;
    if (Math.round(endMs / this.#windowMs) % WINDOWS_A_LOOK !== 0) return undefined;
    const window = this.#windowUntil(endMs);
    if (!window) return undefined;
    const [lowDb, highDb] = figureOf(metric, window);
    return { lowDb: lowDb + this.#offsetDb, highDb: highDb + this.#offsetDb, allowedDb: allowed };
  }

  #windowUntil(endMs: number): Window | undefined {
    if (this.#window?.endMs === endMs) return this.#window;
    const levelsDb: number[] = [];
    let energy = 0;
    for (let timeMs = endMs - this.#windowMs; timeMs < endMs; timeMs += SAMPLE_MS) {
      const levelDb = this.#world.value("LAF", timeMs);
      if (levelDb === undefined) return undefined;
      levelsDb.push(levelDb);
      energy += 10 ** (levelDb / 10);
    }
    const laeqDb = 10 * Math.log10(energy / levelsDb.length);
    this.#window = { endMs, sortedDb: levelsDb.sort((a, b) => a - b), laeqDb };
    return this.#window;
  }
}

function figureOf(metric: string, { sortedDb, laeqDb }: Window): readonly [number, number] {
  const levelAt = (place: number) =>
    sortedDb[Math.max(0, Math.min(sortedDb.length - 1, Math.floor(place)))] ?? NaN;
  const exceededFor = (share: number): readonly [number, number] => [
    levelAt(sortedDb.length * (1 - share - SHARE_OFF)),
    levelAt(sortedDb.length * (1 - share + SHARE_OFF)),
  ];
  switch (metric) {
    case "LAFmax":
      return [levelAt(Infinity), levelAt(Infinity)];
    case "LAFmin":
      return [levelAt(0), levelAt(0)];
    case "L10":
      return exceededFor(0.1);
    case "L50":
      return exceededFor(0.5);
    case "L90":
      return exceededFor(0.9);
    default:
      return [laeqDb, laeqDb];
  }
}
