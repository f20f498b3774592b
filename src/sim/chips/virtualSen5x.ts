import type { Surroundings } from "../world/surroundings";
import { toCounts } from "./virtualChip";
import { VirtualSensirion, wordsOfText, type SensirionCommand } from "./virtualSensirion";

// SEN5x data sheet, version 2, March 2022: section 6.1 commands, 6.4 device status.
const ADDRESS = 0x69;
const BOOT_MS = 50;
const MEASUREMENT_INTERVAL_MS = 1000;
/** The NOx index is unknown for so long after the start, while the sensor conditions. */
const NOX_CONDITIONING_MS = 10_000;
/** The indexes are 0 for so long (Gas Index Algorithm, initial blackout). */
const INDEX_BLACKOUT_MS = 45_000;
const UNKNOWN_UNSIGNED = 0xffff;
const UNKNOWN_SIGNED = 0x7fff;
const FAN_CLEANING_MS = 10_000;
const STATUS_FAN_CLEANING = 1 << 19;

/** Bits of the device status that report a defect. */
export const Sen5xStatus = {
  fan: 1 << 4,
  laser: 1 << 5,
  humidity: 1 << 6,
  gas: 1 << 7,
  fanSpeed: 1 << 21,
} as const;

/** Sensirion SEN54 or SEN55. */
export class VirtualSen5x extends VirtualSensirion {
  /** The device status, without the bit that the chip sets itself; see `Sen5xStatus`. */
  status = 0;
  protected override readonly bootMs = BOOT_MS;
  readonly #model: "SEN54" | "SEN55";
  #startedMs: number | undefined;
  #measuresParticles = true;
  #lastReadMeasurement = 0;
  #cleaningUntilMs = 0;

  constructor(surroundings: Surroundings, model: "SEN54" | "SEN55" = "SEN55") {
    const metrics = ["pm1", "pm25", "pm4", "pm10", "temperature", "humidity", "vocIndex"];
    if (model === "SEN55") metrics.push("noxIndex");
    super(model.toLowerCase(), ADDRESS, surroundings, metrics);
    this.#model = model;
  }

  protected override reset(): void {
    this.#startedMs = undefined;
    this.#lastReadMeasurement = 0;
    this.#cleaningUntilMs = 0;
  }

  protected override command(code: number): SensirionCommand | undefined {
    switch (code) {
      case 0x0021:
        return { executionMs: 50, run: (nowMs) => this.#start(nowMs, true) };
      case 0x0037:
        return { executionMs: 50, run: (nowMs) => this.#start(nowMs, false) };
      case 0x0104:
        return {
          executionMs: 200,
          run: () => {
            this.#startedMs = undefined;
            return undefined;
          },
        };
      case 0x0202:
        return {
          executionMs: 20,
          run: (nowMs) => [this.#measurement(nowMs) > this.#lastReadMeasurement ? 1 : 0],
        };
      case 0x03c4:
        return { executionMs: 20, run: (nowMs) => this.#values(nowMs) };
      case 0x5607:
        return {
          executionMs: 20,
          run: (nowMs) => {
            if (this.#startedMs !== undefined) this.#cleaningUntilMs = nowMs + FAN_CLEANING_MS;
            return undefined;
          },
        };
      case 0xd014:
        return { executionMs: 20, run: () => wordsOfText(this.#model, 16) };
      case 0xd033:
        return { executionMs: 20, run: () => wordsOfText("A1B2C3D4E5F60718", 16) };
      case 0xd100:
        return { executionMs: 20, run: () => [0x0200] };
      case 0xd206:
        return { executionMs: 20, run: (nowMs) => this.#statusWords(nowMs) };
      case 0xd210:
        return {
          executionMs: 20,
          run: () => {
            this.status = 0;
            return undefined;
          },
        };
      case 0xd304:
        return {
          executionMs: 100,
          run: () => {
            this.reset();
            return undefined;
          },
        };
      default:
        return undefined;
    }
  }

  #start(nowMs: number, particles: boolean): undefined {
    this.#measuresParticles = particles;
    if (this.#startedMs !== undefined) return;
    this.#startedMs = nowMs;
    this.#lastReadMeasurement = 0;
  }

  /** Number of the newest measurement, from 1; 0 when there is none. */
  #measurement(nowMs: number): number {
    if (this.#startedMs === undefined) return 0;
    return Math.floor((nowMs - this.#startedMs) / this.takes(MEASUREMENT_INTERVAL_MS));
  }

  #values(nowMs: number): number[] {
    const measurement = this.#measurement(nowMs);
    this.#lastReadMeasurement = measurement;
    if (this.#startedMs === undefined || measurement === 0)
      return [...Array<number>(4).fill(UNKNOWN_UNSIGNED), ...Array<number>(4).fill(UNKNOWN_SIGNED)];
    const sinceMs = measurement * this.takes(MEASUREMENT_INTERVAL_MS);
    const atMs = this.#startedMs + sinceMs;
    const particles = ["pm1", "pm25", "pm4", "pm10"].map((metric) =>
      this.#measuresParticles
        ? toCounts(this.sense(metric, atMs) * 10, 0, UNKNOWN_UNSIGNED - 1, UNKNOWN_UNSIGNED)
        : UNKNOWN_UNSIGNED,
    );
    return [
      ...particles,
      toCounts(this.sense("humidity", atMs) * 100, 0, 10_000, UNKNOWN_SIGNED),
      toCounts(this.sense("temperature", atMs) * 200, -8000, 25_000, UNKNOWN_SIGNED) & 0xffff,
      this.#index("vocIndex", atMs, sinceMs, 0),
      this.#model === "SEN55"
        ? this.#index("noxIndex", atMs, sinceMs, NOX_CONDITIONING_MS)
        : UNKNOWN_SIGNED,
    ];
  }

  #index(metric: string, atMs: number, sinceMs: number, conditioningMs: number): number {
    if (sinceMs < conditioningMs) return UNKNOWN_SIGNED;
    if (sinceMs < INDEX_BLACKOUT_MS) return 0;
    return toCounts(this.sense(metric, atMs) * 10, 10, 5000, UNKNOWN_SIGNED);
  }

  #statusWords(nowMs: number): number[] {
    const bits = this.status | (nowMs < this.#cleaningUntilMs ? STATUS_FAN_CLEANING : 0);
    return [bits >>> 16, bits & 0xffff];
  }
}
