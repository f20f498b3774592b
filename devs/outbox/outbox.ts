/**
 * Readings and events on their way to the city, in compact binary. They leave in packs:
 * a pack, once sealed, keeps its content and its sequence number until the city has it,
 * however often it is sent.
 */

import { MAX_SCALED, NO_SLOT, ReadingStore } from "./readingStore";
import { Thinning } from "./thinning";

/** An event that waits or is on its way. The node's tables say what the numbers mean. */
export class OutboxEvent {
  /** What happened. */
  readonly kind: number;
  /** To which chip or channel. */
  readonly subject: number;
  /** Why. */
  readonly reason: number;
  /** The value that did it; NaN where there is none. */
  readonly value: number;
  /** Seconds, on the readings' clock. */
  readonly timeS: number;

  constructor(kind: number, subject: number, reason: number, value: number, timeS: number) {
    this.kind = kind;
    this.subject = subject;
    this.reason = reason;
    this.value = value;
    this.timeS = timeS;
  }
}

/** What leaves in one message: some readings, or one event. */
class Pack {
  readonly seq: number;
  readonly event: OutboxEvent | undefined;
  readonly firstSlot: number;
  readonly count: number;
  taken: boolean = false;
  acknowledged: boolean = false;
  /** Where it lies in the journal; -1 where it does not. */
  journalPlace: number = -1;

  constructor(seq: number, event: OutboxEvent | undefined, firstSlot: number, count: number) {
    this.seq = seq;
    this.event = event;
    this.firstSlot = firstSlot;
    this.count = count;
  }
}

/** Where readings and events wait. Nothing is taken out before it is acknowledged. */
export class Outbox {
  /** Readings taken out by thinning, since the start. */
  thinned: number = 0;
  /** Readings and events that found no room, since the start. */
  dropped: number = 0;
  /** Readings that were no number, or too large for their channel. */
  refused: number = 0;

  /** The record that `nextRecord` found. */
  channel: number = 0;
  value: number = 0;
  /** The value in whole steps of its channel: tenths for one decimal. */
  scaled: number = 0;
  timeS: number = 0;

  private readonly decimals: number[];
  private readonly maxEvents: number;
  private readonly store: ReadingStore;
  private readonly thinning: Thinning;
  private events: OutboxEvent[] = [];
  private packs: Pack[] = [];
  private lastSeq: number = 0;
  /** Readings at the head of the store that belong to packs, and the last of them. */
  private sealed: number = 0;
  private lastSealed: number = NO_SLOT;

  private cursor: number = NO_SLOT;
  private recordsLeft: number = 0;

  /**
   * @param decimals for each channel, the decimals that are kept of its values; 64 channels at most.
   * @param maxReadings room for readings, 10 bytes each.
   * @param maxEvents room for events, those on their way included.
   */
  constructor(decimals: number[], maxReadings: number, maxEvents: number) {
    this.decimals = decimals;
    this.maxEvents = maxEvents;
    this.store = new ReadingStore(maxReadings);
    this.thinning = new Thinning(this.store);
  }

  /** Readings that the city does not have yet. */
  readings(): number {
    return this.store.count;
  }

  /** Events that the city does not have yet. */
  waitingEvents(): number {
    let count = this.events.length;
    for (const pack of this.packs) if (pack.event) count++;
    return count;
  }

  /** Readings that belong to no pack yet. */
  unsealed(): number {
    return this.store.count - this.sealed;
  }

  /**
   * Adds a reading, the newest. `timeS` is in seconds of the node's own clock, 0 or more,
   * and kept to the second. False, and counted, where it is not taken.
   */
  addReading(channel: number, value: number, timeS: number): boolean {
    const scaled = Math.round(value * powerOfTen(this.decimals[channel]));
    // Also false for NaN.
    if (!(scaled <= MAX_SCALED && scaled >= -MAX_SCALED)) {
      this.refused++;
      return false;
    }
    if (this.store.count === this.store.capacity && !this.makeRoom()) return false;
    this.store.append(channel, scaled, Math.round(timeS));
    this.thinning.appended();
    return true;
  }

  /** Adds an event. Where there is no room the oldest that was not sent goes, and is counted. */
  addEvent(event: OutboxEvent): void {
    if (this.waitingEvents() >= this.maxEvents) {
      this.dropped++;
      if (!this.events.shift()) return;
    }
    this.events.push(event);
  }

  /**
   * The sequence number of what is to be sent next, 1 or more, or -1: an event before
   * readings, older readings before newer ones, at most `maxRecords` in a pack.
   */
  take(maxRecords: number): number {
    const event = this.events.shift();
    if (event) return this.seal(event, 0).seq;
    for (const pack of this.packs) if (!pack.taken) return this.taken(pack);
    if (this.unsealed() === 0) return -1;
    return this.taken(this.seal(undefined, maxRecords));
  }

