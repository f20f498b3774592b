/**
 * One pack of readings, or one event, as it lies in flash. A block carries all that names
 * it, so that it can be sent by a later boot under the name it was sent with before.
 *
 * Layout, numbers with the high byte first: format (1 byte), boot (4), sequence number
 * (4), flags (1), time before the first record in seconds (4), number of records (1),
 * the records as they lie in RAM, CRC (2). Of an event the time is its own, the number of
 * records 0, and in their stead stand its JSON members: a later boot has other channels.
 */

import { MAX_PACK_BYTES } from "./readingLog";
import { RecordCursor, putUint32, uint32 } from "./records";

const FORMAT = 0xa3;
const FLAG_UTC = 1;
const HEADER_BYTES = 15;
const CRC_BYTES = 2;
/** The largest block of readings. */
export const MAX_BLOCK_BYTES = HEADER_BYTES + MAX_PACK_BYTES + CRC_BYTES;

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

/**
 * The block of a pack: `count` records that are `records`. `baseS` is the time before the
 * first of them, in whole seconds from 0 to 2^32 - 1: UTC since 1970 where `utc` says so,
 * else of the clock of that boot.
 */
export function encodeBlock(
  boot: number,
  seq: number,
  utc: boolean,
  baseS: number,
  count: number,
  records: Buffer,
): Buffer {
  const end = HEADER_BYTES + records.length;
  const block = Buffer.alloc(end + CRC_BYTES);
  block[0] = FORMAT;
  putUint32(block, 1, boot);
  putUint32(block, 5, seq);
  block[9] = utc ? FLAG_UTC : 0;
  putUint32(block, 10, baseS);
  block[14] = count;
  block.set(records, HEADER_BYTES);
  const crc = crc16(block, end);
  block[end] = crc >> 8;
  block[end + 1] = crc & 0xff;
  return block;
}

/** Whether those bytes are a block, and whole. Nothing else of them may be asked where they are not. */
export function isBlock(bytes: Buffer): boolean {
  const end = bytes.length - CRC_BYTES;
  if (end < HEADER_BYTES || bytes[0] !== FORMAT) return false;
  return crc16(bytes, end) === ((bytes[end] << 8) | bytes[end + 1]);
}

/** Boot whose pack it is. */
export function blockBoot(block: Buffer): number {
  return uint32(block, 1);
}

/** Sequence number of the pack. */
export function blockSeq(block: Buffer): number {
  return uint32(block, 5);
}

/** Whether the times are UTC; else they are of the clock of the boot that wrote them. */
export function blockIsUtc(block: Buffer): boolean {
  return (block[9] & FLAG_UTC) !== 0;
}

/** The text of an event, and its time in seconds. */
export function eventText(block: Buffer): string {
  return block.slice(HEADER_BYTES, block.length - CRC_BYTES).toString();
}

export function eventTimeS(block: Buffer): number {
  return uint32(block, 10);
}

/** Sets the cursor before the first record, and gives the number of records; 0 for an event. */
export function openBlock(block: Buffer, cursor: RecordCursor): number {
  cursor.open(block, HEADER_BYTES, uint32(block, 10));
  return block[14];
}
