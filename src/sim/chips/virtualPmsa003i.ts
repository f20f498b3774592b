import type { Surroundings } from "../world/surroundings";
import { ModelledChip, toCounts } from "./virtualChip";

// Plantower PMSA003I data manual, version 2.6, appendix I.
const ADDRESS = 0x12;
const FRAME_BYTES = 32;
/** The frame is renewed this often. */
const UPDATE_MS = 1000;
const VERSION = 0x97;

/** Plantower PMSA003I particle sensor: one frame of registers that is always there. */
export class VirtualPmsa003i extends ModelledChip {
  /** The error code in the frame; 0 is none. */
  errorCode = 0;
  #pointer = 0;
  #poweredSinceMs = -Infinity;

  constructor(surroundings: Surroundings) {
    super("pmsa003i", ADDRESS, surroundings, ["pm1", "pm25", "pm10"], true);
  }

  override powerCycle(nowMs: number): void {
    this.#poweredSinceMs = nowMs;
    this.errorCode = 0;
  }

  protected override onWrite(bytes: Uint8Array): boolean {
    this.#pointer = bytes[0] ?? this.#pointer;
    return true;
  }

  protected override onRead(length: number, nowMs: number): Uint8Array {
    return this.#frame(nowMs).subarray(this.#pointer, this.#pointer + length);
  }

  #frame(nowMs: number): Uint8Array {
    const frame = new Uint8Array(FRAME_BYTES);
    const view = new DataView(frame.buffer);
    frame.set([0x42, 0x4d, 0, 28]);
    const updateMs = this.takes(UPDATE_MS);
    const atMs = Math.floor(nowMs / updateMs) * updateMs;
    // Before its first own measurement the chip counts nothing.
    if (nowMs - this.#poweredSinceMs >= updateMs) {
      const mass = (metric: string) => toCounts(this.sense(metric, atMs), 0, 0xffff, 0);
      ["pm1", "pm25", "pm10"].forEach((metric, i) => {
        view.setUint16(4 + 2 * i, mass(metric));
        view.setUint16(10 + 2 * i, mass(metric));
      });
      view.setUint16(16, Math.min(0xffff, 60 + 180 * mass("pm1")));
    }
    frame[28] = VERSION;
    frame[29] = this.errorCode;
    const sum = frame.reduce((total, byte) => total + byte, 0);
    view.setUint16(30, this.faults.settings.badCrc ? sum ^ 1 : sum);
    return frame;
  }
}
