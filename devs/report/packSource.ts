import { metricDecimals, metricName, metricUnit } from "../contract/metrics";
import { UP_DATA, UP_EVENT } from "../contract/topics";
import { MessageSource } from "../mqtt/inFlight";
import { Message } from "../mqtt/packets";
import { packHead, recordFields } from "./senml";

/** Readings that wait at most; then the oldest makes room for the newest, and is counted. */
const READINGS_CAPACITY = 400;
/** Events that wait at most; then a new one is dropped, and counted. */
const EVENTS_CAPACITY = 32;
/** Records in one pack: about 1.2 KB of text. */
const RECORDS_PER_PACK = 24;

/** A pack or an event that was taken for sending and is not acknowledged yet. */
class Taken {
  readonly seq: number;
  /** Readings of a pack, counted from the head of the queue; 0 for an event. */
  count: number;
  readonly event: PendingEvent | undefined;
  acknowledged = false;

  constructor(seq: number, count: number, event: PendingEvent | undefined) {
    this.seq = seq;
    this.count = count;
    this.event = event;
  }
}

/** An event as JSON text without its sequence number and time. */
class PendingEvent {
  readonly fields: string;
  readonly timeS: number;

  constructor(fields: string, timeS: number) {
    this.fields = fields;
    this.timeS = timeS;
  }
}

/**
 * Readings and events on their way to the broker. They become text only when they are
 * sent, so their times, relative to the sending, are right however long they waited.
 */
export class PackSource implements MessageSource {
  /** Readings and events that found no room. */
  dropped = 0;
  private readonly base: string;
  private readonly topicBase: string;
  private readonly boot: number;
  private readonly now: () => number;
  private seq = 0;
  private readonly metric: number[] = [];
  private readonly value: number[] = [];
  private readonly timeS: number[] = [];
  private first = 0;
  private count = 0;
  /** Readings at the head of the queue that belong to packs in flight. */
  private inFlight = 0;
  /** Readings at the head of the queue that may be sent now. */
  private released = 0;
  private readonly events: PendingEvent[] = [];
  private taken: Taken[] = [];

  /**
   * @param topicBase the node's topics without their last levels, with a final '/'.
   * @param baseName SenML base name.
   * @param now the node's time in seconds, which the readings' times are on.
   */
  constructor(topicBase: string, baseName: string, boot: number, now: () => number) {
    this.topicBase = topicBase;
    this.base = baseName;
    this.boot = boot;
    this.now = now;
    for (let i = 0; i < READINGS_CAPACITY; i++) {
      this.metric.push(0);
      this.value.push(0);
      this.timeS.push(0);
    }
  }

  /** Readings and events that the broker does not have yet. */
  waiting(): number {
    return this.count + this.events.length + this.takenEvents();
  }

  /** Adds a reading of the metric with that index. */
  addReading(metric: number, value: number, timeS: number): void {
    if (this.count === READINGS_CAPACITY) {
      this.dropped++;
      // What is in flight stays: the broker may have it already.
      if (this.inFlight === this.count) return;
      this.dropOldest();
    }
    const at = (this.first + this.count) % READINGS_CAPACITY;
    this.metric[at] = metric;
    this.value[at] = value;
    this.timeS[at] = timeS;
    this.count++;
  }

  /** Adds an event: JSON members without sequence number and time, `"event":"sensor-ok"`. */
  addEvent(fields: string, timeS: number): void {
    if (this.events.length === EVENTS_CAPACITY) {
      this.dropped++;
      return;
    }
    this.events.push(new PendingEvent(fields, timeS));
  }

  /** Lets all that waits be sent: what is due in the same second goes out together. */
  release(): boolean {
    this.released = this.count;
    return this.released > this.inFlight || this.events.length > 0;
  }

  take(): number {
    const event = this.events.shift();
    if (event) return this.put(new Taken(++this.seq, 0, event));
    const available = this.released - this.inFlight;
    if (available <= 0) return -1;
    const size = Math.min(available, RECORDS_PER_PACK);
    this.inFlight += size;
    return this.put(new Taken(++this.seq, size, undefined));
  }

  message(handle: number): Message {
    let at = this.first;
    for (const taken of this.taken) {
      if (taken.seq === handle) {
        const event = taken.event;
        return event
          ? { topic: this.topicBase + UP_EVENT, payload: this.eventText(taken), retain: false }
          : { topic: this.topicBase + UP_DATA, payload: this.packText(taken, at), retain: false };
      }
      at += taken.count;
    }
    return { topic: this.topicBase + UP_EVENT, payload: "{}", retain: false };
  }

  acknowledged(handle: number): void {
    for (const taken of this.taken) if (taken.seq === handle) taken.acknowledged = true;
    while (this.taken.length > 0 && this.taken[0].acknowledged) {
      const size = this.taken[0].count;
      this.taken.shift();
      this.first = (this.first + size) % READINGS_CAPACITY;
      this.count -= size;
      this.inFlight -= size;
      this.released -= size;
    }
  }

  private put(taken: Taken): number {
    this.taken.push(taken);
    return taken.seq;
  }

  private takenEvents(): number {
    let events = 0;
    for (const taken of this.taken) if (taken.event) events++;
    return events;
  }

  /** Drops the oldest reading that is not in flight. */
  private dropOldest(): void {
    for (let i = this.inFlight; i + 1 < this.count; i++) {
      const to = (this.first + i) % READINGS_CAPACITY;
      const from = (to + 1) % READINGS_CAPACITY;
      this.metric[to] = this.metric[from];
      this.value[to] = this.value[from];
      this.timeS[to] = this.timeS[from];
    }
    this.count--;
  }

  private packText(taken: Taken, from: number): string {
    const nowS = this.now();
    let text = packHead(this.base, this.boot, taken.seq, NaN);
    for (let i = 0; i < taken.count; i++) {
      const at = (from + i) % READINGS_CAPACITY;
      const metric = this.metric[at];
      const timeS = Math.round(this.timeS[at] - nowS);
      text += i === 0 ? "" : ",{";
      text += recordFields(
        metricName(metric),
        metricUnit(metric),
        this.value[at],
        metricDecimals(metric),
        timeS,
      );
    }
    return text + "]";
  }

  private eventText(taken: Taken): string {
    const event = taken.event as PendingEvent;
    const timeS = Math.round(event.timeS - this.now());
    return (
      "{" + event.fields + ',"boot":' + this.boot + ',"seq":' + taken.seq + ',"t":' + timeS + "}"
    );
  }
}
