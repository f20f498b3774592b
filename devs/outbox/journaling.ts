/** From the outbox into the journal, a pack or an event at a time. */

import { FlashJournal, JOURNAL_PLACES } from "./flashJournal";
import { encodeBlock } from "./journalBlock";
import { Outbox, OutboxEvent } from "./outbox";

/** How long the broker must be away before the journal is used: flash wears, and most outages end sooner. */
export const AWAY_BEFORE_SAVING_MS = 60000;
/** Readings that make a block worth writing, and the most in one. */
export const SAVED_RECORDS = 24;

/**
 * Readings that have waited so long go with fewer, while half of the journal is free: so a
 * power cut costs the readings of ten minutes at most.
 */
const OLDEST_UNSAVED_S = 600;

/** Writes an event of the outbox as JSON members: `"event":"sensor-ok","chip":"sen55"`. */
export type EventWriter = (event: OutboxEvent) => string;

/**
 * Writes the packs and events of one boot into its journal. Packs on their way and events
 * stay in the outbox, too; other readings leave it, so that flash and RAM together hold an
 * outage.
 */
export class Journaling {
  /**
   * Nothing of the outbox's readings may go out: what the journal has is older, and is not
   * known yet, or a pack is on its way into it.
   */
  busy: boolean = true;
  private readonly outbox: Outbox;
  private readonly journal: FlashJournal;
  private readonly boot: number;
  private readonly writeEvent: EventWriter;
  /** Since when the broker is away, in milliseconds; -1 while it is there. */
  private awaySinceMs: number = -1;

  constructor(outbox: Outbox, journal: FlashJournal, boot: number, writeEvent: EventWriter) {
    this.outbox = outbox;
    this.journal = journal;
    this.boot = boot;
    this.writeEvent = writeEvent;
  }

  /** Finds what earlier boots left; to be called once, before anything else. */
  async restore(): Promise<void> {
    await this.journal.restore();
    this.busy = false;
  }

  /**
   * To be called every second or so: where the broker has been away for a minute, writes
   * events, what is on its way, and every full pack of readings that waits; frees what the
   * city has got in the meantime.
   *
   * @param utcOffsetS what makes UTC of the readings' clock, in seconds, or NaN while unknown.
   */
  async keep(nowMs: number, connected: boolean, utcOffsetS: number): Promise<void> {
    if (connected) this.awaySinceMs = -1;
    else if (this.awaySinceMs < 0) this.awaySinceMs = nowMs;
    if (this.awaySinceMs >= 0 && nowMs - this.awaySinceMs >= AWAY_BEFORE_SAVING_MS)
      await this.saveAll(this.tooOld(nowMs / 1000) ? 1 : SAVED_RECORDS, utcOffsetS);
    await this.journal.work();
  }

  /**
   * Writes events and packs until nothing is left or nothing fits: with `minRecords` 1
   * everything, as before a planned restart.
   */
  async saveAll(minRecords: number, utcOffsetS: number): Promise<void> {
    while (await this.saveEvent(utcOffsetS));
    while (await this.saveOne(minRecords, utcOffsetS));
  }

  /** Copies the oldest event that is not in the journal. False where nothing was written. */
  private async saveEvent(utcOffsetS: number): Promise<boolean> {
    const { outbox, journal } = this;
    if (journal.room(true) === 0) return false;
    const seq = outbox.unsavedEvent();
    const event = outbox.event(seq);
    if (!event) return false;
    const text = Buffer.from(this.writeEvent(event));
    const place = await journal.save(
      this.block(seq, utcOffsetS, event.timeS, 0, text),
      false,
      true,
    );
    if (place >= 0 && !outbox.eventSaved(seq, place)) journal.release(place);
    return place >= 0;
  }

  /**
   * Writes the oldest pack that is not in the journal; where there is none, but
   * `minRecords` readings wait, makes one. False where nothing was written: nothing to
   * save, no room, or an error of the flash.
   *
   * @param utcOffsetS as in `keep`.
   */
  async saveOne(minRecords: number, utcOffsetS: number): Promise<boolean> {
    const { outbox, journal } = this;
    const log = outbox.log;
    if (journal.room(false) === 0) return false;
    let row = log.firstUnsaved();
    if (row < 0) {
      if (log.unsealed < minRecords) return false;
      row = log.find(outbox.seal(SAVED_RECORDS, false));
      if (row < 0) return false;
    }
    const seq = log.seq(row);
    const toSend = log.isUnsent(row);
    const at = log.openPack(row);
    const records = log.bytes.slice(at, at + log.packBytes(row));
    const block = this.block(seq, utcOffsetS, log.cursor.timeS, log.records(row), records);
    this.busy = toSend;
    const place = await journal.save(block, toSend, false);
    this.busy = false;
    if (place < 0) return false;
    row = log.find(seq);
    // What the city acknowledged meanwhile needs no copy.
    if (toSend) outbox.acknowledge(seq);
    else if (row >= 0) log.setPlace(row, place);
    else journal.release(place);
    return true;
  }

  /** Whether the oldest reading in no pack has waited for ten minutes, and half of the journal is free. */
  private tooOld(nowS: number): boolean {
    const log = this.outbox.log;
    return (
      log.unsealed > 0 &&
      nowS - log.oldestUnsealedS() >= OLDEST_UNSAVED_S &&
      this.journal.room(false) > JOURNAL_PLACES / 2
    );
  }

  private block(
    seq: number,
    utcOffsetS: number,
    timeS: number,
    count: number,
    bytes: Buffer,
  ): Buffer {
    const utc = !isNaN(utcOffsetS);
    const baseS = timeS + (utc ? Math.round(utcOffsetS) : 0);
    return encodeBlock(this.boot, seq, utc, baseS, count, bytes);
  }
}
