import type { Surroundings } from "../world/surroundings";
import { ModelledChip, toCounts } from "./virtualChip";

// PCB Artists PCBA-DBM-r3, "I2C Register Description" (pcbartists.com/wiki).
const CONTROL = 0x06;
const RESET = 0x09;
const DECIBEL = 0x0a;
const MIN = 0x0b;
const REGISTERS = 0x73;
const WRITABLE = [0x05, CONTROL, 0x07, 0x08, 0x0d, 0x0e];
const SYSTEM_RESET = 0x08;
const START_UP_MS = 5;
const UPDATE_MS = 30;

/** PCB Artists PCBA-DBM sound level meter; MIN, MAX and the history stay 0. */
export class VirtualDbmMeter extends ModelledChip {
  readonly #registers = new Uint8Array(REGISTERS);
  #pointer = 0;
  #poweredMs = -Infinity;

  constructor(surroundings: Surroundings, address = 0x48) {
    super("dbm", address, surroundings, ["LAF"]);
    this.#setDefaults();
  }

  override powerCycle(nowMs: number): void {
    this.#setDefaults();
    this.#poweredMs = nowMs;
  }

  protected override onWrite(bytes: Uint8Array, nowMs: number): boolean {
    if (nowMs - this.#poweredMs < this.takes(START_UP_MS)) return false;
    const [register, ...values] = bytes;
    if (register === undefined) return true;
    this.#pointer = register;
    values.forEach((value, i) => {
      const at = register + i;
      if (at === RESET && value & SYSTEM_RESET) this.powerCycle(nowMs);
      else if (WRITABLE.includes(at)) this.#registers[at] = value;
    });
    return true;
  }

  protected override onRead(length: number, nowMs: number): Uint8Array | undefined {
    if (nowMs - this.#poweredMs < this.takes(START_UP_MS)) return undefined;
    this.#registers[DECIBEL] = this.#level(nowMs);
    return this.#registers.slice(this.#pointer, this.#pointer + length);
  }

  #setDefaults(): void {
    this.#registers.fill(0);
    // Version, identifier; A-weighting; averaging over 1000 ms; thresholds.
    this.#registers.set([0x31, 0x5d, 0x02, 0xe7, 0x19]);
    this.#registers.set([0x02, 0x03, 0xe8], CONTROL);
    this.#registers.set([45, 85], MIN + 2);
  }

  /** 0 while there is none: powered down, or not yet measured. */
  #level(nowMs: number): number {
    const updateMs = this.takes(UPDATE_MS);
    if ((this.#registers[CONTROL] ?? 0) & 1 || nowMs - this.#poweredMs < updateMs) return 0;
    return toCounts(this.sense("LAF", Math.floor(nowMs / updateMs) * updateMs), 0, 0xff, 0);
  }
}
