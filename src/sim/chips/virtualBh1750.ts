import type { Surroundings } from "../world/surroundings";
import { ModelledChip, toCounts } from "./virtualChip";

// ROHM BH1750FVI technical note 11046EDT01, 2011: page 5 commands, page 11 sensitivity.
const DEFAULT_TIME = 69;
/** Typical measurement time in the high-resolution modes at the default time register. */
const H_RESOLUTION_MS = 120;
const L_RESOLUTION_MS = 16;

/** ROHM BH1750FVI ambient light sensor. */
export class VirtualBh1750 extends ModelledChip {
  #powered = false;
  #timeRegister = DEFAULT_TIME;
  #mode = 0;
  #startedMs: number | undefined;
  #counts = 0;

  constructor(surroundings: Surroundings, address = 0x23) {
    super("bh1750", address, surroundings, ["illuminance"]);
  }

  override powerCycle(): void {
    this.#powered = false;
    this.#timeRegister = DEFAULT_TIME;
    this.#startedMs = undefined;
    this.#counts = 0;
  }

  protected override onWrite(bytes: Uint8Array, nowMs: number): boolean {
    for (const command of bytes) this.#command(command, nowMs);
    return true;
  }

  protected override onRead(_length: number, nowMs: number): Uint8Array {
    this.#measure(nowMs);
    return Uint8Array.of(this.#counts >> 8, this.#counts & 0xff);
  }

  #command(command: number, nowMs: number): void {
    this.#measure(nowMs);
    if (command === 0x00) {
      this.#powered = false;
      this.#startedMs = undefined;
    } else if (command === 0x01) this.#powered = true;
    else if (command === 0x07 && this.#powered) this.#counts = 0;
    else if ((command & 0xf8) === 0x40)
      this.#timeRegister = ((command & 7) << 5) | (this.#timeRegister & 0x1f);
    else if ((command & 0xe0) === 0x60)
      this.#timeRegister = (this.#timeRegister & 0xe0) | (command & 0x1f);
    else if (this.#powered && [0x10, 0x11, 0x13, 0x20, 0x21, 0x23].includes(command)) {
      this.#mode = command;
      this.#startedMs = nowMs;
    }
  }

  /** Puts the newest measurement that has ended into the register. */
  #measure(nowMs: number): void {
    if (this.#startedMs === undefined) return;
    const modeMs = (this.#mode & 3) === 3 ? L_RESOLUTION_MS : H_RESOLUTION_MS;
    const measurementMs = this.takes((modeMs * this.#timeRegister) / DEFAULT_TIME);
    const ended = Math.floor((nowMs - this.#startedMs) / measurementMs);
    if (ended < 1) return;
    const once = (this.#mode & 0x20) !== 0;
    const atMs = this.#startedMs + (once ? 1 : ended) * measurementMs;
    const doubled = (this.#mode & 3) === 1 ? 2 : 1;
    const countsPerLux = 1.2 * doubled * (this.#timeRegister / DEFAULT_TIME);
    this.#counts = toCounts(this.sense("illuminance", atMs) * countsPerLux, 0, 0xffff, 0);
    if (once) {
      this.#powered = false;
      this.#startedMs = undefined;
    }
  }
}
