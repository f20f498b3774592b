import { wordAt } from "./sensirionWords";

const WORD_FULL_SCALE = 65535;

/**
 * Writes the values of a measurement into `values`: temperature in Cel, humidity in %
 * (SHT4x data sheet, version 6.6, April 2024, section 4.6: equations 1 and 2). The
 * humidity's scale reaches beyond 0 and 100 %, and is cut off there, as the data sheet
 * says.
 */
export function sht4xValues(answer: Buffer, values: number[]): void {
  values[0] = -45 + (175 * wordAt(answer, 0)) / WORD_FULL_SCALE;
  const humidity = -6 + (125 * wordAt(answer, 1)) / WORD_FULL_SCALE;
  values[1] = Math.max(0, Math.min(100, humidity));
}
