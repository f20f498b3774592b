/** A number in 0..1 that belongs to a key and an index: a hash (splitmix32's mixer). */
export function hashed(key: number, index: number): number {
  let mixed = (Math.imul(key ^ Math.imul(index, 0x9e3779b9), 0x85ebca6b) ^ index) >>> 0;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x21f0aaad);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
  return ((mixed ^ (mixed >>> 15)) >>> 0) / 0x1_0000_0000;
}

/**
 * A curve in -1..1 that wanders with a period, the same for a key whenever it is
 * asked: value noise, hashed numbers at multiples of the period with smooth steps
 * between.
 */
export function wander(key: number, timeMs: number, periodMs: number): number {
  const position = timeMs / periodMs;
  const index = Math.floor(position);
  const part = position - index;
  const step = part * part * (3 - 2 * part);
  const from = hashed(key, index);
  return 2 * (from + (hashed(key, index + 1) - from) * step) - 1;
}
