/**
 * Which readings go when a full log must take another one. The newest half stays whole.
 * Of the oldest half every second reading of each channel goes, once when it gets
 * there, and again and again the older it becomes: so what is left of an outage covers
 * all of it, thinner the longer ago.
 */

import type { ReadingLog } from "./readingLog";
import { MAX_CHANNELS, putRecord, putUint32, uint32 } from "./records";

/**
 * Levels of thinning: a reading of level n stands for 2^n. Level 0 has half of the
 * bytes, the others share the rest alike. Ten levels cover some 30 times what the log
 * holds; of what is older still the last level keeps ever fewer.
 */
const LEVELS = 10;
const LAST = LEVELS - 1;
/** Bytes that are thinned at a time: this part of all. */
const BATCH_PART = 24;
/** Batches in one call, so that it stays within the VM's step limit where no batch gives anything: one takes 25,000 steps. */
const BATCHES_PER_CALL = 3;

/** Thins the readings of a log that belong to no pack. From old to new: last level, ..., level 0. */
export class Thinning {
  private readonly log: ReadingLog;
  /** For each level the time of the reading before it (4 bytes), then for each its size in bytes (2). */
  private readonly levels: Buffer = Buffer.alloc(LEVELS * 6);
  /** The sweep through the last level: offset from its beginning, and the time of the reading before. */
  private sweptBytes: number = 0;
  private sweptBaseS: number = 0;
  /** For each channel a bit: whether the last reading of it in this batch was kept. */
  private readonly kept: Buffer = Buffer.alloc(MAX_CHANNELS / 8);

  constructor(log: ReadingLog) {
    this.log = log;
  }

  /** A reading was appended; `baseS` is the time of the one before it. */
  appended(bytes: number, baseS: number): void {
    if (this.size(0) === 0) putUint32(this.levels, 0, baseS);
    this.grow(0, bytes);
  }

  /** The oldest readings, so many bytes, are no longer here; `baseS` is the time of the last of them. */
  sealed(bytes: number, baseS: number): void {
    let left = bytes;
    for (let level = LAST; level >= 0 && left > 0; level--) {
      const gone = Math.min(left, this.size(level));
      this.grow(level, -gone);
      left -= gone;
    }
    // The first level that is not empty begins where these ended.
    for (let level = LAST; level >= 0; level--) {
      putUint32(this.levels, level * 4, baseS);
      if (this.size(level) > 0) break;
    }
    this.sweptBytes = 0;
  }

  /** Takes out readings and gives how many; 0 where no channel has a second one to spare. */
  thin(): number {
    const size = this.log.bytes.length;
    const batch = Math.floor(size / BATCH_PART);
    let quota = Math.floor(size / 2);
    let batches = 0;
    for (let level = 0; level < LAST; level++) {
      while (this.size(level) >= quota + batch && batches < BATCHES_PER_CALL) {
        const gone = this.thinBatch(level, batch);
        if (gone > 0) return gone;
        batches++;
      }
      quota = Math.floor((size / 2 - LEVELS * batch) / LAST);
    }
    while (this.size(LAST) > 0 && batches < BATCHES_PER_CALL) {
      if (this.sweptBytes >= this.size(LAST)) this.sweptBytes = 0;
      const gone = this.thinBatch(LAST, batch);
      if (gone > 0) return gone;
      batches++;
    }
    return 0;
  }

  /**
   * Takes every second reading of each channel out of a level's oldest bytes, `batch` of
   * them or a little more, and moves the rest of them up a level. In the last level the
   * batch begins where the sweep stands, and the rest stays.
   */
  private thinBatch(level: number, batch: number): number {
    const { log, levels, kept } = this;
    const { bytes, cursor } = log;
    const from = level === LAST ? this.sweptBytes : 0;
    let baseS = from > 0 ? this.sweptBaseS : uint32(levels, level * 4);
    let start = log.unsealedAt + from;
    for (let older = LAST; older > level; older--) start += this.size(older);
    const end = start + Math.min(batch, this.size(level) - from);
    for (let i = 0; i < kept.length; i++) kept[i] = 0;
    if (level < LAST && this.size(level + 1) === 0) putUint32(levels, (level + 1) * 4, baseS);
    let write = start;
    let gone = 0;
    cursor.open(bytes, start, baseS);
    while (cursor.at < end) {
      cursor.next();
      const bit = 1 << (cursor.channel & 7);
      const byte = cursor.channel >> 3;
      kept[byte] ^= bit;
      if ((kept[byte] & bit) === 0) {
        gone++;
      } else {
        // Times are differences: what goes leaves its seconds to the next one that stays.
        write = putRecord(bytes, write, cursor.channel, cursor.timeS - baseS, cursor.scaled);
        baseS = cursor.timeS;
      }
    }
    const rest = write - start;
    this.grow(level, start - cursor.at);
    if (level < LAST) {
      this.grow(level + 1, rest);
    } else {
      this.grow(LAST, rest);
      this.sweptBytes = from + rest;
      this.sweptBaseS = baseS;
    }
    // The level of the reading that follows: there always is one, since level 0 keeps its half.
    let after = level;
    while (after > 0 && (after === LAST ? this.sweptBytes : 0) >= this.size(after)) after--;
    if (level < LAST || after < LAST) putUint32(levels, after * 4, baseS);
    if (gone === 0) return 0;
    const before = cursor.at;
    cursor.next();
    const written = write;
    write = putRecord(bytes, write, cursor.channel, cursor.timeS - baseS, cursor.scaled);
    this.grow(after, write - written - (cursor.at - before));
    log.removed(write, cursor.at, gone);
    log.unsealed -= gone;
    return gone;
  }

  /** Bytes of a level. */
  private size(level: number): number {
    const at = LEVELS * 4 + level * 2;
    return (this.levels[at] << 8) | this.levels[at + 1];
  }

  private grow(level: number, bytes: number): void {
    const at = LEVELS * 4 + level * 2;
    const size = this.size(level) + bytes;
    this.levels[at] = size >> 8;
    this.levels[at + 1] = size & 0xff;
  }
}
