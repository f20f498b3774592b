/**
 * Registers of a Bosch BME280 to temperature, pressure and humidity: the compensation
 * formulas in floating-point numbers of data sheet BST-BME280-DS002, revision 1.6,
 * appendix A (8.1). For temperature and pressure they are those of the BMP280, whose
 * data sheet (BST-BMP280-DS001, section 3.12) prints an example.
 */

/** The chip's own constants, from its non-volatile memory (section 4.2.2, table 16). */
export interface Bme280Calibration {
  /** dig_T1 to dig_T3. */
  readonly t: number[];
  /** dig_P1 to dig_P9. */
  readonly p: number[];
  /** dig_H1 to dig_H6. */
  readonly h: number[];
}

function unsigned16(bytes: Buffer, offset: number): number {
  return bytes[offset] | (bytes[offset + 1] << 8);
}

function signed16(bytes: Buffer, offset: number): number {
  return (unsigned16(bytes, offset) << 16) >> 16;
}

function signed8(byte: number): number {
  return (byte << 24) >> 24;
}

/**
 * The constants in the registers 0x88 to 0xA1 (`low`, 26 bytes) and 0xE1 to 0xE7
 * (`high`, 7 bytes), or undefined when they are empty: no chip has a dig_T1 or dig_P1
 * of 0.
 */
export function bme280Calibration(low: Buffer, high: Buffer): Bme280Calibration | undefined {
  const t = [unsigned16(low, 0), signed16(low, 2), signed16(low, 4)];
  const p = [unsigned16(low, 6)];
  for (let i = 1; i < 9; i++) p.push(signed16(low, 6 + 2 * i));
  // dig_H4 and dig_H5 have 12 bits each, and share the byte 0xE5.
  const h = [
    low[25],
    signed16(high, 0),
    high[2],
    signed8(high[3]) * 16 + (high[4] & 0x0f),
    signed8(high[5]) * 16 + (high[4] >> 4),
    signed8(high[6]),
  ];
  return t[0] === 0 || p[0] === 0 ? undefined : { t: t, p: p, h: h };
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
export function bme280Fine(calibration: Bme280Calibration, raw: number): number {
  const { t } = calibration;
  const first = (raw / 16384 - t[0] / 1024) * t[1];
  const second = raw / 131072 - t[0] / 8192;
  return first + second * second * t[2];
}

/** Temperature in Cel. */
export function bme280Celsius(fine: number): number {
  return fine / 5120;
}

/** Pressure in hPa. */
export function bme280Hpa(calibration: Bme280Calibration, fine: number, raw: number): number {
  const { p } = calibration;
  const half = fine / 2 - 64000;
  const offset = ((half * half * p[5]) / 32768 + half * p[4] * 2) / 4 + p[3] * 65536;
  const slope = ((p[2] * half * half) / 524288 + p[1] * half) / 524288;
  const divisor = (1 + slope / 32768) * p[0];
  if (divisor === 0) return NaN;
  const linear = ((1048576 - raw - offset / 4096) * 6250) / divisor;
  const square = (p[8] * linear * linear) / 2147483648;
  return (linear + (square + (linear * p[7]) / 32768 + p[6]) / 16) / 100;
}

/** Relative humidity in %, cut off at 0 and 100. */
export function bme280Pct(calibration: Bme280Calibration, fine: number, raw: number): number {
  const { h } = calibration;
  const above = fine - 76800;
  const linear =
    (raw - (h[3] * 64 + (h[4] / 16384) * above)) *
    ((h[1] / 65536) * (1 + (h[5] / 67108864) * above * (1 + (h[2] / 67108864) * above)));
  return Math.max(0, Math.min(100, linear * (1 - (h[0] * linear) / 524288)));
}
