import { CityClock } from "../clock/cityClock";
import { metricDecimals } from "../contract/metrics";
import { UP_DATA, UP_EVENT } from "../contract/topics";
import type { MessageSource } from "../mqtt/inFlight";
import type { Message } from "../mqtt/packets";
import { FlashJournal } from "../outbox/flashJournal";
import { Journaling } from "../outbox/journaling";
import { blockBoot, blockIsUtc, blockSeq, openBlock } from "../outbox/journalBlock";
import { Outbox, OutboxEvent } from "../outbox/outbox";
import { RecordCursor } from "../outbox/records";
import { PackTimes, packText } from "./senml";

/** Room for readings: 1,000 of five bytes, and some 1,200 of an ordinary day. */
const LOG_BYTES = 5120;
/** Events that the node holds. */
const EVENTS_CAPACITY = 32;
/** Most records in one pack: about 900 bytes of text, which the heap holds twice while it is sent. */
export const RECORDS_PER_PACK = 32;
/**
 * Readings that do not wait for more: twice as many would save 3 bytes of 38 a reading, and a
 * power cut would cost twice as many.
 */
export const ENOUGH_RECORDS = 16;
/** Packs that may go out from one `release` to the next, a second later. */
const PACKS_PER_RELEASE = 2;
/** Handles of packs that lie in the journal count from here, those of the outbox up to here. */
const JOURNAL_HANDLES = 0x40000000;

/** Writes an event of the outbox as JSON members: `"event":"sensor-ok","chip":"sen55"`. */
export type EventWriter = (event: OutboxEvent) => string;

/**
 * The outbox, and the journal in flash, as a source of messages: events first, then the
 * journal's packs, then those of the outbox, at a bounded rate, so that after a long
 * outage the oldest comes first and the newest soon. Readings and events become text only
 * when they are sent, with the clock as it is then.
 */
export class PackSource implements MessageSource {
  readonly outbox: Outbox;
  readonly journal: FlashJournal;
  readonly journaling: Journaling;
  private readonly topicBase: string;
  private readonly baseName: string;
  private readonly boot: number;
  private readonly clock: CityClock;
  private readonly now: () => number;
  private readonly writeEvent: EventWriter;
  /** Readings that may go out now. */
  private released = 0;
  /** When those that wait are due, in seconds; NaN while none waits. */
  private dueS = NaN;
  private packsLeft = 0;

  /**
   * @param topicBase the node's topics without their last levels, with a final '/'.
   * @param baseName SenML base name.
   * @param now the node's own time in seconds, which the readings' times are on.
   */
  constructor(
    topicBase: string,
    baseName: string,
    boot: number,
    clock: CityClock,
    now: () => number,
    writeEvent: EventWriter,
    journal: FlashJournal,
  ) {
    this.topicBase = topicBase;
    this.baseName = baseName;
    this.boot = boot;
    this.clock = clock;
    this.now = now;
    this.writeEvent = writeEvent;
    this.journal = journal;
    this.outbox = new Outbox(metricDecimals, LOG_BYTES, EVENTS_CAPACITY);
    this.journaling = new Journaling(this.outbox, journal, boot);
  }

  /**
   * To be called every second: lets the readings that wait go out when one of them has
   * waited for `periodS` or they are enough, and says whether there is anything to send.
   */
  release(nowS: number, periodS: number): boolean {
    const waiting = this.outbox.unsealed();
    this.packsLeft = PACKS_PER_RELEASE;
    if (waiting === 0) this.dueS = NaN;
    else if (isNaN(this.dueS)) this.dueS = nowS + periodS;
    if (nowS >= this.dueS || waiting >= ENOUGH_RECORDS) {
      this.released = waiting;
      this.dueS = NaN;
    }
    return this.released > 0 || this.journal.untaken() > 0 || this.outbox.eventDue();
  }

  take(): number {
    const { outbox, journal } = this;
    if (outbox.eventDue()) return outbox.take(RECORDS_PER_PACK);
    if (this.packsLeft === 0 || this.journaling.busy) return -1;
    const place = journal.take();
    if (place < 0 && (journal.untaken() > 0 || this.released <= 0)) return -1;
    this.packsLeft--;
    if (place >= 0) return JOURNAL_HANDLES + place;
    const before = outbox.unsealed();
    const seq = outbox.take(RECORDS_PER_PACK);
    this.released = Math.min(this.released, before) - (before - outbox.unsealed());
    return seq;
  }

  message(handle: number): Message {
    const inJournal = handle >= JOURNAL_HANDLES;
    const event = inJournal ? undefined : this.outbox.event(handle);
    let payload: string | string[];
    if (inJournal) payload = this.blockText(handle - JOURNAL_HANDLES);
    else if (event) payload = this.eventText(handle, event);
    else payload = this.outboxText(handle);
    const leaf = event ? UP_EVENT : UP_DATA;
    return { topic: this.topicBase + leaf, payload: payload, retain: false };
  }

  acknowledged(handle: number): void {
    if (handle >= JOURNAL_HANDLES) this.journal.acknowledged(handle - JOURNAL_HANDLES);
    else this.journal.release(this.outbox.acknowledge(handle));
  }

  private outboxText(seq: number): string[] {
    const count = this.outbox.openPack(seq);
    return this.text(this.boot, seq, this.outbox.log.cursor, count, false);
  }

  private blockText(place: number): string[] {
    const block = this.journal.block(place) as Buffer;
    const cursor = this.outbox.log.cursor;
    const count = openBlock(block, cursor);
    return this.text(blockBoot(block), blockSeq(block), cursor, count, blockIsUtc(block));
  }

  /** `utc` says that the records' times are UTC already. */
  private text(
    boot: number,
    seq: number,
    cursor: RecordCursor,
    count: number,
    utc: boolean,
  ): string[] {
    const nowS = this.now();
    let times = PackTimes.Absolute;
    let shiftS = utc ? 0 : this.clock.utcOffsetS(nowS);
    // Times of another boot's clock tell nothing to this one.
    if (!utc && boot !== this.boot) times = PackTimes.Unknown;
    else if (isNaN(shiftS)) times = PackTimes.Relative;
    if (times === PackTimes.Relative) shiftS = -nowS;
    return packText(this.baseName, boot, seq, cursor, count, times, shiftS);
  }

  private eventText(seq: number, event: OutboxEvent): string {
    const nowS = this.now();
    const offsetS = this.clock.utcOffsetS(nowS);
    const timeS = Math.round(event.timeS + (isNaN(offsetS) ? -nowS : offsetS));
    const fields = this.writeEvent(event);
    return "{" + fields + ',"boot":' + this.boot + ',"seq":' + seq + ',"t":' + timeS + "}";
  }
}
