import type { Surroundings } from "../world/surroundings";
import { toCounts } from "./virtualChip";
import { VirtualSensirion, type SensirionCommand } from "./virtualSensirion";

// SCD4x data sheet, version 1.6, April 2024: section 3.5 commands.
const ADDRESS = 0x62;
const BOOT_MS = 30;
const MEASUREMENT_INTERVAL_MS = 5000;
/** All that the chip takes while it measures. */
const COMMANDS_WHILE_MEASURING = [0xec05, 0xe4b8, 0x3f86, 0xe000];

/** Sensirion SCD41 carbon dioxide sensor, in its periodic mode. */
export class VirtualScd41 extends VirtualSensirion {
  /** What the self-test finds; 0 is nothing. */
  malfunction = 0;
  protected override readonly bootMs = BOOT_MS;
  #startedMs: number | undefined;
  #lastReadMeasurement = 0;

  constructor(surroundings: Surroundings) {
    super("scd41", ADDRESS, surroundings, ["co2", "temperature", "humidity"]);
  }

  protected override reset(): void {
    this.#startedMs = undefined;
    this.#lastReadMeasurement = 0;
  }

  protected override command(code: number): SensirionCommand | undefined {
    if (this.#startedMs !== undefined && !COMMANDS_WHILE_MEASURING.includes(code)) return undefined;
    switch (code) {
      case 0x21b1:
        return {
          executionMs: 0,
          run: (nowMs) => {
            this.#startedMs = nowMs;
            this.#lastReadMeasurement = 0;
            return undefined;
          },
        };
      case 0x3f86:
        return {
          executionMs: 500,
          run: () => {
            this.reset();
            return undefined;
          },
        };
      case 0xe4b8:
        return {
          executionMs: 1,
          // The high bits are not zero on real chips.
          run: (nowMs) => [0x8000 | (this.#measurement(nowMs) > this.#lastReadMeasurement ? 6 : 0)],
        };
      case 0xec05:
        return { executionMs: 1, run: (nowMs) => this.#values(nowMs) };
      case 0xe000:
        return { executionMs: 1, parameterWords: 1, run: () => undefined };
      case 0x3639:
        return { executionMs: 10_000, run: () => [this.malfunction] };
      case 0x3682:
        return { executionMs: 1, run: () => [0xf896, 0x9f07, 0x3bbe] };
      default:
        return undefined;
    }
  }

  #measurement(nowMs: number): number {
    if (this.#startedMs === undefined) return 0;
    return Math.floor((nowMs - this.#startedMs) / this.takes(MEASUREMENT_INTERVAL_MS));
  }

  /** A measurement can be read once; with none there the read is not acknowledged. */
  #values(nowMs: number): number[] | undefined {
    const measurement = this.#measurement(nowMs);
    if (this.#startedMs === undefined || measurement <= this.#lastReadMeasurement) return undefined;
    this.#lastReadMeasurement = measurement;
    const atMs = this.#startedMs + measurement * this.takes(MEASUREMENT_INTERVAL_MS);
    return [
      toCounts(this.sense("co2", atMs), 0, 40_000, 0),
      toCounts(((this.sense("temperature", atMs) + 45) * 65_535) / 175, 0, 65_535, 0),
      toCounts((this.sense("humidity", atMs) * 65_535) / 100, 0, 65_535, 0),
    ];
  }
}
