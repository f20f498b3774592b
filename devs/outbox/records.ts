/**
 * Readings as bytes, in RAM and in flash alike: channel (1 byte), seconds since the
 * record before (signed), value in whole steps of its channel (signed). A signed number
 * takes 1 to 5 bytes, small ones fewer, so an ordinary reading takes four bytes or five.
 */

/** Channels that a record can name. */
export const MAX_CHANNELS = 256;
/** Largest magnitude of a value in steps: 32 bits with sign. */
export const MAX_SCALED = 0x7fffffff;
/** One byte of channel and twice five bytes of number. */
export const MAX_RECORD_BYTES = 11;

/** Writes a signed number of 32 bits, and gives the offset after it: zigzag, seven bits a byte, low bits first. */
function putNumber(bytes: Buffer, at: number, value: number): number {
  let rest = (value << 1) ^ (value >> 31);
  while ((rest & ~0x7f) !== 0) {
    bytes[at] = (rest & 0x7f) | 0x80;
    at++;
    rest = (rest >> 7) & 0x1ffffff;
  }
  bytes[at] = rest;
  return at + 1;
}

/** Writes a record and gives the offset after it; there must be room for `MAX_RECORD_BYTES`. */
export function putRecord(
  bytes: Buffer,
  at: number,
  channel: number,
  sinceS: number,
  scaled: number,
): number {
  bytes[at] = channel;
  return putNumber(bytes, putNumber(bytes, at + 1, sinceS), scaled);
}

/** Reads record by record. */
export class RecordCursor {
  /** The record that `next` read. */
  channel: number = 0;
  scaled: number = 0;
  timeS: number = 0;
  /** Offset of the record after it. */
  at: number = 0;
  private bytes: Buffer = Buffer.alloc(0);

  /** Stands before the record at that offset; `baseS` is the time of the one before it. */
  open(bytes: Buffer, at: number, baseS: number): void {
    this.bytes = bytes;
    this.at = at;
    this.timeS = baseS;
  }

  /** Reads the next record; false where the bytes end, also in its middle. */
  next(): boolean {
    if (this.at >= this.bytes.length) return false;
    this.channel = this.bytes[this.at];
    this.at++;
    this.timeS += this.number();
    this.scaled = this.number();
    return this.at <= this.bytes.length;
  }

  private number(): number {
    const bytes = this.bytes;
    let raw = 0;
    let byte = 0x80;
    for (let shift = 0; (byte & 0x80) !== 0 && shift < 35; shift += 7) {
      // Past the end: a number of 0, and an offset that says so.
      byte = this.at < bytes.length ? bytes[this.at] : 0;
      this.at++;
      raw |= (byte & 0x7f) << shift;
    }
    return ((raw >> 1) & 0x7fffffff) ^ -(raw & 1);
  }
}

/** Writes 32 bits, high byte first, and gives the offset after them. */
export function putUint32(bytes: Buffer, at: number, value: number): number {
  bytes[at] = (value >> 24) & 0xff;
  bytes[at + 1] = (value >> 16) & 0xff;
  bytes[at + 2] = (value >> 8) & 0xff;
  bytes[at + 3] = value & 0xff;
  return at + 4;
}

/** Reads what `putUint32` wrote, 0 to 2^32 - 1. */
export function uint32(bytes: Buffer, at: number): number {
  return bytes[at] * 0x1000000 + ((bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3]);
}

/** Pieces in which bytes are moved: a copy of one is garbage for the collector. */
const MOVE_BYTES = 128;

/** Moves `bytes` from `from` to `end` down to the lower offset `to`. */
export function moveDown(bytes: Buffer, to: number, from: number, end: number): void {
  while (from < end) {
    const pieceEnd = from + MOVE_BYTES < end ? from + MOVE_BYTES : end;
    bytes.set(bytes.slice(from, pieceEnd), to);
    to += pieceEnd - from;
    from = pieceEnd;
  }
}
