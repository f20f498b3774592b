/**
 * One pack of readings as it lies in flash. A block carries all that names the pack,
 * so that it can be sent by a later boot under the name it was sent with before.
 *
 * Layout, numbers with the high byte first: format (1 byte), boot (4), sequence number
 * (4), flags (1), base time in seconds (4), number of records (1), the records, CRC (2).
 * A record: channel (1 byte), seconds since the record before (signed, 1 to 5 bytes),
 * value (signed, 1 to 5 bytes).
 */

/** Largest value of a setting that the runtime takes safely. */
export const MAX_BLOCK_BYTES = 225;

const FORMAT = 0xa1;
const FLAG_UTC = 1;
const HEADER_BYTES = 15;
const CRC_BYTES = 2;
/** One byte of channel and twice five bytes of number. */
const MAX_RECORD_BYTES = 11;
/** Records that fit a block whatever their values and times. */
export const MIN_RECORDS_PER_BLOCK = Math.floor(
  (MAX_BLOCK_BYTES - HEADER_BYTES - CRC_BYTES) / MAX_RECORD_BYTES,
);

/** CRC-16-CCITT (polynomial 0x1021, start 0xffff), a byte at a time without a table. */
function crc16(bytes: Buffer, length: number): number {
  let crc = 0xffff;
  for (let i = 0; i < length; i++) {
    let x = (crc >> 8) ^ bytes[i];
    x ^= x >> 4;
    crc = ((crc << 8) ^ (x << 12) ^ (x << 5) ^ x) & 0xffff;
  }
  return crc;
}

function putUint32(bytes: Buffer, at: number, value: number): void {
  bytes[at] = (value >> 24) & 0xff;
  bytes[at + 1] = (value >> 16) & 0xff;
  bytes[at + 2] = (value >> 8) & 0xff;
  bytes[at + 3] = value & 0xff;
}

function uint32(bytes: Buffer, at: number): number {
  return bytes[at] * 0x1000000 + ((bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3]);
}

/** Writes one block, record by record. */
export class BlockWriter {
  private readonly bytes: Buffer = Buffer.alloc(MAX_BLOCK_BYTES);
  private end: number = 0;
  private count: number = 0;
  private lastS: number = 0;

  /**
   * Begins a block. `baseTimeS` is the time of the first record in whole seconds, 0 to
   * 2^31 - 1: UTC since 1970 where `utc` says so, else the clock of that boot.
   */
  begin(boot: number, seq: number, utc: boolean, baseTimeS: number): void {
    const bytes = this.bytes;
    bytes[0] = FORMAT;
    putUint32(bytes, 1, boot);
    putUint32(bytes, 5, seq);
    bytes[9] = utc ? FLAG_UTC : 0;
    putUint32(bytes, 10, baseTimeS);
    this.end = HEADER_BYTES;
    this.count = 0;
    this.lastS = baseTimeS;
  }

  /** Adds a record, a value in whole steps of its channel. False where the block is full. */
  add(channel: number, scaled: number, timeS: number): boolean {
    if (this.end + MAX_RECORD_BYTES + CRC_BYTES > MAX_BLOCK_BYTES) return false;
    this.bytes[this.end] = channel;
    this.end++;
    this.putNumber(timeS - this.lastS);
    this.putNumber(scaled);
    this.lastS = timeS;
    this.count++;
    return true;
  }

  /** The finished block. */
  finish(): Buffer {
    this.bytes[HEADER_BYTES - 1] = this.count;
    const crc = crc16(this.bytes, this.end);
    this.bytes[this.end] = crc >> 8;
    this.bytes[this.end + 1] = crc & 0xff;
    return Buffer.from(this.bytes.slice(0, this.end + CRC_BYTES));
  }

  /** Signed numbers with small ones short: zigzag, then seven bits a byte, low bits first. */
  private putNumber(value: number): void {
    let rest = (value << 1) ^ (value >> 31);
    while ((rest & ~0x7f) !== 0) {
      this.bytes[this.end] = (rest & 0x7f) | 0x80;
      this.end++;
      rest = (rest >> 7) & 0x1ffffff;
    }
    this.bytes[this.end] = rest;
    this.end++;
  }
}

/** Reads one block, record by record. */
export class BlockReader {
  boot: number = 0;
  seq: number = 0;
  /** Whether the times are UTC; else they are of the clock of the boot that wrote them. */
  utc: boolean = false;
  /** Records in the block. */
  count: number = 0;
  /** The record that `next` found. */
  channel: number = 0;
  scaled: number = 0;
  timeS: number = 0;

  private bytes: Buffer = Buffer.alloc(0);
  private at: number = 0;
  private left: number = 0;

  /** Opens a block. False where it is none, or damaged: then it is not to be used. */
  open(bytes: Buffer): boolean {
    const end = bytes.length - CRC_BYTES;
    if (end < HEADER_BYTES || bytes[0] !== FORMAT) return false;
    if (crc16(bytes, end) !== ((bytes[end] << 8) | bytes[end + 1])) return false;
    this.boot = uint32(bytes, 1);
    this.seq = uint32(bytes, 5);
    this.utc = (bytes[9] & FLAG_UTC) !== 0;
    this.timeS = uint32(bytes, 10);
    this.count = bytes[HEADER_BYTES - 1];
    this.bytes = bytes;
    this.at = HEADER_BYTES;
    this.left = this.count;
    return true;
  }

  /** Reads the next record into `channel`, `scaled` and `timeS`. */
  next(): boolean {
    if (this.left === 0 || this.at >= this.bytes.length - CRC_BYTES) return false;
    this.left--;
    this.channel = this.bytes[this.at];
    this.at++;
    this.timeS += this.number();
    this.scaled = this.number();
    return true;
  }

  private number(): number {
    let raw = 0;
    let more = true;
    for (let shift = 0; more && shift < 35 && this.at < this.bytes.length; shift += 7) {
      const byte = this.bytes[this.at];
      this.at++;
      raw |= (byte & 0x7f) << shift;
      more = (byte & 0x80) !== 0;
    }
    return ((raw >> 1) & 0x7fffffff) ^ -(raw & 1);
  }
}
