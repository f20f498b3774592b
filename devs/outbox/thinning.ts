/**
 * Which reading goes when a full store must take another one. The newest half stays
 * whole. Of the oldest half every second reading of each channel goes, once when it
 * gets there, and again and again the older it becomes: so what is left of an outage
 * covers all of it, thinner the longer ago.
 */

import { NO_SLOT, ReadingStore } from "./readingStore";

/**
 * Levels of thinning: a reading of level n stands for 2^n. Level 0 has half of the
 * store, the others share the rest alike. Ten levels cover 57 times what the store
 * holds (16 hours of a reading a second in 1,000 places); of what is older still the
 * last level keeps ever fewer.
 */
const LEVELS = 10;
const LAST = LEVELS - 1;

/** Thins the readings of a store that belong to no pack. */
export class Thinning {
  private readonly store: ReadingStore;
  /** For each level, its readings. From old to new: packs, last level, ..., level 0. */
  private readonly counts: number[] = [];
  /** For each level, the newest reading that is older than all of it. */
  private readonly before: number[] = [];
  /** For each level and channel, whether the last reading looked at was kept. */
  private readonly kept: Buffer;
  private readonly channels: number;
  /** The sweep through the last level: the reading before the next one, and how many to go. */
  private sweepBefore: number = NO_SLOT;
  private sweepLeft: number = 0;

  /** `channels`: how many channels the readings can name. */
  constructor(store: ReadingStore, channels: number) {
    this.store = store;
    this.channels = channels;
    this.kept = Buffer.alloc(LEVELS * channels);
    for (let level = 0; level < LEVELS; level++) {
      this.counts.push(0);
      this.before.push(NO_SLOT);
    }
  }

  /** A reading was appended to the store. */
  appended(): void {
    this.counts[0]++;
  }

  /**
   * The oldest `count` readings went into a pack, or were freed with one; `lastSealed`
   * is the last reading that now belongs to a pack.
   */
  sealed(count: number, lastSealed: number): void {
    let left = count;
    let older = true;
    for (let level = LAST; level >= 0; level--) {
      const gone = Math.min(left, this.counts[level]);
      this.counts[level] -= gone;
      left -= gone;
      if (older) this.before[level] = lastSealed;
      if (this.counts[level] > 0) older = false;
    }
    this.sweepLeft = 0;
  }

  /** Takes out one reading. False where no channel has a second one to spare. */
  removeOne(): boolean {
    for (let level = 0; level < LAST; level++) {
      while (this.counts[level] > this.quota(level)) if (this.thin(level)) return true;
    }
    // A second turn, because the first may end within the channels' first readings.
    return this.sweep() || this.sweep();
  }

  private quota(level: number): number {
    return this.store.capacity / (level === 0 ? 2 : 2 * LAST);
  }

  /** Takes out the oldest reading of a level, or moves it up one level. */
  private thin(level: number): boolean {
    const before = this.before[level];
    const slot = this.store.after(before);
    this.counts[level]--;
    if (this.skips(level, slot)) {
      this.remove(before, slot);
      return true;
    }
    this.counts[level + 1]++;
    this.before[level] = slot;
    return false;
  }

  /** Goes on through the last level, and begins again when it is through. */
  private sweep(): boolean {
    if (this.sweepLeft === 0) {
      this.sweepBefore = this.before[LAST];
      this.sweepLeft = this.counts[LAST];
      for (let i = 0; i < this.channels; i++) this.kept[LAST * this.channels + i] = 0;
    }
    while (this.sweepLeft > 0) {
      this.sweepLeft--;
      const slot = this.store.after(this.sweepBefore);
      if (this.skips(LAST, slot)) {
        this.counts[LAST]--;
        this.remove(this.sweepBefore, slot);
        return true;
      }
      this.sweepBefore = slot;
    }
    return false;
  }

  /** Whether that reading goes: every second one of its channel. */
  private skips(level: number, slot: number): boolean {
    const at = level * this.channels + this.store.channel(slot);
    const skip = this.kept[at] === 1;
    this.kept[at] = skip ? 0 : 1;
    return skip;
  }

  private remove(before: number, slot: number): void {
    for (let level = 0; level < LEVELS; level++)
      if (this.before[level] === slot) this.before[level] = before;
    this.store.removeAfter(before);
  }
}
