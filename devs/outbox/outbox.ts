/**
 * Readings and events on their way to the city, in compact binary. They leave in packs:
 * a pack, once sealed, keeps its content and its sequence number until the city has it,
 * however often it is sent.
 */

import { PackList, PackState } from "./packList";
import { MAX_SCALED, NO_SLOT, ReadingStore } from "./readingStore";
import { Thinning } from "./thinning";

/** Something that happened. The node's tables say what the numbers mean. */
export class OutboxEvent {
  /** What happened; 0 to 63. */
  readonly kind: number;
  /** To which chip or channel; 0 to 255. */
  readonly subject: number;
  /** Why; 0 to 255. */
  readonly reason: number;
  /** The value that did it, to a thousandth, two millions at most; NaN where there is none. */
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

/** Values of events are kept to a thousandth; this marks an event without one. */
const EVENT_VALUE_STEPS = 1000;
const NO_VALUE = -MAX_SCALED - 1;

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
  private readonly store: ReadingStore;
  private readonly thinning: Thinning;
  private readonly events: ReadingStore;
  /** Subject and reason of each event's slot. */
  private readonly eventDetails: Buffer;
  private readonly packs: PackList = new PackList();
  private lastSeq: number = 0;
  /** Readings at the head of the store that belong to packs, and the last of them. */
  private sealed: number = 0;
  private lastSealed: number = NO_SLOT;
  /** The same for events. */
  private sealedEvents: number = 0;
  private lastSealedEvent: number = NO_SLOT;

  private cursor: number = NO_SLOT;
  private recordsLeft: number = 0;

  /**
   * @param decimals for each channel, the decimals that are kept of its values; 64 channels at most.
   * @param maxReadings room for readings, 10 bytes each.
   * @param maxEvents room for events, those on their way included; 12 bytes each.
   */
  constructor(decimals: number[], maxReadings: number, maxEvents: number) {
    this.decimals = decimals;
    this.events = new ReadingStore(maxEvents);
    this.eventDetails = Buffer.alloc(maxEvents * 2);
    this.store = new ReadingStore(maxReadings);
    this.thinning = new Thinning(this.store, decimals.length);
  }

  /** Readings that the city does not have yet. */
  readings(): number {
    return this.store.count;
  }

  /** Events that the city does not have yet. */
  waitingEvents(): number {
    return this.events.count;
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
    const events = this.events;
    if (events.count === events.capacity) {
      this.dropped++;
      if (this.sealedEvents === events.count) return;
      events.removeAfter(this.lastSealedEvent);
    }
    const steps = Math.round(event.value * EVENT_VALUE_STEPS);
    // Also false for NaN.
    const known = steps <= MAX_SCALED && steps >= -MAX_SCALED;
    events.append(event.kind, known ? steps : NO_VALUE, Math.round(event.timeS));
    this.eventDetails[events.last * 2] = event.subject;
    this.eventDetails[events.last * 2 + 1] = event.reason;
  }

  /**
   * The sequence number of what is to be sent next, 1 or more, or -1: an event before
   * readings, older readings before newer ones, at most `maxRecords` in a pack.
   */
  take(maxRecords: number): number {
    if (this.sealedEvents < this.events.count) return this.sealEvent();
    const sealed = this.packs.states.indexOf(PackState.Sealed);
    if (sealed >= 0) {
      this.packs.states[sealed] = PackState.Taken;
      return this.packs.seqs[sealed];
    }
    return this.unsealed() === 0 ? -1 : this.seal(maxRecords, PackState.Taken);
  }

  /**
   * The sequence number of the oldest pack of readings that is not in the journal; one
   * is made where there is none but `minRecords` readings wait. -1 where nothing is to save.
   */
  nextUnsaved(minRecords: number, maxRecords: number): number {
    const packs = this.packs;
    for (let i = 0; i < packs.seqs.length; i++) {
      const unsaved = packs.places[i] < 0 && packs.states[i] !== PackState.Acknowledged;
      if (unsaved && packs.counts[i] > 0) return packs.seqs[i];
    }
    const waiting = this.unsealed();
    if (waiting === 0 || waiting < minRecords) return -1;
    return this.seal(maxRecords, PackState.Sealed);
  }

  /** The pack lies in that place of the journal. False where the city has it already. */
  markSaved(seq: number, journalPlace: number): boolean {
    const at = this.packs.find(seq);
    if (at < 0 || this.packs.states[at] === PackState.Acknowledged) return false;
    this.packs.places[at] = journalPlace;
    return true;
  }

  /** The event that was taken under that number, or undefined: then it is a pack of readings. */
  event(seq: number): OutboxEvent | undefined {
    const at = this.packs.find(seq);
    if (at < 0 || this.packs.counts[at] > 0) return undefined;
    const slot = this.packs.slots[at];
    const steps = this.events.scaled(slot);
    return new OutboxEvent(
      this.events.channel(slot),
      this.eventDetails[slot * 2],
      this.eventDetails[slot * 2 + 1],
      steps === NO_VALUE ? NaN : steps / EVENT_VALUE_STEPS,
      this.events.timeS(slot),
    );
  }

  /** Begins to read the records of a pack; gives their number, 0 for a pack that is not there. */
  openPack(seq: number): number {
    const at = this.packs.find(seq);
    this.recordsLeft = at < 0 ? 0 : this.packs.counts[at];
    this.cursor = at < 0 ? NO_SLOT : this.packs.slots[at];
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
    const packs = this.packs;
    const acknowledged = packs.find(seq);
    if (acknowledged < 0) return -1;
    const journalPlace = packs.places[acknowledged];
    packs.places[acknowledged] = -1;
    packs.states[acknowledged] = PackState.Acknowledged;
    let oldestReadings = true;
    let oldestEvent = true;
    let i = 0;
    while (i < packs.seqs.length) {
      // Both are freed from the head only: a pack waits for those before it.
      const isEvent = packs.counts[i] === 0;
      const oldest = isEvent ? oldestEvent : oldestReadings;
      if (oldest && packs.states[i] === PackState.Acknowledged) {
        if (isEvent) this.releaseEvent();
        else this.release(packs.counts[i]);
        packs.removeAt(i);
      } else {
        if (isEvent) oldestEvent = false;
        else oldestReadings = false;
        i++;
      }
    }
    return journalPlace;
  }

  private seal(maxRecords: number, state: PackState): number {
    const count = Math.min(maxRecords, this.unsealed());
    const first = this.store.after(this.lastSealed);
    for (let i = 0; i < count; i++) this.lastSealed = this.store.after(this.lastSealed);
    this.sealed += count;
    this.thinning.sealed(count, this.lastSealed);
    this.lastSeq++;
    this.packs.add(this.lastSeq, first, count, state);
    return this.lastSeq;
  }

  private sealEvent(): number {
    this.lastSealedEvent = this.events.after(this.lastSealedEvent);
    this.sealedEvents++;
    this.lastSeq++;
    this.packs.add(this.lastSeq, this.lastSealedEvent, 0, PackState.Taken);
    return this.lastSeq;
  }

  private releaseEvent(): void {
    this.events.removeAfter(NO_SLOT);
    this.sealedEvents--;
    if (this.sealedEvents === 0) this.lastSealedEvent = NO_SLOT;
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
