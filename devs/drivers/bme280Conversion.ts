/**
 * Registers of a Bosch BME280 to temperature, pressure and humidity: the compensation
 * formulas in floating-point numbers of data sheet BST-BME280-DS002, revision 1.6,
 * appendix A (8.1). For temperature and pressure they are those of the BMP280, whose
 * data sheet (BST-BMP280-DS001, section 3.12) prints an example.
 */

function unsigned16(bytes: Buffer, offset: number): number {
  return bytes[offset] | (bytes[offset + 1] << 8);
}

function signed16(bytes: Buffer, offset: number): number {
  return (unsigned16(bytes, offset) << 16) >> 16;
}

function signed8(byte: number): number {
  return (byte << 24) >> 24;
}

/** Bytes of the chip's constants: the registers 0x88 to 0xA1, and 0xE1 to 0xE7. */
const LOW_BYTES = 26;
const HIGH_BYTES = 7;

/**
 * The chip's own constants, as its non-volatile memory gives them (section 4.2.2, table 16):
 * the registers 0x88 to 0xA1 (`low`, 26 bytes) and 0xE1 to 0xE7 (`high`, 7 bytes), one after
 * the other. Undefined when they are empty: no chip has a dig_T1 or dig_P1 of 0.
 */
export function bme280Calibration(low: Buffer, high: Buffer): Buffer | undefined {
  const calibration = Buffer.alloc(LOW_BYTES + HIGH_BYTES);
  for (let i = 0; i < LOW_BYTES; i++) calibration[i] = low[i];
  for (let i = 0; i < HIGH_BYTES; i++) calibration[LOW_BYTES + i] = high[i];
  return bme280T(calibration, 1) === 0 || bme280P(calibration, 1) === 0 ? undefined : calibration;
}

/** dig_T1 to dig_T3, by that number. */
export function bme280T(calibration: Buffer, number: number): number {
  return number === 1 ? unsigned16(calibration, 0) : signed16(calibration, 2 * number - 2);
}

/** dig_P1 to dig_P9, by that number. */
export function bme280P(calibration: Buffer, number: number): number {
  return number === 1 ? unsigned16(calibration, 6) : signed16(calibration, 4 + 2 * number);
}

/** dig_H1 to dig_H6, by that number. dig_H4 and dig_H5 have 12 bits each, and share a byte. */
export function bme280H(calibration: Buffer, number: number): number {
  if (number === 1) return calibration[25];
  if (number === 2) return signed16(calibration, 26);
  if (number === 3) return calibration[28];
  if (number === 4) return signed8(calibration[29]) * 16 + (calibration[30] & 0x0f);
  if (number === 5) return signed8(calibration[31]) * 16 + (calibration[30] >> 4);
  return signed8(calibration[32]);
}

/** What a register holds when its measurement is switched off (section 4.2.3). */
const SKIPPED_20_BIT = 0x80000;
const SKIPPED_16_BIT = 0x8000;

/** The 20 bits of pressure at offset 0, or temperature at 3, of the data registers. */
export function bme280Raw20(data: Buffer, offset: number): number {
  return (data[offset] << 12) | (data[offset + 1] << 4) | (data[offset + 2] >> 4);
}

/** Whether the data registers 0xF7 to 0xFE (8 bytes) hold a measurement of all three. */
export function bme280HasMeasured(data: Buffer): boolean {
  return (
    bme280Raw20(data, 0) !== SKIPPED_20_BIT &&
    bme280Raw20(data, 3) !== SKIPPED_20_BIT &&
    ((data[6] << 8) | data[7]) !== SKIPPED_16_BIT
  );
}

/** The "fine" temperature, from which all three values come: 5120 a degree. */
export function bme280Fine(calibration: Buffer, raw: number): number {
  const t1 = bme280T(calibration, 1);
  const first = (raw / 16384 - t1 / 1024) * bme280T(calibration, 2);
  const second = raw / 131072 - t1 / 8192;
  return first + second * second * bme280T(calibration, 3);
}

/** Temperature in Cel. */
export function bme280Celsius(fine: number): number {
  return fine / 5120;
}

/** Pressure in hPa. */
export function bme280Hpa(calibration: Buffer, fine: number, raw: number): number {
  const half = fine / 2 - 64000;
  const offset =
    ((half * half * bme280P(calibration, 6)) / 32768 + half * bme280P(calibration, 5) * 2) / 4 +
    bme280P(calibration, 4) * 65536;
  const slope =
    ((bme280P(calibration, 3) * half * half) / 524288 + bme280P(calibration, 2) * half) / 524288;
  const divisor = (1 + slope / 32768) * bme280P(calibration, 1);
  if (divisor === 0) return NaN;
  const linear = ((1048576 - raw - offset / 4096) * 6250) / divisor;
  const square = (bme280P(calibration, 9) * linear * linear) / 2147483648;
  return (
    (linear +
      (square + (linear * bme280P(calibration, 8)) / 32768 + bme280P(calibration, 7)) / 16) /
    100
  );
}

/** Relative humidity in %, cut off at 0 and 100. */
export function bme280Pct(calibration: Buffer, fine: number, raw: number): number {
  const above = fine - 76800;
  const linear =
    (raw - (bme280H(calibration, 4) * 64 + (bme280H(calibration, 5) / 16384) * above)) *
    ((bme280H(calibration, 2) / 65536) *
      (1 +
        (bme280H(calibration, 6) / 67108864) *
          above *
          (1 + (bme280H(calibration, 3) / 67108864) * above)));
  return Math.max(0, Math.min(100, linear * (1 - (bme280H(calibration, 1) * linear) / 524288)));
}
