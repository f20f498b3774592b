import type { Surroundings } from "../world/surroundings";
import { ModelledChip, toCounts } from "./virtualChip";

// Vishay VEML7700 data sheet, document 84286, revision 1.8, and application note 84323.
const ADDRESS = 0x10;
const ALS_CONF = 0x00;
const ALS = 0x04;
const WHITE = 0x05;
const IDENTITY = 0x07;
const LAST_WRITABLE = 0x03;
const POWER_ON_CONF = 0x0001;
const SHUT_DOWN = 0x0001;
/** Device code, and the address option of the part with address 0x10. */
const IDENTITY_WORD = 0xc481;
const POWER_UP_MS = 2.5;
/** Counts of one lux at gain 1 and 100 ms: 1 / 0.0672. */
const LUX_PER_COUNT = 0.0672;

/** Gain by bits 12:11 of ALS_CONF. */
const GAINS = [1, 2, 1 / 8, 1 / 4] as const;
/** Integration time in ms by bits 9:6 of ALS_CONF. */
const INTEGRATION_MS: Readonly<Record<number, number>> = {
  0b1100: 25,
  0b1000: 50,
  0b0000: 100,
  0b0001: 200,
  0b0010: 400,
  0b0011: 800,
};

/** Illuminance by the application note's correction, which holds from 1100 lx on. */
function noteFormula(x: number): number {
  return 6.0135e-13 * x ** 4 - 9.3924e-9 * x ** 3 + 8.1488e-5 * x ** 2 + 1.0023 * x;
}

/**
 * What a linear reading would be at `lux`: the sensor is linear up to 1 klx, and from
 * 1.1 klx (linear) on bends as the application note's correction straightens.
 */
export function linearLux(lux: number): number {
  if (lux <= 1000) return lux;
  const bent = noteFormula(1100);
  if (lux < bent) return 1000 + (100 * (lux - 1000)) / (bent - 1000);
  let low = 1100;
  let high = lux;
  for (let i = 0; i < 50; i++) {
    const middle = (low + high) / 2;
    if (noteFormula(middle) < lux) low = middle;
    else high = middle;
  }
  return low;
}

/** Vishay VEML7700 ambient light sensor. */
export class VirtualVeml7700 extends ModelledChip {
  readonly #registers = new Uint16Array(IDENTITY + 1);
  #pointer = 0;
  #integratingSinceMs: number | undefined;
  #heldCounts = 0;

  constructor(surroundings: Surroundings) {
    super("veml7700", ADDRESS, surroundings, ["illuminance"]);
    this.#reset();
  }

  override powerCycle(): void {
    this.#reset();
  }

  protected override onWrite(bytes: Uint8Array, nowMs: number): boolean {
    const [register, low, high] = bytes;
    if (register === undefined) return true;
    if (register > IDENTITY) return false;
    this.#pointer = register;
    if (low === undefined || high === undefined) return low === undefined;
    if (register > LAST_WRITABLE) return true;
    const value = (high << 8) | low;
    if (register === ALS_CONF) this.#configure(value, nowMs);
    this.#registers[register] = value;
    return true;
  }

  protected override onRead(_length: number, nowMs: number): Uint8Array {
    const isResult = this.#pointer === ALS || this.#pointer === WHITE;
    const value = isResult ? this.#counts(nowMs) : (this.#registers[this.#pointer] ?? 0);
    return Uint8Array.of(value & 0xff, value >> 8);
  }

  #reset(): void {
    this.#registers.fill(0);
    this.#registers[ALS_CONF] = POWER_ON_CONF;
    this.#registers[IDENTITY] = IDENTITY_WORD;
    this.#integratingSinceMs = undefined;
    this.#heldCounts = 0;
  }

  /** A new setting starts a new integration; until its end the old result stays. */
  #configure(config: number, nowMs: number): void {
    this.#heldCounts = this.#counts(nowMs);
    const wasDown = this.#integratingSinceMs === undefined;
    this.#integratingSinceMs =
      config & SHUT_DOWN ? undefined : nowMs + (wasDown ? this.takes(POWER_UP_MS) : 0);
  }

  #counts(nowMs: number): number {
    const config = this.#registers[ALS_CONF] ?? 0;
    const integrationMs = INTEGRATION_MS[(config >> 6) & 0xf];
    // Codes that the data sheet does not list: no measurement.
    if (this.#integratingSinceMs === undefined || integrationMs === undefined)
      return this.#heldCounts;
    const ended = Math.floor((nowMs - this.#integratingSinceMs) / this.takes(integrationMs));
    if (ended < 1) return this.#heldCounts;
    const atMs = this.#integratingSinceMs + ended * this.takes(integrationMs);
    const gain = GAINS[(config >> 11) & 3] ?? 1;
    const lux = linearLux(this.sense("illuminance", atMs));
    return toCounts((lux * gain * integrationMs) / 100 / LUX_PER_COUNT, 0, 0xffff, 0);
  }
}
