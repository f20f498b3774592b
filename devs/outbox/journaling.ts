/** From the outbox into the journal, a pack at a time. */

import { FlashJournal } from "./flashJournal";
import { BlockWriter } from "./journalBlock";
import { Outbox } from "./outbox";

/** How long the broker must be away before the journal is used: flash wears, and most outages end sooner. */
export const AWAY_BEFORE_SAVING_MS = 60000;
/** Readings in a pack that is made for the journal. */
export const SAVED_RECORDS = 24;

/** Writes the packs of one boot into its journal. */
export class Journaling {
  private readonly outbox: Outbox;
  private readonly journal: FlashJournal;
  private readonly boot: number;
  private readonly writer: BlockWriter = new BlockWriter();
  /** Since when the broker is away, in milliseconds; -1 while it is there. */
  private awaySinceMs: number = -1;

  constructor(outbox: Outbox, journal: FlashJournal, boot: number) {
    this.outbox = outbox;
    this.journal = journal;
    this.boot = boot;
  }

  /**
   * To be called every few seconds: where the broker has been away for a minute, writes
   * what is on its way and every full pack of readings that waits; frees what the city
   * has got in the meantime.
   *
   * @param utcOffsetS as in `saveOne`.
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
    while (await this.saveOne(minRecords, SAVED_RECORDS, utcOffsetS));
  }

  /**
   * Writes the oldest pack that is not in the journal; where there is none, but
   * `minRecords` readings wait, makes one of at most `maxRecords`. False where nothing
   * was written: nothing to save, or no room.
   *
   * @param utcOffsetS what makes UTC of the readings' clock, in seconds, or NaN while unknown.
   */
  async saveOne(minRecords: number, maxRecords: number, utcOffsetS: number): Promise<boolean> {
    const outbox = this.outbox;
    const seq = outbox.nextUnsaved(minRecords, maxRecords);
    if (seq < 0) return false;
    const utc = !isNaN(utcOffsetS);
    const offsetS = utc ? Math.round(utcOffsetS) : 0;
    let count = outbox.openPack(seq);
    outbox.nextRecord();
    this.writer.begin(this.boot, seq, utc, outbox.timeS + offsetS);
    while (count > 0) {
      if (!this.writer.add(outbox.channel, outbox.scaled, outbox.timeS + offsetS)) {
        this.journal.tooLarge++;
        return false;
      }
      outbox.nextRecord();
      count--;
    }
    const place = await this.journal.save(this.writer.finish());
    if (place < 0) return false;
    if (!outbox.markSaved(seq, place)) this.journal.release(place);
    return true;
  }
}
