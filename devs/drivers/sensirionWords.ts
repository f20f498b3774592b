/**
 * The words of Sensirion's I2C sensors: 16 bits, the high byte first, and a check
 * sum after each (SEN5x data sheet, version 2, March 2022, section 5; the same in
 * SPS30, SCD4x and SHT4x).
 */

/** Bytes of a word with its check sum. */
export const WORD_BYTES = 3;

const HEX_DIGITS = "0123456789ABCDEF";

/** Polynomial x^8 + x^5 + x^4 + 1, with the bit that is shifted out. */
const CRC_POLYNOMIAL = 0x131;

/**
 * CRC-8 of the word at `offset`: polynomial 0x31, initialised with 0xFF, nothing
 * reflected, no final exclusive-or. Of 0xBEEF it is 0x92 (SEN5x data sheet, section
 * 5.3, "Checksum calculation").
 */
export function wordCrc(bytes: Buffer, offset: number): number {
  let crc = 0xff;
  for (let i = offset; i < offset + 2; i++) {
    crc ^= bytes[i];
    for (let bit = 0; bit < 8; bit++) {
      crc <<= 1;
      if (crc & 0x100) crc ^= CRC_POLYNOMIAL;
    }
  }
  return crc;
}

/** True when `bytes` is whole words, and each has the check sum that it must have. */
export function wordsAreGood(bytes: Buffer): boolean {
  if (bytes.length % WORD_BYTES !== 0) return false;
  for (let offset = 0; offset < bytes.length; offset += WORD_BYTES)
    if (wordCrc(bytes, offset) !== bytes[offset + 2]) return false;
  return true;
}

/** The word of that index, 0 to 65535. */
export function wordAt(bytes: Buffer, index: number): number {
  const offset = index * WORD_BYTES;
  return (bytes[offset] << 8) | bytes[offset + 1];
}

/** The word of that index as a signed number, -32768 to 32767. */
export function signedWordAt(bytes: Buffer, index: number): number {
  return (wordAt(bytes, index) << 16) >> 16;
}

/** The ASCII text in the words, up to the first zero byte. */
export function textOfWords(bytes: Buffer): string {
  let text = "";
  for (let i = 0; i < bytes.length; i++) {
    if (i % WORD_BYTES === 2) continue;
    if (bytes[i] === 0) return text;
    text += String.fromCharCode(bytes[i]);
  }
  return text;
}

/** The words' bytes in hexadecimal: how a serial number is printed on the label. */
export function hexOfWords(bytes: Buffer): string {
  let text = "";
  for (let i = 0; i < bytes.length; i++) {
    if (i % WORD_BYTES === 2) continue;
    text += HEX_DIGITS.charAt(bytes[i] >> 4) + HEX_DIGITS.charAt(bytes[i] & 0xf);
  }
  return text;
}

/** The number in two words, IEEE 754 single precision, the high word first. */
export function floatOfWords(bytes: Buffer, index: number): number {
  const high = wordAt(bytes, index);
  const exponent = (high >> 7) & 0xff;
  const fraction = (high & 0x7f) * 65536 + wordAt(bytes, index + 1);
  if (exponent === 0xff) return NaN;
  const magnitude =
    exponent === 0
      ? fraction * Math.pow(2, -149)
      : (fraction + 0x800000) * Math.pow(2, exponent - 150);
  return high & 0x8000 ? -magnitude : magnitude;
}
