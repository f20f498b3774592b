import { metricDecimals, metricName, metricUnit, METRIC_COUNT } from "../contract/metrics";
import { UP_DATA, UP_EVENT } from "../contract/topics";
import { MessageSource } from "../mqtt/inFlight";
import { Message } from "../mqtt/packets";
import { Outbox, OutboxEvent } from "../outbox/outbox";
import { packHead, recordFields } from "./senml";

/** Readings that the node holds while the broker is away, 10 bytes each. */
const READINGS_CAPACITY = 300;
/** Events that it holds. */
const EVENTS_CAPACITY = 32;
/** Records in one pack: about 600 bytes of text. */
const RECORDS_PER_PACK = 12;

/** Writes an event of the outbox as JSON members: `"event":"sensor-ok","chip":"sen55"`. */
export type EventWriter = (event: OutboxEvent) => string;

/**
 * The outbox as a source of messages. Readings and events become text only when they
 * are sent, so their times, relative to the sending, are right however long they waited.
 */
export class PackSource implements MessageSource {
  readonly outbox: Outbox;
  private readonly topicBase: string;
  private readonly baseName: string;
  private readonly boot: number;
  private readonly now: () => number;
  private readonly writeEvent: EventWriter;
  /** Readings that may go out now. */
  private released = 0;

  /**
   * @param topicBase the node's topics without their last levels, with a final '/'.
   * @param baseName SenML base name.
   * @param now the node's time in seconds, which the readings' times are on.
   */
  constructor(
    topicBase: string,
    baseName: string,
    boot: number,
    now: () => number,
    writeEvent: EventWriter,
  ) {
    this.topicBase = topicBase;
    this.baseName = baseName;
    this.boot = boot;
    this.now = now;
    this.writeEvent = writeEvent;
    const decimals: number[] = [];
    for (let i = 0; i < METRIC_COUNT; i++) decimals.push(metricDecimals(i));
    this.outbox = new Outbox(decimals, READINGS_CAPACITY, EVENTS_CAPACITY);
  }

  /**
   * Lets all that waits be sent: what is due in the same second goes out in one pack.
   * Says whether there is anything.
   */
  release(): boolean {
    this.released = this.outbox.unsealed();
    return this.released > 0 || this.outbox.waitingEvents() > 0;
  }

  take(): number {
    const events = this.outbox.waitingEvents();
    if (events === 0 && this.released <= 0) return -1;
    const before = this.outbox.unsealed();
    const seq = this.outbox.take(RECORDS_PER_PACK);
    this.released -= before - this.outbox.unsealed();
    return seq;
  }

  message(handle: number): Message {
    const event = this.outbox.event(handle);
    return {
      topic: this.topicBase + (event ? UP_EVENT : UP_DATA),
      payload: event ? this.eventText(handle, event) : this.packText(handle),
      retain: false,
    };
  }

  acknowledged(handle: number): void {
    this.outbox.acknowledge(handle);
  }

  private packText(seq: number): string {
    const outbox = this.outbox;
    const nowS = this.now();
    let text = packHead(this.baseName, this.boot, seq, NaN);
    let separator = "";
    outbox.openPack(seq);
    while (outbox.nextRecord()) {
      const metric = outbox.channel;
      const timeS = Math.round(outbox.timeS - nowS);
      text +=
        separator +
        recordFields(
          metricName(metric),
          metricUnit(metric),
          outbox.value,
          metricDecimals(metric),
          timeS,
        );
      separator = ",{";
    }
    return text + "]";
  }

  private eventText(seq: number, event: OutboxEvent): string {
    const timeS = Math.round(event.timeS - this.now());
    const fields = this.writeEvent(event);
    return "{" + fields + ',"boot":' + this.boot + ',"seq":' + seq + ',"t":' + timeS + "}";
  }
}
