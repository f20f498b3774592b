import { wordAt } from "./sensirionWords";

const WORD_FULL_SCALE = 65535;

/**
 * Writes the values of an answer to read_measurement (SCD4x data sheet, version 1.6,
 * April 2024, section 3.6.2) into `values`: CO2 in ppm and, where `values` has places
 * for them, temperature in Cel and humidity in %. 0x01F4, 0x6667, 0x5EB9 are 500 ppm,
 * 25 Cel and 37 % (the data sheet's example).
 */
export function scd41Values(answer: Buffer, values: number[]): void {
  values[0] = wordAt(answer, 0);
  if (values.length === 1) return;
  values[1] = -45 + (175 * wordAt(answer, 1)) / WORD_FULL_SCALE;
  values[2] = (100 * wordAt(answer, 2)) / WORD_FULL_SCALE;
}