  /**
   * The sequence number of the oldest pack of readings that is not in the journal; one
   * is made where there is none but `minRecords` readings wait. -1 where nothing is to save.
   */
  nextUnsaved(minRecords: number, maxRecords: number): number {
    for (const pack of this.packs)
      if (pack.journalPlace < 0 && !pack.acknowledged && pack.count > 0) return pack.seq;
    const waiting = this.unsealed();
    if (waiting === 0 || waiting < minRecords) return -1;
    return this.seal(undefined, maxRecords).seq;
  }

  /** The pack lies in that place of the journal. False where the city has it already. */
  markSaved(seq: number, journalPlace: number): boolean {
    const pack = this.find(seq);
    if (!pack || pack.acknowledged) return false;
    pack.journalPlace = journalPlace;
    return true;
  }

  /** The event that was taken under that number, or undefined: then it is a pack of readings. */
  event(seq: number): OutboxEvent | undefined {
    const pack = this.find(seq);
    return pack ? pack.event : undefined;
  }

  /** Begins to read the records of a pack; gives their number, 0 for a pack that is not there. */
  openPack(seq: number): number {
    const pack = this.find(seq);
    this.recordsLeft = pack ? pack.count : 0;
    this.cursor = pack ? pack.firstSlot : NO_SLOT;
    return this.recordsLeft;
  }

  /** Reads the next record of the open pack into `channel`, `value` and `timeS`. */
  nextRecord(): boolean {
    if (this.recordsLeft === 0) return false;
    const slot = this.cursor;
    const store = this.store;
    this.channel = store.channel(slot);
    this.scaled = store.scaled(slot);
    this.value = this.scaled / powerOfTen(this.decimals[this.channel]);
    this.timeS = store.timeS(slot);
    this.cursor = store.next(slot);
    this.recordsLeft--;
    return true;
  }

  /**
   * The city has that pack or event. Gives the place in the journal that is to be freed,
   * or -1. An unknown number changes nothing.
   */
  acknowledge(seq: number): number {
    const acknowledged = this.find(seq);
    if (!acknowledged) return -1;
    const journalPlace = acknowledged.journalPlace;
    acknowledged.journalPlace = -1;
    acknowledged.acknowledged = true;
    const waiting: Pack[] = [];
    let oldest = true;
    for (const pack of this.packs) {
      // Readings are freed from the head only: a pack waits for those before it.
      if (pack.count > 0 && !pack.acknowledged) oldest = false;
      if (!pack.acknowledged || (pack.count > 0 && !oldest)) waiting.push(pack);
      else this.release(pack.count);
    }
    this.packs = waiting;
    return journalPlace;
  }

  private find(seq: number): Pack | undefined {
    for (const pack of this.packs) if (pack.seq === seq) return pack;
    return undefined;
  }

  private taken(pack: Pack): number {
    pack.taken = true;
    return pack.seq;
  }

  private seal(event: OutboxEvent | undefined, maxRecords: number): Pack {
    let first = NO_SLOT;
    let count = 0;
    if (!event) {
      count = Math.min(maxRecords, this.unsealed());
      first = this.store.after(this.lastSealed);
      for (let i = 0; i < count; i++) this.lastSealed = this.store.after(this.lastSealed);
      this.sealed += count;
      this.thinning.sealed(count, this.lastSealed);
    }
    this.lastSeq++;
    const pack = new Pack(this.lastSeq, event, first, count);
    if (event) pack.taken = true;
    this.packs.push(pack);
    return pack;
  }

  private release(count: number): void {
    for (let i = 0; i < count; i++) this.store.removeAfter(NO_SLOT);
    this.sealed -= count;
    if (this.sealed > 0 || count === 0) return;
    this.lastSealed = NO_SLOT;
    this.thinning.sealed(0, NO_SLOT);
  }

  /**
   * Makes room for one reading by thinning. Where no channel has a second reading to
   * spare the oldest goes. False where everything belongs to a pack.
   */
  private makeRoom(): boolean {
    const unsealed = this.unsealed();
    if (unsealed > 0 && this.thinning.removeOne()) {
      this.thinned++;
      return true;
    }
    this.dropped++;
    if (unsealed === 0) return false;
    this.store.removeAfter(this.lastSealed);
    this.thinning.sealed(1, this.lastSealed);
    return true;
  }
}

function powerOfTen(exponent: number): number {
  let power = 1;
  for (let i = 0; i < exponent; i++) power *= 10;
  return power;
}
