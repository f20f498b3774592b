/**
 * The frame of a Plantower PMSA003I (data manual of the series, version 2.6, appendix I:
 * the frame of the I2C mode): 32 bytes, numbers with the high byte first.
 */
export const PMSA003I_FRAME_BYTES = 32;

const START_1 = 0x42;
const START_2 = 0x4d;
/** Bytes that follow the length itself. */
const FRAME_LENGTH = 28;
/** Data 4 to 6: concentrations "under atmospheric environment", as outdoors. */
const ATMOSPHERIC = 10;
/** Data 7: particles beyond 0.3 um in 0.1 l of air. */
const SMALLEST_PARTICLES = 16;
const ERROR_CODE = 29;
const CHECK_SUM = 30;

/** Whether the bytes are a frame of this part: its two start characters and its length. */
export function pmsa003iIsFrame(frame: Buffer): boolean {
  return (
    frame[0] === START_1 && frame[1] === START_2 && ((frame[2] << 8) | frame[3]) === FRAME_LENGTH
  );
}

/** Whether the check sum is the sum of all bytes before it. */
export function pmsa003iIsIntact(frame: Buffer): boolean {
  let sum = 0;
  for (let i = 0; i < CHECK_SUM; i++) sum += frame[i];
  return ((frame[CHECK_SUM] << 8) | frame[CHECK_SUM + 1]) === sum;
}

/** The chip's error code; 0 is none. */
export function pmsa003iError(frame: Buffer): number {
  return frame[ERROR_CODE];
}

/**
 * Whether the chip has counted anything. A mass of 0 is possible in clean air, no
 * particles at all is not: so looks a frame in the first moments after power-on.
 */
export function pmsa003iHasCounted(frame: Buffer): boolean {
  return frame[SMALLEST_PARTICLES] !== 0 || frame[SMALLEST_PARTICLES + 1] !== 0;
}

/** Writes PM1, PM2.5 and PM10 in ug/m3 into `values`. */
export function pmsa003iValues(frame: Buffer, values: number[]): void {
  for (let i = 0; i < 3; i++)
    values[i] = (frame[ATMOSPHERIC + 2 * i] << 8) | frame[ATMOSPHERIC + 2 * i + 1];
}
