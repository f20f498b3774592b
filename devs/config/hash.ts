/** FNV-1a with 32 bits (Fowler, Noll, Vo): tells documents apart, protects from nothing. */

/** The hash of nothing, to begin with. */
export const HASH_START = 0x811c9dc5;

/**
 * The hash so far, with these bytes added: 0 to 4294967295. In two halves, since the
 * runtime's operators on bits, and its remainder, take no number of 2147483648 or more.
 */
export function addToHash(hash: number, bytes: Buffer): number {
  let high = Math.floor(hash / 65536);
  let low = hash - high * 65536;
  for (let i = 0; i < bytes.length; i++) {
    low = low ^ (bytes[i] as number);
    // Times 0x01000193, modulo 2^32.
    const product = low * 0x193;
    high = (high * 0x193 + low * 0x100 + (product >> 16)) & 0xffff;
    low = product & 0xffff;
  }
  return high * 65536 + low;
}

/** As eight hexadecimal digits. */
export function hashText(hash: number): string {
  const digits = "0123456789abcdef";
  let text = "";
  let rest = hash;
  for (let i = 0; i < 8; i++) {
    const higher = Math.floor(rest / 16);
    text = digits.charAt(rest - higher * 16) + text;
    rest = higher;
  }
  return text;
}
