/** From the outbox into the journal, a pack at a time. */

import { FlashJournal } from "./flashJournal";
import { BlockWriter } from "./journalBlock";
import { Outbox } from "./outbox";

/** Writes the packs of one boot into its journal. */
export class Journaling {
  private readonly outbox: Outbox;
  private readonly journal: FlashJournal;
  private readonly boot: number;
  private readonly writer: BlockWriter = new BlockWriter();

  constructor(outbox: Outbox, journal: FlashJournal, boot: number) {
    this.outbox = outbox;
    this.journal = journal;
    this.boot = boot;
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
