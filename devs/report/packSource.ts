import { CityClock } from "../clock/cityClock";
import { metricDecimals } from "../contract/metrics";
import { UP_DATA, UP_EVENT } from "../contract/topics";
import type { MessageSource } from "../mqtt/inFlight";
import type { Message } from "../mqtt/packets";
import { FlashJournal } from "../outbox/flashJournal";
import { type EventWriter, Journaling } from "../outbox/journaling";
import {
  blockBoot,
  blockIsUtc,
  blockSeq,
  eventText,
  eventTimeS,
  openBlock,
} from "../outbox/journalBlock";
import { Outbox, OutboxEvent } from "../outbox/outbox";
import { RecordCursor } from "../outbox/records";
import { PackTimes, packText } from "./senml";

/** Room for readings: 1,000 of five bytes, and some 1,200 of an ordinary day. */
const LOG_BYTES = 5120;
/** Events that the node holds. */
const EVENTS_CAPACITY = 32;
/** Most records in one pack: about 700 bytes, which the heap holds twice while it is sent. */
export const RECORDS_PER_PACK = 24;
/**
 * Readings that do not wait for more: twice as many would save 3 bytes of 38 a reading, and a
 * power cut would cost twice as many.
 */
export const ENOUGH_RECORDS = 16;
/** Packs that may go out from one `release` to the next, a second later. */
const PACKS_PER_RELEASE = 2;
/** Handles of packs that lie in the journal count from here, those of the outbox up to here. */
const JOURNAL_HANDLES = 0x40000000;

/**
 * The outbox, and the journal in flash, as a source of messages: events first, then what
 * the journal has, then packs of the outbox, at a bounded rate, so that after a long
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
    this.journaling = new Journaling(this.outbox, journal, boot, writeEvent);
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

  /** Adds an event. The copy in the journal of one that finds no room is sent in its stead. */
  addEvent(event: OutboxEvent): void {
    this.journal.adopt(this.outbox.addEvent(event));
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
    const { outbox, journal, boot } = this;
    const cursor = outbox.log.cursor;
    if (handle >= JOURNAL_HANDLES) {
      const block = journal.block(handle - JOURNAL_HANDLES) as Buffer;
      const count = openBlock(block, cursor);
      const utc = blockIsUtc(block);
      return count > 0
        ? this.pack(blockBoot(block), blockSeq(block), cursor, count, utc)
        : this.event(eventText(block), blockBoot(block), blockSeq(block), eventTimeS(block), utc);
    }
    const event = outbox.event(handle);
    return event
      ? this.event(this.writeEvent(event), boot, handle, event.timeS, false)
      : this.pack(boot, handle, cursor, outbox.openPack(handle), false);
  }

  acknowledged(handle: number): void {
    if (handle >= JOURNAL_HANDLES) this.journal.acknowledged(handle - JOURNAL_HANDLES);
    else this.journal.release(this.outbox.acknowledge(handle));
  }

  /** `utc` says that the records' times are UTC already. */
  private pack(
    boot: number,
    seq: number,
    cursor: RecordCursor,
    count: number,
    utc: boolean,
  ): Message {
    const nowS = this.now();
    let times = PackTimes.Absolute;
    let shiftS = utc ? 0 : this.clock.utcOffsetS(nowS);
    // Times of another boot's clock tell nothing to this one.
    if (!utc && boot !== this.boot) times = PackTimes.Unknown;
    else if (isNaN(shiftS)) times = PackTimes.Relative;
    if (times === PackTimes.Relative) shiftS = -nowS;
    const payload = packText(this.baseName, boot, seq, cursor, count, times, shiftS);
    return { topic: this.topicBase + UP_DATA, payload: payload, retain: false };
  }

  /** `fields` are the event's own members. */
  private event(fields: string, boot: number, seq: number, timeS: number, utc: boolean): Message {
    const nowS = this.now();
    const offsetS = utc ? 0 : this.clock.utcOffsetS(nowS);
    let text = "{" + fields + ',"boot":' + boot + ',"seq":' + seq;
    // Times of another boot's clock tell nothing to this one.
    if (utc || boot === this.boot)
      text += ',"t":' + Math.round(timeS + (isNaN(offsetS) ? -nowS : offsetS));
    return { topic: this.topicBase + UP_EVENT, payload: text + "}", retain: false };
  }
}
