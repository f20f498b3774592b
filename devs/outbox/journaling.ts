/** From the outbox into the journal, a pack at a time. */

import { FlashJournal } from "./flashJournal";
import { encodeBlock } from "./journalBlock";
import { Outbox } from "./outbox";

/** How long the broker must be away before the journal is used: flash wears, and most outages end sooner. */
export const AWAY_BEFORE_SAVING_MS = 60000;
/** Readings that make a block worth writing, and the most in one. */
export const SAVED_RECORDS = 32;

/**
 * Writes the packs of one boot into its journal. What is on its way stays in the outbox,
 * too; the rest leaves it, so that flash and RAM together hold an outage.
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
  /** Since when the broker is away, in milliseconds; -1 while it is there. */
  private awaySinceMs: number = -1;

  constructor(outbox: Outbox, journal: FlashJournal, boot: number) {
    this.outbox = outbox;
    this.journal = journal;
    this.boot = boot;
  }

  /** Finds what earlier boots left; to be called once, before anything else. */
  async restore(): Promise<void> {
    await this.journal.restore();
    this.busy = false;
  }

  /**
   * To be called every second or so: where the broker has been away for a minute, writes
   * what is on its way and every full pack of readings that waits; frees what the city
   * has got in the meantime.
   *
   * @param utcOffsetS what makes UTC of the readings' clock, in seconds, or NaN while unknown.
   */
  async keep(nowMs: number, connected: boolean, utcOffsetS: number): Promise<void> {
    if (connected) this.awaySinceMs = -1;
    else if (this.awaySinceMs < 0) this.awaySinceMs = nowMs;
    if (this.awaySinceMs >= 0 && nowMs - this.awaySinceMs >= AWAY_BEFORE_SAVING_MS)
      await this.saveAll(SAVED_RECORDS, utcOffsetS);
    await this.journal.work();
  }

  /**
   * Writes packs until nothing is left or nothing fits: with `minRecords` 1 everything,
   * as before a planned restart.
   */
  async saveAll(minRecords: number, utcOffsetS: number): Promise<void> {
    while (await this.saveOne(minRecords, utcOffsetS));
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
    if (!journal.hasRoom()) return false;
    let row = log.firstUnsaved();
    if (row < 0) {
      if (log.unsealed < minRecords) return false;
      row = log.find(outbox.seal(SAVED_RECORDS, false));
      if (row < 0) return false;
    }
    const seq = log.seq(row);
    const toSend = log.isUnsent(row);
    const utc = !isNaN(utcOffsetS);
    const at = log.openPack(row);
    const block = encodeBlock(
      this.boot,
      seq,
      utc,
      log.cursor.timeS + (utc ? Math.round(utcOffsetS) : 0),
      log.records(row),
      log.bytes.slice(at, at + log.packBytes(row)),
    );
    this.busy = toSend;
    const place = await journal.save(block, toSend);
    this.busy = false;
    if (place < 0) return false;
    row = log.find(seq);
    // What the city acknowledged meanwhile needs no copy.
    if (toSend) outbox.acknowledge(seq);
    else if (row >= 0) log.setPlace(row, place);
    else journal.release(place);
    return true;
  }
}
