/**
 * Why a chip gave no reading; the words are those of `reason` in a `sensor-fault` event:
 *
 * - `no-answer`: the chip, or the bus, did not acknowledge;
 * - `bad-crc`: it answered, and the answer's check sum is wrong;
 * - `not-ready`: it answers but has no measurement: warming up, stalled, or reset by a
 *   dip of its supply so that it lost its settings (then `start()` it again);
 * - `out-of-range`: a value that the chip cannot measure;
 * - `wrong-chip`: another part, or another model, sits at the address;
 * - `chip-error`: the chip itself reports a defect, a stopped fan for instance;
 * - `frozen`: its values have not changed by a bit for longer than physics allows;
 * - `driver-error`: the driver itself failed in a way that nobody foresaw;
 * - `bus-stuck`: the bus itself does not work, so that no chip can answer.
 */
export type SensorErrorCode =
  | "no-answer"
  | "bad-crc"
  | "not-ready"
  | "out-of-range"
  | "wrong-chip"
  | "chip-error"
  | "frozen"
  | "driver-error"
  | "bus-stuck";

/** Every code: an event that waits holds its index. */
export const SENSOR_ERROR_CODES: string[] = [
  "no-answer",
  "bad-crc",
  "not-ready",
  "out-of-range",
  "wrong-chip",
  "chip-error",
  "frozen",
  "driver-error",
  "bus-stuck",
];

/** A chip gave no reading; `code` is for programs, `message` for people. */
export class SensorError extends Error {
  readonly code: SensorErrorCode;

  constructor(code: SensorErrorCode, message: string) {
    super(message);
    this.name = "SensorError";
    this.code = code;
  }
}
