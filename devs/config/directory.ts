/**
 * Which parts a stored configuration has, and where each lies. A directory is one value
 * in flash: to write it is what puts a whole configuration in force at once.
 *
 * Bytes: version (4), hash of the document that brought it (4), both high byte first,
 * then for each part its number with the slot in the top bit (1) and the length of its
 * text (2).
 */

const HEAD_BYTES = 8;
const PART_BYTES = 3;
const SLOT_BIT = 0x80;

/** Parts that a directory can name: all of it must fit in one value. */
export const PARTS_MAX = 70;

/** A directory of that version without parts. */
export function newDirectory(version: number, hash: number): Buffer {
  const directory = Buffer.alloc(HEAD_BYTES);
  putWord(directory, 0, version);
  putWord(directory, 4, hash);
  return directory;
}

/** A copy with another version and hash. */
export function renumbered(directory: Buffer, version: number, hash: number): Buffer {
  const copy = Buffer.alloc(directory.length);
  for (let i = 0; i < copy.length; i++) copy[i] = byte(directory, i);
  putWord(copy, 0, version);
  putWord(copy, 4, hash);
  return copy;
}

/** Version of the document that was applied last; 0 for none. */
export function directoryVersion(directory: Buffer): number {
  return word(directory, 0);
}

/** Hash of that document, 32 bits. */
export function directoryHash(directory: Buffer): number {
  return word(directory, 4);
}

/** How many parts it names. */
export function partCount(directory: Buffer): number {
  return (directory.length - HEAD_BYTES) / PART_BYTES;
}

/** Number of the i-th part. */
export function partAt(directory: Buffer, i: number): number {
  return byte(directory, HEAD_BYTES + i * PART_BYTES) & ~SLOT_BIT;
}

/** Slot of the i-th part, 0 or 1. */
export function slotAt(directory: Buffer, i: number): number {
  return byte(directory, HEAD_BYTES + i * PART_BYTES) & SLOT_BIT ? 1 : 0;
}

/** Length of the i-th part's text, in bytes. */
export function lengthAt(directory: Buffer, i: number): number {
  const at = HEAD_BYTES + i * PART_BYTES + 1;
  return (byte(directory, at) << 8) | byte(directory, at + 1);
}

/** Place of the part with that number, or -1. */
export function findPart(directory: Buffer, id: number): number {
  const count = partCount(directory);
  for (let i = 0; i < count; i++) if (partAt(directory, i) === id) return i;
  return -1;
}

/**
 * A directory with that part put in, or, with length 0, left out. The others stay; so do
 * version and hash.
 */
export function withPart(directory: Buffer, id: number, slot: number, length: number): Buffer {
  const old = findPart(directory, id);
  const kept = old < 0 ? directory.length : directory.length - PART_BYTES;
  const result = Buffer.alloc(kept + (length > 0 ? PART_BYTES : 0));
  const gapStart = old < 0 ? directory.length : HEAD_BYTES + old * PART_BYTES;
  let to = 0;
  for (let from = 0; from < directory.length; from++) {
    if (from >= gapStart && from < gapStart + PART_BYTES) continue;
    result[to] = byte(directory, from);
    to++;
  }
  if (length > 0) {
    result[to] = id | (slot ? SLOT_BIT : 0);
    result[to + 1] = length >> 8;
    result[to + 2] = length & 0xff;
  }
  return result;
}

/** Whether these bytes can be a directory. */
export function isDirectory(bytes: Buffer): boolean {
  return bytes.length >= HEAD_BYTES && (bytes.length - HEAD_BYTES) % PART_BYTES === 0;
}

/** Whether both name the same version and the same parts in the same places. */
export function sameDirectory(a: Buffer, b: Buffer): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

function putWord(bytes: Buffer, at: number, value: number): void {
  const high = Math.floor(value / 65536);
  const low = value - high * 65536;
  bytes[at] = high >> 8;
  bytes[at + 1] = high & 0xff;
  bytes[at + 2] = low >> 8;
  bytes[at + 3] = low & 0xff;
}

function word(bytes: Buffer, at: number): number {
  const high = (byte(bytes, at) << 8) | byte(bytes, at + 1);
  const low = (byte(bytes, at + 2) << 8) | byte(bytes, at + 3);
  return high * 65536 + low;
}

function byte(bytes: Buffer, at: number): number {
  return bytes[at] as number;
}
