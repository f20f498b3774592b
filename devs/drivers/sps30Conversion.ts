import { floatOfWords, wordAt } from "./sensirionWords";

/**
 * Writes the mass concentrations of an answer to Read Measured Values in the format of
 * floating-point numbers (SPS30 data sheet, version 1.0, March 2020, section 4.3) into
 * `values`: PM1, PM2.5, PM4, PM10 in ug/m3.
 */
export function sps30Values(answer: Buffer, values: number[]): void {
  for (let i = 0; i < 4; i++) values[i] = floatOfWords(answer, 2 * i);
}

/**
 * What the device status says is broken, or undefined (section 4.4): bit 4 fan, bit 5
 * laser, bit 21 fan speed out of range.
 */
export function sps30Defect(answer: Buffer): string | undefined {
  const low = wordAt(answer, 1);
  if (low & 0x10) return "fan";
  if (low & 0x20) return "laser";
  if (wordAt(answer, 0) & 0x20) return "fan";
  return undefined;
}
