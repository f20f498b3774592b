import type { Surroundings } from "../world/surroundings";
import { ModelledChip, toCounts } from "./virtualChip";

// TI INA226 data sheet, SBOS547B: section 7.1 registers, 6.5.1 and 6.5.2 arithmetic.
const CONFIGURATION = 0x00;
const SHUNT_VOLTAGE = 0x01;
const BUS_VOLTAGE = 0x02;
const POWER = 0x03;
const CURRENT = 0x04;
const CALIBRATION = 0x05;
const MASK = 0x06;
const ALERT_LIMIT = 0x07;
const MANUFACTURER = 0xfe;
const DIE = 0xff;

const POWER_ON_CONFIGURATION = 0x4127;
const RESET = 0x8000;
const CONVERSION_READY = 0x0008;
const MATH_OVERFLOW = 0x0004;
const SHUNT_VOLTS_PER_COUNT = 2.5e-6;
const BUS_VOLTS_PER_COUNT = 1.25e-3;

const AVERAGES = [1, 4, 16, 64, 128, 256, 512, 1024] as const;
const CONVERSION_MS = [0.14, 0.204, 0.332, 0.588, 1.1, 2.116, 4.156, 8.244] as const;

/** The shunt that the board has, and where the chip sits. */
export interface VirtualIna226Options {
  readonly address?: number;
  /** Default 0.02 Ohm. */
  readonly shuntOhm?: number;
}

/** TI INA226 power monitor; senses `lampVoltage` (V) and `lampCurrent` (mA). */
export class VirtualIna226 extends ModelledChip {
  readonly #shuntOhm: number;
  readonly #registers = new Map<number, number>();
  #pointer = 0;
  #convertingSinceMs = 0;
  /** Conversions whose end the master has seen by reading the mask register. */
  #seenConversions = 0;
  #updatedConversion = 0;

  constructor(surroundings: Surroundings, options: VirtualIna226Options = {}) {
    super("ina226", options.address ?? 0x40, surroundings, ["lampVoltage", "lampCurrent"]);
    this.#shuntOhm = options.shuntOhm ?? 0.02;
    this.#reset(0);
  }

  override powerCycle(nowMs: number): void {
    this.#reset(nowMs);
  }

  protected override onWrite(bytes: Uint8Array, nowMs: number): boolean {
    const [register, high, low] = bytes;
    if (register === undefined) return true;
    this.#pointer = register;
    if (high === undefined || low === undefined) return high === undefined;
    const value = (high << 8) | low;
    if (register === CONFIGURATION) {
      this.#convert(nowMs);
      if (value & RESET) this.#reset(nowMs);
      else {
        this.#registers.set(CONFIGURATION, value);
        this.#restart(nowMs);
      }
    } else if (register === CALIBRATION || register === MASK || register === ALERT_LIMIT) {
      this.#convert(nowMs);
      this.#registers.set(register, value & (register === CALIBRATION ? 0x7fff : 0xffff));
    }
    return true;
  }

  protected override onRead(_length: number, nowMs: number): Uint8Array {
    this.#convert(nowMs);
    let value = this.#registers.get(this.#pointer) ?? 0;
    if (this.#pointer === MASK) {
      if (this.#updatedConversion > this.#seenConversions) value |= CONVERSION_READY;
      this.#seenConversions = this.#updatedConversion;
    }
    return Uint8Array.of((value >> 8) & 0xff, value & 0xff);
  }

  #reset(nowMs: number): void {
    this.#registers.clear();
    this.#registers.set(CONFIGURATION, POWER_ON_CONFIGURATION);
    this.#registers.set(MANUFACTURER, 0x5449);
    this.#registers.set(DIE, 0x2260);
    this.#restart(nowMs);
  }

  #restart(nowMs: number): void {
    this.#convertingSinceMs = nowMs;
    this.#seenConversions = 0;
    this.#updatedConversion = 0;
  }

  /** Brings the result registers up to the newest conversion that has ended. */
  #convert(nowMs: number): void {
    const configuration = this.#registers.get(CONFIGURATION) ?? 0;
    const mode = configuration & 7;
    const convertsShunt = (mode & 1) !== 0;
    const convertsBus = (mode & 2) !== 0;
    if (!convertsShunt && !convertsBus) return;
    const averages = AVERAGES[(configuration >> 9) & 7] ?? 1;
    const cycleMs = this.takes(
      averages *
        ((convertsShunt ? (CONVERSION_MS[(configuration >> 3) & 7] ?? 0) : 0) +
          (convertsBus ? (CONVERSION_MS[(configuration >> 6) & 7] ?? 0) : 0)),
    );
    const ended = Math.floor((nowMs - this.#convertingSinceMs) / cycleMs);
    // Modes 1 to 3 are triggered: one conversion, then the chip waits.
    const conversion = mode & 4 ? ended : Math.min(ended, 1);
    if (conversion <= this.#updatedConversion) return;
    this.#updatedConversion = conversion;
    const atMs = this.#convertingSinceMs + conversion * cycleMs;
    if (convertsShunt) {
      const shuntV = (this.sense("lampCurrent", atMs) / 1000) * this.#shuntOhm;
      this.#registers.set(
        SHUNT_VOLTAGE,
        toCounts(shuntV / SHUNT_VOLTS_PER_COUNT, -32768, 32767, 0),
      );
    }
    if (convertsBus) {
      const busV = this.sense("lampVoltage", atMs);
      this.#registers.set(BUS_VOLTAGE, toCounts(busV / BUS_VOLTS_PER_COUNT, 0, 32767, 0));
    }
    this.#calculate();
  }

  /** Equations 3 and 4 of section 6.5.2. */
  #calculate(): void {
    const shunt = this.#registers.get(SHUNT_VOLTAGE) ?? 0;
    const bus = this.#registers.get(BUS_VOLTAGE) ?? 0;
    const current = Math.trunc((shunt * (this.#registers.get(CALIBRATION) ?? 0)) / 2048);
    const power = Math.trunc((Math.abs(current) * bus) / 20000);
    const overflows = Math.abs(current) > 32767 || power > 65535;
    const mask = this.#registers.get(MASK) ?? 0;
    this.#registers.set(MASK, overflows ? mask | MATH_OVERFLOW : mask & ~MATH_OVERFLOW);
    this.#registers.set(CURRENT, Math.max(-32768, Math.min(32767, current)));
    this.#registers.set(POWER, Math.min(65535, power));
  }
}
