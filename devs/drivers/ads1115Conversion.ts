/**
 * Settings and counts of a TI ADS1115 analog-to-digital converter. Data sheet SBAS444E,
 * December 2024.
 */

/** Input between that pin and ground: field MUX of the config register (section 8.1.3). */
export const ADS1115_AIN0 = 0x4000;
export const ADS1115_AIN1 = 0x5000;
export const ADS1115_AIN2 = 0x6000;
export const ADS1115_AIN3 = 0x7000;

// Ranges of the programmable amplifier: field PGA.
/** Plus and minus 4.096 V, 0.125 mV a count; the inputs never go above the supply. */
export const ADS1115_4V = 0x0200;
/** Plus and minus 2.048 V, 0.0625 mV a count. */
export const ADS1115_2V = 0x0400;
/** Plus and minus 1.024 V, 0.03125 mV a count. */
export const ADS1115_1V = 0x0600;

/** Twice the volts at full scale of the range after 0; each range has half of those before it. */
const WIDEST_V = 8.192;
/** Place of the field PGA in the config register. */
const GAIN_SHIFT = 9;

/** Largest count; one more would be full scale. */
export const ADS1115_MAX_COUNTS = 32767;

/** Counts of the conversion register's two bytes, the high one first, signed. */
export function ads1115Counts(register: Buffer): number {
  return (((register[0] << 8) | register[1]) << 16) >> 16;
}

/** Volts at the input, in a range from `ADS1115_4V` on (section 7.5.4, "Data format"). */
export function ads1115Volts(counts: number, gain: number): number {
  return (counts * WIDEST_V) / 32768 / (1 << (gain >> GAIN_SHIFT));
}
