/**
 * Registers of a TI INA226 to volts, milliamperes and watts, and its calibration. Data
 * sheet SBOS547B, September 2024.
 */

/** The full scale of the shunt input, 81.92 mV, is 32768 counts of 2.5 uV (section 5.5). */
const FULL_SCALE_COUNTS = 32768;
/** The fixed number of equation 1 (section 6.5.1). */
const CALIBRATION_FACTOR = 0.00512;
/** One count of the bus voltage register (section 7.1.3). */
const BUS_VOLTS_PER_COUNT = 0.00125;
/** One count of the power register is 25 counts of the current register (section 6.5.1). */
const POWER_COUNTS_PER_CURRENT_COUNT = 25;
/** The calibration register has 15 bits (section 7.1.6). */
const CALIBRATION_MAX = 32767;

/**
 * The calibration register for a shunt and a current of one count, both of at least a
 * sensible size: equation 1 of section 6.5.1, limited to what the register holds. With
 * 2 mOhm and 1 mA it is 2560 (the data sheet's example, section 6.5.2).
 */
export function ina226Calibration(shuntOhm: number, ampsPerCount: number): number {
  // The quotient of a round shunt and current may come out just below a whole number.
  const calibration = Math.floor(CALIBRATION_FACTOR / (ampsPerCount * shuntOhm) + 1e-6);
  return Math.max(1, Math.min(calibration, CALIBRATION_MAX));
}

/** The smallest current of one count that reaches `maxCurrentA` (equation 2). */
export function ina226AmpsPerCount(maxCurrentA: number): number {
  return maxCurrentA / FULL_SCALE_COUNTS;
}

/** The current of one count that a calibration really gives: equation 1 the other way. */
export function ina226CalibratedAmps(shuntOhm: number, calibration: number): number {
  return CALIBRATION_FACTOR / (calibration * shuntOhm);
}

/** A register's two bytes, the high one first, 0 to 65535. */
export function unsigned16(bytes: Buffer): number {
  return (bytes[0] << 8) | bytes[1];
}

/** A register's two bytes as a signed number, -32768 to 32767. */
export function signed16(bytes: Buffer): number {
  return (unsigned16(bytes) << 16) >> 16;
}

/** Volts of the bus voltage register: 9584 is 11.98 V. */
export function ina226BusVolts(register: Buffer): number {
  return unsigned16(register) * BUS_VOLTS_PER_COUNT;
}

/** Milliamperes of the current register: 10000 is 10 A with 1 mA a count. */
export function ina226Milliamps(register: Buffer, ampsPerCount: number): number {
  return signed16(register) * ampsPerCount * 1000;
}

/** Watts of the power register: 4792 is 119.8 W with 1 mA a count of current. */
export function ina226Watts(register: Buffer, ampsPerCount: number): number {
  return unsigned16(register) * ampsPerCount * POWER_COUNTS_PER_CURRENT_COUNT;
}
