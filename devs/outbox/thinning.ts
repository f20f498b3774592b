/**
 * Which readings go when a full log must take another one. The newest half stays whole.
 * Of the oldest half every second reading of each channel goes, once when it gets
 * there, and again and again the older it becomes: so what is left of an outage covers
 * all of it, thinner the longer ago.
 */

import type { ReadingLog } from "./readingLog";
import { MAX_CHANNELS, putRecord } from "./records";

/**
 * Levels of thinning: a reading of level n stands for 2^n. Level 0 has half of the
 * bytes, the others share the rest alike. Ten levels cover some 30 times what the log
 * holds; of what is older still the last level keeps ever fewer.
 */
const LEVELS = 10;
const LAST = LEVELS - 1;
/** Bytes that are thinned at a time: this part of all. */
const BATCH_PART = 24;
/** Batches in one call, so that it stays far from the VM's step limit where no batch gives anything. */
const BATCHES_PER_CALL = 6;

/** Thins the readings of a log that belong to no pack. From old to new: last level, ..., level 0. */
export class Thinning {
  private readonly log: ReadingLog;
  /** For each level, its bytes, and the time of the reading before it. */
  private readonly sizes: number[] = [];
  private readonly basesS: number[] = [];
  /** The sweep through the last level: offset from its beginning, and the time of the reading before. */
  private sweptBytes: number = 0;
  private sweptBaseS: number = 0;
  /** For each channel a bit: whether the last reading of it in this batch was kept. */
  private readonly kept: Buffer = Buffer.alloc(MAX_CHANNELS / 8);

  constructor(log: ReadingLog) {
    this.log = log;
    for (let level = 0; level < LEVELS; level++) {
      this.sizes.push(0);
      this.basesS.push(0);
    }
  }

  /** A reading was appended; `baseS` is the time of the one before it. */
  appended(bytes: number, baseS: number): void {
    if (this.sizes[0] === 0) this.basesS[0] = baseS;
    this.sizes[0] += bytes;
  }

  /** The oldest readings, so many bytes, are no longer here; `baseS` is the time of the last of them. */
  sealed(bytes: number, baseS: number): void {
    let left = bytes;
    for (let level = LAST; level >= 0 && left > 0; level--) {
      const gone = Math.min(left, this.sizes[level]);
      this.sizes[level] -= gone;
      left -= gone;
      this.basesS[level] = baseS;
    }
    // The next one that is not empty begins where these ended.
    for (let level = LAST; level >= 0; level--) {
      this.basesS[level] = baseS;
      if (this.sizes[level] > 0) break;
    }
    this.sweptBytes = 0;
  }

  /** Takes out readings and gives how many; 0 where no channel has a second one to spare. */
  thin(): number {
    const sizes = this.sizes;
    const size = this.log.bytes.length;
    const batch = Math.floor(size / BATCH_PART);
    let quota = Math.floor(size / 2);
    let batches = 0;
    for (let level = 0; level < LAST; level++) {
      while (sizes[level] >= quota + batch && batches < BATCHES_PER_CALL) {
        const gone = this.thinBatch(level, batch);
        if (gone > 0) return gone;
        batches++;
      }
      quota = Math.floor((size / 2 - LEVELS * batch) / LAST);
    }
    while (sizes[LAST] > 0 && batches < BATCHES_PER_CALL) {
      if (this.sweptBytes >= sizes[LAST]) this.sweptBytes = 0;
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
    const { log, sizes, basesS, kept } = this;
    const { bytes, cursor } = log;
    const from = level === LAST ? this.sweptBytes : 0;
    let baseS = from > 0 ? this.sweptBaseS : basesS[level];
    let start = log.unsealedAt + from;
    for (let older = LAST; older > level; older--) start += sizes[older];
    const end = start + Math.min(batch, sizes[level] - from);
    for (let i = 0; i < kept.length; i++) kept[i] = 0;
    if (level < LAST && sizes[level + 1] === 0) basesS[level + 1] = baseS;
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
    sizes[level] -= cursor.at - start;
    if (level < LAST) {
      sizes[level + 1] += rest;
    } else {
      sizes[LAST] += rest;
      this.sweptBytes = from + rest;
      this.sweptBaseS = baseS;
    }
    // The level of the reading that follows: there always is one, since level 0 keeps its half.
    let after = level;
    while (after > 0 && (after === LAST ? this.sweptBytes : 0) >= sizes[after]) after--;
    if (level < LAST || after < LAST) basesS[after] = baseS;
    if (gone === 0) return 0;
    const before = cursor.at;
    cursor.next();
    const written = write;
    write = putRecord(bytes, write, cursor.channel, cursor.timeS - baseS, cursor.scaled);
    sizes[after] += write - written - (cursor.at - before);
    log.removed(write, cursor.at, gone);
    log.unsealed -= gone;
    return gone;
  }
}
