import type { Surroundings } from "../world/surroundings";
import { ChipFaults } from "./chipFaults";

/** A chip on the virtual I2C bus, at the level of bytes and acknowledges. */
export interface VirtualChip {
  /** Part name in lower case, as the driver's `chipName`. */
  readonly name: string;
  /** 7-bit I2C address. */
  readonly address: number;
  readonly faults: ChipFaults;
  /** Takes the bytes written after its address; false: not acknowledged. */
  write(bytes: Uint8Array, nowMs: number): boolean;
  /** Gives `length` bytes; undefined: its address is not acknowledged for reading. */
  read(length: number, nowMs: number): Uint8Array | undefined;
  /** The supply fails for a moment: every register has its power-on value again. */
  powerCycle(nowMs: number): void;
}

/** A byte that nobody drives: the pull-up resistors make it all ones. */
const UNDRIVEN = 0xff;

/**
 * What the models of all chips share. A chip acts only when it is addressed: then it
 * works out what it would have done in the meantime, so a chip costs nothing while
 * nobody speaks to it.
 */
export abstract class ModelledChip implements VirtualChip {
  readonly name: string;
  readonly address: number;
  readonly faults: ChipFaults;
  readonly #surroundings: Surroundings;
  readonly #metrics: readonly string[];
  #checkedSecond = NaN;
  #answered = false;

  /**
   * @param metrics what the chip senses; where one of them is undefined it does not answer.
   * @param hasCheckSum whether its answers have one; the chip itself makes a wrong one
   *   while the fault `badCrc` is on.
   */
  protected constructor(
    name: string,
    address: number,
    surroundings: Surroundings,
    metrics: readonly string[],
    hasCheckSum = false,
  ) {
    this.name = name;
    this.faults = new ChipFaults(name, hasCheckSum);
    this.address = address;
    this.#surroundings = surroundings;
    this.#metrics = metrics;
  }

  write(bytes: Uint8Array, nowMs: number): boolean {
    return this.#answers(nowMs) && this.onWrite(bytes, nowMs);
  }

  read(length: number, nowMs: number): Uint8Array | undefined {
    if (!this.#answers(nowMs)) return undefined;
    const bytes = this.onRead(length, nowMs);
    if (!bytes || bytes.length === length) return bytes;
    const padded = new Uint8Array(length).fill(UNDRIVEN);
    padded.set(bytes.subarray(0, length));
    return padded;
  }

  abstract powerCycle(nowMs: number): void;

  /** As `write`, for a chip that answers. No bytes: only its address was called. */
  protected abstract onWrite(bytes: Uint8Array, nowMs: number): boolean;

  /** As `read`, for a chip that answers; fewer bytes are filled up with ones. */
  protected abstract onRead(length: number, nowMs: number): Uint8Array | undefined;

  /** What the chip senses of a metric, its faults included; NaN when there is nothing. */
  protected sense(metric: string, timeMs: number): number {
    const value = this.#surroundings.value(metric, this.faults.seenTimeMs(timeMs));
    return value === undefined ? NaN : this.faults.bend(value, metric, timeMs);
  }

  /** A duration of the data sheet as this chip takes it. */
  protected takes(durationMs: number): number {
    return durationMs * this.faults.settings.slowFactor;
  }

  /** Looked up once for each second of the run, since it costs as much as a measurement. */
  #answers(nowMs: number): boolean {
    if (this.faults.settings.noAnswer) return false;
    const second = Math.floor(nowMs / 1000);
    if (second !== this.#checkedSecond) {
      this.#checkedSecond = second;
      this.#answered = this.#metrics.every(
        (metric) => this.#surroundings.value(metric, second * 1000) !== undefined,
      );
    }
    return this.#answered;
  }
}

/** `value` rounded into `lowest`..`highest`; `otherwise` when it is not a number. */
export function toCounts(
  value: number,
  lowest: number,
  highest: number,
  otherwise: number,
): number {
  if (Number.isNaN(value)) return otherwise;
  return Math.max(lowest, Math.min(highest, Math.round(value)));
}
