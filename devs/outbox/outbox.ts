/**
 * Readings and events on their way to the city, in compact binary. They leave in packs:
 * a pack, once sealed, keeps its content and its sequence number until the city has it,
 * however often it is sent.
 */

import { EventQueue, type OutboxEvent } from "./eventQueue";
import { ReadingLog } from "./readingLog";
import { MAX_SCALED } from "./records";

export { OutboxEvent } from "./eventQueue";

/** Where readings and events wait. Nothing is taken out before it is acknowledged. */
export class Outbox {
  /** Readings taken out by thinning, since the start. */
  thinned: number = 0;
  /** Readings and events that found no room, since the start. */
  dropped: number = 0;
  /** Readings that were no number, or too large for their channel. */
  refused: number = 0;

  readonly log: ReadingLog;
  private readonly events: EventQueue;
  private readonly decimals: (channel: number) => number;
  private lastSeq: number = 0;

  /**
   * @param decimals gives the decimals that are kept of a channel's values; channels count from 0 to 255.
   * @param logBytes room for readings: an ordinary one takes four bytes or five, the largest eleven.
   * @param maxEvents room for events, those on their way included; 16 bytes each.
   */
  constructor(decimals: (channel: number) => number, logBytes: number, maxEvents: number) {
    this.decimals = decimals;
    this.events = new EventQueue(maxEvents);
    this.log = new ReadingLog(logBytes);
  }

  /** Readings that the city does not have yet. */
  readings(): number {
    return this.log.count;
  }

  /** Events that the city does not have yet. */
  waitingEvents(): number {
    return this.events.count;
  }

  /** Whether an event waits to be taken. */
  eventDue(): boolean {
    return this.events.taken < this.events.count;
  }

  /** Readings that belong to no pack yet. */
  unsealed(): number {
    return this.log.unsealed;
  }

  /**
   * Adds a reading, the newest. `timeS` is in seconds of the node's own clock, 0 or more,
   * and kept to the second. False, and counted, where it is not taken.
   */
  addReading(channel: number, value: number, timeS: number): boolean {
    const scaled = Math.round(value * powerOfTen(this.decimals(channel)));
    // Also false for NaN.
    if (!(scaled <= MAX_SCALED && scaled >= -MAX_SCALED)) {
      this.refused++;
      return false;
    }
    const log = this.log;
    while (!log.append(channel, scaled, Math.round(timeS))) {
      const gone = log.thin();
      this.thinned += gone;
      if (gone > 0) continue;
      this.dropped++;
      if (log.unsealed === 0) return false;
      log.dropOldest();
    }
    return true;
  }

  /**
   * Adds an event. Where there is no room the oldest that was not sent goes. Gives the place in
   * the journal where a copy of it lies; where it has none, it is counted, and less than 0 given.
   */
  addEvent(event: OutboxEvent): number {
    const copy = this.events.add(event);
    if (copy === -1) this.dropped++;
    return copy;
  }

  /**
   * The sequence number of what is to be sent next, 1 or more, or -1: an event before
   * readings, older readings before newer ones, at most `maxRecords` in a pack.
   */
  take(maxRecords: number): number {
    if (!this.eventDue()) {
      const row = this.log.firstUnsent();
      if (row < 0) return this.seal(maxRecords, true);
      this.log.setPlace(row, -1);
      return this.log.seq(row);
    }
    return this.count(this.events.take(this.lastSeq + 1));
  }

  /** The sequence number of the oldest event that lies in no place of the journal, or -1. */
  unsavedEvent(): number {
    return this.count(this.events.unsaved(this.lastSeq + 1));
  }

  /** An event has a copy in that place of the journal. False where the city has it meanwhile. */
  eventSaved(seq: number, place: number): boolean {
    const slot = this.events.find(seq);
    if (slot >= 0) this.events.setPlace(slot, place);
    return slot >= 0;
  }

  /**
   * Makes a pack of the oldest readings that have none; gives its sequence number, or -1.
   * One that is not sent at once is the next that `take` gives.
   */
  seal(maxRecords: number, sent: boolean): number {
    if (!this.log.seal(this.lastSeq + 1, maxRecords, sent)) return -1;
    this.lastSeq++;
    return this.lastSeq;
  }

  /** The event with that number, or undefined: then it is a pack of readings. */
  event(seq: number): OutboxEvent | undefined {
    return this.events.event(seq);
  }

  /**
   * Sets the log's cursor before the first record of a pack, and gives the number of
   * records; 0 for a number that is none of a pack.
   */
  openPack(seq: number): number {
    const row = this.log.find(seq);
    if (row < 0) return 0;
    this.log.openPack(row);
    return this.log.records(row);
  }

  /**
   * The city has that pack or event. Gives the place in the journal that is to be freed,
   * or -1. An unknown number changes nothing.
   */
  acknowledge(seq: number): number {
    const slot = this.events.find(seq);
    if (slot >= 0) return this.events.acknowledge(slot);
    const row = this.log.find(seq);
    if (row < 0) return -1;
    const place = this.log.place(row);
    this.log.removePack(row);
    return place;
  }

  /** Notes a number that was given. */
  private count(seq: number): number {
    if (seq > this.lastSeq) this.lastSeq = seq;
    return seq;
  }
}

function powerOfTen(exponent: number): number {
  let power = 1;
  for (let i = 0; i < exponent; i++) power *= 10;
  return power;
}
