/**
 * Readings, and events, in ten bytes each: a singly linked list, oldest first, in one buffer. A list
 * and not a ring, because thinning takes readings out of the middle, one at a time.
 */

/** Channels that a reading can name. */
export const MAX_CHANNELS = 64;
/** No slot: the end of a list. */
export const NO_SLOT = 0xffff;
/** Largest magnitude of a stored value: 32 bits with sign. */
export const MAX_SCALED = 0x7fffffff;

/*
 * A slot: next slot (2 bytes), value (4 bytes), channel (6 bits) and time (26 bits),
 * all with the high byte first. 26 bits of seconds are two years: a time is right as
 * long as no reading waits longer than that.
 */
const SLOT_BYTES = 10;
const TIME_MASK = 0x3ffffff;

/** A fixed number of slots in two lists: readings, and free ones. */
export class ReadingStore {
  /** Readings in the list. */
  count: number = 0;
  readonly capacity: number;
  /** Oldest and newest reading. */
  first: number = NO_SLOT;
  last: number = NO_SLOT;
  private free: number = 0;
  private newestS: number = 0;
  private readonly slots: Buffer;

  /** `capacity` is the number of readings, 1 to 5,000. */
  constructor(capacity: number) {
    this.capacity = capacity;
    this.slots = Buffer.alloc(capacity * SLOT_BYTES);
    for (let i = 0; i < capacity; i++) this.link(i, i + 1 < capacity ? i + 1 : NO_SLOT);
  }

  /**
   * Adds the newest reading; there must be room. `scaled` is a whole number of 32 bits,
   * `timeS` whole seconds of any clock that all readings share, 0 or more.
   */
  append(channel: number, scaled: number, timeS: number): void {
    const slot = this.free;
    const slots = this.slots;
    const at = slot * SLOT_BYTES;
    this.free = this.next(slot);
    this.link(slot, NO_SLOT);
    slots[at + 2] = (scaled >> 24) & 0xff;
    slots[at + 3] = (scaled >> 16) & 0xff;
    slots[at + 4] = (scaled >> 8) & 0xff;
    slots[at + 5] = scaled & 0xff;
    slots[at + 6] = (channel << 2) | ((timeS >> 24) & 3);
    slots[at + 7] = (timeS >> 16) & 0xff;
    slots[at + 8] = (timeS >> 8) & 0xff;
    slots[at + 9] = timeS & 0xff;
    if (this.last === NO_SLOT) this.first = slot;
    else this.link(this.last, slot);
    this.last = slot;
    if (timeS > this.newestS) this.newestS = timeS;
    this.count++;
  }

  /** The reading after that one, or `NO_SLOT`. */
  next(slot: number): number {
    const at = slot * SLOT_BYTES;
    return (this.slots[at] << 8) | this.slots[at + 1];
  }

  /** The reading after that one, or the oldest where `before` is `NO_SLOT`. */
  after(before: number): number {
    return before === NO_SLOT ? this.first : this.next(before);
  }

  channel(slot: number): number {
    return this.slots[slot * SLOT_BYTES + 6] >> 2;
  }

  scaled(slot: number): number {
    const at = slot * SLOT_BYTES;
    const slots = this.slots;
    return (slots[at + 2] << 24) | (slots[at + 3] << 16) | (slots[at + 4] << 8) | slots[at + 5];
  }

  /** Seconds, as they were given. */
  timeS(slot: number): number {
    const at = slot * SLOT_BYTES;
    const slots = this.slots;
    const stored =
      ((slots[at + 6] & 3) << 24) | (slots[at + 7] << 16) | (slots[at + 8] << 8) | slots[at + 9];
    return this.newestS - ((this.newestS - stored) & TIME_MASK);
  }

  /** Takes out the reading after `before`, or the oldest where `before` is `NO_SLOT`. */
  removeAfter(before: number): void {
    const gone = this.after(before);
    const after = this.next(gone);
    if (before === NO_SLOT) this.first = after;
    else this.link(before, after);
    if (this.last === gone) this.last = before;
    this.link(gone, this.free);
    this.free = gone;
    this.count--;
  }

  private link(slot: number, next: number): void {
    const at = slot * SLOT_BYTES;
    this.slots[at] = next >> 8;
    this.slots[at + 1] = next & 0xff;
  }
}
