import type { Surroundings } from "../world/surroundings";
import { toCounts } from "./virtualChip";
import { VirtualSensirion, type SensirionCommand } from "./virtualSensirion";

// SHT4x data sheet, version 6.6, April 2024: section 4.5 commands, 3.1 timing.
const BOOT_MS = 1;

/** What it senses: the air, or the inside of the node's housing. */
const AIR = ["temperature", "humidity"] as const;
const HOUSING = ["housingTemperature", "housingHumidity"] as const;

/** Sensirion SHT4x temperature and humidity sensor. */
export class VirtualSht4x extends VirtualSensirion {
  protected override readonly bootMs = BOOT_MS;

  readonly #metrics: readonly [string, string];

  constructor(surroundings: Surroundings, address = 0x44, inHousing = false) {
    const metrics = inHousing ? HOUSING : AIR;
    super(inHousing ? "housing" : "sht4x", address, surroundings, [...metrics], 1);
    this.#metrics = metrics;
  }

  protected override reset(): void {}

  protected override command(code: number): SensirionCommand | undefined {
    switch (code) {
      case 0xfd:
        return this.#measurement(8.3);
      case 0xf6:
        return this.#measurement(4.5);
      case 0xe0:
        return this.#measurement(1.6);
      case 0x89:
        return { executionMs: 1, run: () => [0x0f4a, 0x91c3] };
      case 0x94:
        return { executionMs: 1, run: () => undefined };
      default:
        return undefined;
    }
  }

  #measurement(executionMs: number): SensirionCommand {
    return {
      executionMs,
      run: (nowMs) => [
        toCounts(((this.sense(this.#metrics[0], nowMs) + 45) * 65_535) / 175, 0, 65_535, 0),
        toCounts(((this.sense(this.#metrics[1], nowMs) + 6) * 65_535) / 125, 0, 65_535, 0),
      ],
    };
  }
}
