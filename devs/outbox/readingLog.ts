import { MAX_RECORD_BYTES, RecordCursor, moveDown, putRecord, putUint32, uint32 } from "./records";
import { Thinning } from "./thinning";

/** Packs that can be sealed at the same time: seven in flight, and one on its way into the journal. */
export const MAX_PACKS = 8;
/** Bytes of records that a pack may have: what a block of the journal holds. */
export const MAX_PACK_BYTES = 160;
/** Instead of a place in the journal: it was given out for sending and lies in none, or waits for that. */
const NO_PLACE = 255;
const UNSENT = 254;

/** A pack's row: sequence number (4 bytes), time before its first record (4), records, bytes, place (1 each). */
const ROW_BYTES = 11;

/**
 * Readings in one buffer, oldest first, without a hole: packs that are sealed, then those
 * that belong to no pack yet. A sealed pack keeps its content; the others may be thinned.
 */
export class ReadingLog {
  /** Readings, those of packs included. */
  count: number = 0;
  /** Readings that belong to no pack. */
  unsealed: number = 0;
  readonly bytes: Buffer;
  /** Offset after the newest reading. */
  end: number = 0;
  /** Offset of the oldest reading that belongs to no pack, and the time of the one before it. */
  unsealedAt: number = 0;
  unsealedBaseS: number = 0;
  readonly cursor: RecordCursor = new RecordCursor();

  private readonly packs: Buffer = Buffer.alloc(MAX_PACKS * ROW_BYTES);
  private packCount: number = 0;
  private newestS: number = 0;
  private readonly thinning: Thinning = new Thinning(this);

  /** `size` is the room in bytes. */
  constructor(size: number) {
    this.bytes = Buffer.alloc(size);
  }

  /** Adds the newest reading: a value of 32 bits, a time in whole seconds. False where there is no room. */
  append(channel: number, scaled: number, timeS: number): boolean {
    const at = this.end;
    if (at + MAX_RECORD_BYTES > this.bytes.length) return false;
    if (this.unsealed === 0) {
      this.unsealedAt = at;
      this.unsealedBaseS = timeS;
      this.newestS = timeS;
    }
    this.end = putRecord(this.bytes, at, channel, timeS - this.newestS, scaled);
    this.thinning.appended(this.end - at, this.newestS);
    this.newestS = timeS;
    this.count++;
    this.unsealed++;
    return true;
  }

  /** Thins the oldest half of what belongs to no pack; gives how many readings went, 0 where none can. */
  thin(): number {
    return this.thinning.thin();
  }

  /** Time of the oldest reading that belongs to no pack, which must exist, in seconds. */
  oldestUnsealedS(): number {
    this.cursor.open(this.bytes, this.unsealedAt, this.unsealedBaseS);
    this.cursor.next();
    return this.cursor.timeS;
  }

  /** Takes out the oldest reading that belongs to no pack, which must exist. */
  dropOldest(): void {
    const cursor = this.cursor;
    cursor.open(this.bytes, this.unsealedAt, this.unsealedBaseS);
    cursor.next();
    this.thinning.sealed(cursor.at - this.unsealedAt, cursor.timeS);
    this.unsealedBaseS = cursor.timeS;
    this.removed(this.unsealedAt, cursor.at, 1);
    this.unsealed--;
  }

  /** The readings between two offsets are gone. */
  removed(at: number, to: number, readings: number): void {
    moveDown(this.bytes, at, to, this.end);
    this.end -= to - at;
    this.count -= readings;
  }

  /**
   * Makes a pack of the oldest readings that have none, `maxRecords` at most; `sent` says
   * whether it is to be sent at once. False where there are none, or too many packs.
   */
  seal(seq: number, maxRecords: number, sent: boolean): boolean {
    if (this.unsealed === 0 || this.packCount === MAX_PACKS) return false;
    const cursor = this.cursor;
    const first = this.unsealedAt;
    const baseS = this.unsealedBaseS;
    const most = maxRecords < this.unsealed ? maxRecords : this.unsealed;
    let records = 0;
    cursor.open(this.bytes, first, baseS);
    while (records < most) {
      this.unsealedBaseS = cursor.timeS;
      this.unsealedAt = cursor.at;
      cursor.next();
      if (cursor.at - first > MAX_PACK_BYTES) break;
      records++;
    }
    if (cursor.at - first <= MAX_PACK_BYTES) {
      this.unsealedBaseS = cursor.timeS;
      this.unsealedAt = cursor.at;
    }
    const packs = this.packs;
    const row = putUint32(packs, putUint32(packs, this.packCount * ROW_BYTES, seq), baseS);
    packs[row] = records;
    packs[row + 1] = this.unsealedAt - first;
    packs[row + 2] = sent ? NO_PLACE : UNSENT;
    this.packCount++;
    this.unsealed -= records;
    this.thinning.sealed(this.unsealedAt - first, this.unsealedBaseS);
    return true;
  }

  /** Row of the pack with that number, or -1. */
  find(seq: number): number {
    for (let row = 0; row < this.packCount; row++) if (this.seq(row) === seq) return row;
    return -1;
  }

  /** Sequence number of the pack in that row. */
  seq(row: number): number {
    return uint32(this.packs, row * ROW_BYTES);
  }

  /** Row of the oldest pack that lies in no place of the journal, or -1. */
  firstUnsaved(): number {
    for (let row = 0; row < this.packCount; row++) if (this.place(row) < 0) return row;
    return -1;
  }

  /** Row of the oldest pack that was not given out for sending, or -1. */
  firstUnsent(): number {
    for (let row = 0; row < this.packCount; row++) if (this.isUnsent(row)) return row;
    return -1;
  }

  isUnsent(row: number): boolean {
    return this.packs[row * ROW_BYTES + 10] === UNSENT;
  }

  /** Readings of the pack in that row. */
  records(row: number): number {
    return this.packs[row * ROW_BYTES + 8];
  }

  /** Place of that pack in the journal, or -1. */
  place(row: number): number {
    const place = this.packs[row * ROW_BYTES + 10];
    return place >= UNSENT ? -1 : place;
  }

  /** That pack was given out for sending; it lies in a place of the journal, 0 to 253, or, with -1, in none. */
  setPlace(row: number, place: number): void {
    this.packs[row * ROW_BYTES + 10] = place < 0 ? NO_PLACE : place;
  }

  /** Sets the cursor before the first record of that pack, and gives the pack's offset. */
  openPack(row: number): number {
    let at = 0;
    for (let i = 0; i < row; i++) at += this.packBytes(i);
    this.cursor.open(this.bytes, at, uint32(this.packs, row * ROW_BYTES + 4));
    return at;
  }

  /** Bytes of the records of that pack. */
  packBytes(row: number): number {
    return this.packs[row * ROW_BYTES + 9];
  }

  /** Forgets that pack and its readings. */
  removePack(row: number): void {
    const at = this.openPack(row);
    const length = this.packBytes(row);
    this.removed(at, at + length, this.records(row));
    this.unsealedAt -= length;
    moveDown(this.packs, row * ROW_BYTES, (row + 1) * ROW_BYTES, this.packCount * ROW_BYTES);
    this.packCount--;
  }
}
