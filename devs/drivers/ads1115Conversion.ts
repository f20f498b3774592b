/**
 * Settings and counts of a TI ADS1115 analog-to-digital converter. Data sheet SBAS444E,
 * December 2024.
 */

/** Input between that pin and ground: field MUX of the config register (section 8.1.3). */
export const ADS1115_AIN0 = 0x4000;
export const ADS1115_AIN1 = 0x5000;
export const ADS1115_AIN2 = 0x6000;
export const ADS1115_AIN3 = 0x7000;

/** A range of the programmable amplifier: field PGA, and the volts at full scale. */
export interface Ads1115Gain {
  readonly config: number;
  readonly fullScaleV: number;
}

/** Plus and minus 4.096 V, 0.125 mV a count; the inputs never go above the supply. */
export const ADS1115_4V: Ads1115Gain = { config: 0x0200, fullScaleV: 4.096 };
/** Plus and minus 2.048 V, 0.0625 mV a count. */
export const ADS1115_2V: Ads1115Gain = { config: 0x0400, fullScaleV: 2.048 };

/** Plus and minus 1.024 V, 0.03125 mV a count. */
export const ADS1115_1V: Ads1115Gain = { config: 0x0600, fullScaleV: 1.024 };

/** Largest count; one more would be full scale. */
export const ADS1115_MAX_COUNTS = 32767;

/** Counts of the conversion register's two bytes, the high one first, signed. */
export function ads1115Counts(register: Buffer): number {
  return (((register[0] << 8) | register[1]) << 16) >> 16;
}

/** Volts at the input (section 7.5.4, "Data format"). */
export function ads1115Volts(counts: number, gain: Ads1115Gain): number {
  return (counts * gain.fullScaleV) / 32768;
}
