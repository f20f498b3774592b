import { millis } from "@devicescript/core";
import {
  PMSA003I_FRAME_BYTES,
  pmsa003iError,
  pmsa003iHasCounted,
  pmsa003iIsFrame,
  pmsa003iIsIntact,
  pmsa003iValues,
} from "./pmsa003iConversion";
import { SensorChip, SensorChipOptions } from "./sensorChip";

// Plantower PMSA003I data manual, version 2.6.
export const PMSA003I_ADDRESS = 0x12;

const READ_FRAME = hex`00`;
/** "Stable data should be got at least 30 seconds after the sensor wakeup" (circuit attentions). */
const START_UP_MS = 30000;
const WARM_UP_MS = 32000;

/**
 * Plantower PMSA003I particle sensor.
 *
 * | metric | range | resolution | consistency (technical index) |
 * |---|---|---|---|
 * | pm1, pm25, pm10 | 0 to 500 ug/m3 | 1 ug/m3 | 10 ug/m3 up to 100 ug/m3, then 10 % |
 *
 * It measures from power-on; over I2C it can be neither started nor stopped. Values are
 * NaN for the first 30 s after `start()`, since the driver cannot know how long the chip
 * has had power.
 */
export class Pmsa003i extends SensorChip {
  private startedMs = 0;

  constructor(options?: SensorChipOptions) {
    super("pmsa003i", PMSA003I_ADDRESS, "pm1 pm25 pm10", WARM_UP_MS, options);
  }

  /** A frame with the chip's start characters and length. */
  override async probe(): Promise<void> {
    await this.frame();
  }

  override async start(): Promise<void> {
    this.clearValues();
    const frame = await this.frame();
    if (pmsa003iError(frame) !== 0) throw this.defect(frame);
    this.startedMs = millis();
  }

  override async read(): Promise<void> {
    this.clearValues();
    const frame = await this.frame();
    if (pmsa003iError(frame) !== 0) throw this.defect(frame);
    if (!pmsa003iHasCounted(frame)) throw this.failure("not-ready", "has not measured yet");
    if (millis() - this.startedMs < START_UP_MS) return;
    pmsa003iValues(frame, this.values);
    // Effective range 0 to 500 ug/m3, maximum range "1000 or more" (technical index): more is
    // less accurate, and in a dust storm no fault.
    this.limit(0, 2, 0, 5000);
    this.throwImpossible();
  }

  override async stop(): Promise<void> {}

  private async frame(): Promise<Buffer> {
    const frame = await this.transfer(READ_FRAME, PMSA003I_FRAME_BYTES);
    if (!pmsa003iIsFrame(frame)) throw this.failure("wrong-chip", "sent no frame of its kind");
    if (!pmsa003iIsIntact(frame)) throw this.failure("bad-crc", "sent a wrong check sum");
    return frame;
  }

  private defect(frame: Buffer): Error {
    return this.failure("chip-error", "reports error " + pmsa003iError(frame));
  }
}
