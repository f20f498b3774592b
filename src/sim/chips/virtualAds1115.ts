import type { Surroundings } from "../world/surroundings";
import { ModelledChip, toCounts } from "./virtualChip";

// TI ADS1115 data sheet, SBAS444E: section 8.1 registers, 7.5 timing.
const CONVERSION = 0;
const CONFIG = 1;
const REGISTERS = 4;
const POWER_ON = [0x0000, 0x8583, 0x8000, 0x7fff] as const;
const START_SINGLE = 0x8000;
const SINGLE_SHOT = 0x0100;
const WAKE_UP_MS = 0.025;

/** Positive and negative input by field MUX; -1 is ground. */
const INPUTS: readonly (readonly [number, number])[] = [
  [0, 1],
  [0, 3],
  [1, 3],
  [2, 3],
  [0, -1],
  [1, -1],
  [2, -1],
  [3, -1],
];
/** Volts at full scale by field PGA. */
const FULL_SCALE_V = [6.144, 4.096, 2.048, 1.024, 0.512, 0.256, 0.256, 0.256] as const;
const RATE_PER_S = [8, 16, 32, 64, 128, 250, 475, 860] as const;

/** A sensor whose output voltage goes to an input of the converter. */
export interface AnalogSensor {
  /** Metrics that it senses. */
  readonly metrics: readonly string[];
  /** Output in volts; `sense` gives the value of a metric now. */
  volts(sense: (metric: string) => number): number;
}

/**
 * DFRobot SEN0232 sound level meter: 0.6 V at 30 dBA to 2.6 V at 130 dBA (DFRobot wiki,
 * "Gravity Analog Sound Level Meter").
 */
export const SEN0232_METER: AnalogSensor = {
  metrics: ["LAF"],
  volts: (sense) => 0.6 + ((Math.max(30, Math.min(130, sense("LAF"))) - 30) * 2) / 100,
};

/** What is wired to the converter. */
export interface VirtualAds1115Options {
  /** Name under which the chip is found on the bus: that of its sensor's driver. */
  readonly name: string;
  readonly address?: number;
  /** The sensors at AIN0 to AIN3; undefined: nothing, 0 V. */
  readonly sensors: readonly (AnalogSensor | undefined)[];
}

/** TI ADS1115 analog-to-digital converter. */
export class VirtualAds1115 extends ModelledChip {
  readonly #sensors: readonly (AnalogSensor | undefined)[];
  readonly #registers = new Uint16Array(POWER_ON);
  #pointer = 0;
  /** Start of the single conversion or of the row of conversions; undefined while it sleeps. */
  #convertingSinceMs: number | undefined;

  constructor(surroundings: Surroundings, options: VirtualAds1115Options) {
    const metrics = options.sensors.flatMap((sensor) => sensor?.metrics ?? []);
    super(options.name, options.address ?? 0x48, surroundings, metrics);
    this.#sensors = options.sensors;
  }

  override powerCycle(): void {
    this.#registers.set(POWER_ON);
    this.#convertingSinceMs = undefined;
  }

  protected override onWrite(bytes: Uint8Array, nowMs: number): boolean {
    const [register, high, low] = bytes;
    if (register === undefined) return true;
    this.#pointer = register & 3;
    if (high === undefined || low === undefined) return high === undefined;
    const value = (high << 8) | low;
    this.#convert(nowMs);
    if (this.#pointer === CONFIG) this.#configure(value, nowMs);
    else if (this.#pointer !== CONVERSION) this.#registers[this.#pointer] = value;
    return true;
  }

  protected override onRead(_length: number, nowMs: number): Uint8Array {
    this.#convert(nowMs);
    let value = this.#registers[this.#pointer % REGISTERS] ?? 0;
    if (this.#pointer === CONFIG && this.#convertingSinceMs === undefined) value |= START_SINGLE;
    return Uint8Array.of(value >> 8, value & 0xff);
  }

  #configure(value: number, nowMs: number): void {
    this.#registers[CONFIG] = value & ~START_SINGLE;
    if (!(value & SINGLE_SHOT)) this.#convertingSinceMs = nowMs;
    else this.#convertingSinceMs = value & START_SINGLE ? nowMs : undefined;
  }

  /** Brings the conversion register up to the newest conversion that has ended. */
  #convert(nowMs: number): void {
    if (this.#convertingSinceMs === undefined) return;
    const config = this.#registers[CONFIG] ?? 0;
    const conversionMs = this.takes(1000 / (RATE_PER_S[(config >> 5) & 7] ?? 128));
    const sinceMs = nowMs - this.#convertingSinceMs - this.takes(WAKE_UP_MS);
    const ended = Math.floor(sinceMs / conversionMs);
    if (ended < 1) return;
    const single = (config & SINGLE_SHOT) !== 0;
    const atMs = this.#convertingSinceMs + (single ? 1 : ended) * conversionMs;
    if (single) this.#convertingSinceMs = undefined;
    const [positive, negative] = INPUTS[(config >> 12) & 7] ?? [0, -1];
    const volts = this.#volts(positive, atMs) - this.#volts(negative, atMs);
    const fullScaleV = FULL_SCALE_V[(config >> 9) & 7] ?? 0.256;
    this.#registers[CONVERSION] = toCounts((volts / fullScaleV) * 32768, -32768, 32767, 0);
  }

  #volts(input: number, atMs: number): number {
    return this.#sensors[input]?.volts((metric) => this.sense(metric, atMs)) ?? 0;
  }
}
