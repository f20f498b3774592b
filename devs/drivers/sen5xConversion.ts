import { signedWordAt, wordAt } from "./sensirionWords";

/** Words of an answer to Read Measured Values (SEN5x data sheet, section 6.1.5). */
export const SEN5X_VALUE_WORDS = 8;

/** An unsigned word that says "no value" (SEN5x data sheet, section 6.1.5). */
const UNKNOWN_UNSIGNED = 0xffff;
/** A signed word that says "no value". */
const UNKNOWN_SIGNED = 0x7fff;

/** PM words in ug/m3, humidity in %, temperature in Cel, the indexes (section 6.1.5). */
const PM_PER_UGM3 = 10;
const HUMIDITY_PER_PCT = 100;
const TEMPERATURE_PER_CEL = 200;
const INDEX_PER_POINT = 10;

function unsignedValue(answer: Buffer, word: number, divisor: number): number {
  const raw = wordAt(answer, word);
  return raw === UNKNOWN_UNSIGNED ? NaN : raw / divisor;
}

function signedValue(answer: Buffer, word: number, divisor: number): number {
  const raw = signedWordAt(answer, word);
  return raw === UNKNOWN_SIGNED ? NaN : raw / divisor;
}

/**
 * An index of 1 to 500, or NaN. The index algorithm gives 0 for the first 45 s, while
 * it learns (Sensirion Gas Index Algorithm, "initial blackout"): no index yet.
 */
function indexValue(answer: Buffer, word: number): number {
  const value = signedValue(answer, word, INDEX_PER_POINT);
  return value === 0 ? NaN : value;
}

/**
 * Writes the values of an answer to Read Measured Values into `values`, in the order
 * PM1, PM2.5, PM4, PM10 (ug/m3), temperature (Cel), humidity (%), VOC index, NOx
 * index; the last only when `values` has a place for it. NaN is "no value now".
 */
export function sen5xValues(answer: Buffer, values: number[]): void {
  for (let i = 0; i < 4; i++) values[i] = unsignedValue(answer, i, PM_PER_UGM3);
  values[4] = signedValue(answer, 5, TEMPERATURE_PER_CEL);
  values[5] = signedValue(answer, 4, HUMIDITY_PER_PCT);
  values[6] = indexValue(answer, 6);
  if (values.length > 7) values[7] = indexValue(answer, 7);
}

/**
 * What the device status says is broken, the worst first, or undefined (SEN5x data
 * sheet, section 6.4): bit 4 fan, bit 5 laser, bit 6 humidity and temperature sensor,
 * bit 7 gas sensor, bit 21 fan speed out of range.
 */
export function sen5xDefect(answer: Buffer): string | undefined {
  const low = wordAt(answer, 1);
  if (low & 0x10) return "fan";
  if (low & 0x20) return "laser";
  if (low & 0x40) return "humidity";
  if (low & 0x80) return "gas";
  if (wordAt(answer, 0) & 0x20) return "fan";
  return undefined;
}

/**
 * Makes NaN, in the order of `sen5xValues`, what cannot be right with that defect. The
 * gas indexes are computed with the humidity, and fall with it.
 */
export function clearDefective(defect: string, values: number[]): void {
  let from = 0;
  let to = 4;
  if (defect === "humidity") from = 4;
  if (defect === "gas") from = 6;
  if (from > 0) to = values.length;
  for (let i = from; i < to; i++) values[i] = NaN;
}
