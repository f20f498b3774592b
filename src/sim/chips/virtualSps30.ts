import type { Surroundings } from "../world/surroundings";
import { VirtualSensirion, wordsOfText, type SensirionCommand } from "./virtualSensirion";

// SPS30 data sheet, version 1.0, March 2020: section 4 operation, 6.3 commands.
const ADDRESS = 0x69;
const BOOT_MS = 100;
const MEASUREMENT_INTERVAL_MS = 1000;
const FORMAT_FLOAT = 0x0300;

/** Bits of the device status that report a defect (section 4.4). */
export const Sps30Status = { fan: 1 << 4, laser: 1 << 5, fanSpeed: 1 << 21 } as const;

function floatWords(value: number): [number, number] {
  const view = new DataView(new ArrayBuffer(4));
  view.setFloat32(0, value);
  return [view.getUint16(0), view.getUint16(2)];
}

/** Sensirion SPS30 particle sensor; of its output formats it has the floating-point one. */
export class VirtualSps30 extends VirtualSensirion {
  /** The device status; see `Sps30Status`. */
  status = 0;
  protected override readonly bootMs = BOOT_MS;
  #startedMs: number | undefined;
  #lastReadMeasurement = 0;

  constructor(surroundings: Surroundings) {
    super("sps30", ADDRESS, surroundings, ["pm1", "pm25", "pm4", "pm10"]);
  }

  protected override reset(): void {
    this.#startedMs = undefined;
    this.#lastReadMeasurement = 0;
  }

  protected override command(code: number): SensirionCommand | undefined {
    switch (code) {
      case 0x0010:
        return {
          executionMs: 20,
          parameterWords: 1,
          run: (nowMs, [format]) => {
            if (format === FORMAT_FLOAT) this.#startedMs ??= nowMs;
            return undefined;
          },
        };
      case 0x0104:
        return {
          executionMs: 20,
          run: () => {
            this.reset();
            return undefined;
          },
        };
      case 0x0202:
        return {
          executionMs: 0,
          run: (nowMs) => [this.#measurement(nowMs) > this.#lastReadMeasurement ? 1 : 0],
        };
      case 0x0300:
        return { executionMs: 0, run: (nowMs) => this.#values(nowMs) };
      case 0xd002:
        return { executionMs: 0, run: () => wordsOfText("00080000", 4) };
      case 0xd033:
        return { executionMs: 0, run: () => wordsOfText("8F3A5D0C71E24B96", 16) };
      case 0xd206:
        return { executionMs: 0, run: () => [this.status >>> 16, this.status & 0xffff] };
      case 0xd210:
        return {
          executionMs: 5,
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

  #measurement(nowMs: number): number {
    if (this.#startedMs === undefined) return 0;
    return Math.floor((nowMs - this.#startedMs) / this.takes(MEASUREMENT_INTERVAL_MS));
  }

  /** Nothing to read before the first measurement: the read is not acknowledged. */
  #values(nowMs: number): number[] | undefined {
    const measurement = this.#measurement(nowMs);
    if (this.#startedMs === undefined || measurement === 0) return undefined;
    this.#lastReadMeasurement = measurement;
    const atMs = this.#startedMs + measurement * this.takes(MEASUREMENT_INTERVAL_MS);
    const [pm1, pm25, pm4, pm10] = ["pm1", "pm25", "pm4", "pm10"].map((metric) =>
      Math.max(0, this.sense(metric, atMs)),
    ) as [number, number, number, number];
    // Numbers of particles, from a mass of 1.65 g/cm3 in spheres of the class's mean
    // size: not measured apart from the masses in the chip either.
    const numbers = [9 * pm1, 10 * pm1, 10.2 * pm25, 10.25 * pm4, 10.3 * pm10];
    const typicalSizeUm = 0.5 + 0.1 * (1 - pm1 / Math.max(pm10, 0.001));
    return [pm1, pm25, pm4, pm10, ...numbers, typicalSizeUm].flatMap(floatWords);
  }
}
