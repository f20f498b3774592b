import { MAX_SCALED, moveDown, putUint32, uint32 } from "./records";

/** Something that happened. The node's tables say what the numbers mean. */
export class OutboxEvent {
  /** What happened; 0 to 255. */
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

/** Values are kept to a thousandth; `NO_VALUE` marks an event without one. */
const VALUE_STEPS = 1000;
const NO_VALUE = -MAX_SCALED - 1;

/** Instead of a place in the journal. */
const NO_PLACE = 255;
/** What `add` gives where no event went. */
export const NOTHING_LOST = -2;

/** Sequence number (4 bytes, 0 while it has none), time (4), value (4), kind, subject, reason, place (1 each). */
const SLOT_BYTES = 16;

/** Events that the city does not have yet, oldest first; those taken for sending lie before the others. */
export class EventQueue {
  count: number = 0;
  /** Of those, taken for sending. */
  taken: number = 0;
  private readonly slots: Buffer;

  /** `capacity` is the number of events, 16 bytes each. */
  constructor(capacity: number) {
    this.slots = Buffer.alloc(capacity * SLOT_BYTES);
  }

  /**
   * Adds an event. Where there is no room the oldest that was not sent goes, or, where all are
   * on their way, the new one. Gives the place in the journal of the one that went, -1 where it
   * had none, and `NOTHING_LOST`.
   */
  add(event: OutboxEvent): number {
    let lost = NOTHING_LOST;
    if ((this.count + 1) * SLOT_BYTES > this.slots.length) {
      if (this.taken === this.count) return -1;
      lost = this.removeAt(this.taken);
    }
    const slots = this.slots;
    const steps = Math.round(event.value * VALUE_STEPS);
    // Also false for NaN.
    const known = steps <= MAX_SCALED && steps >= -MAX_SCALED;
    let at = putUint32(slots, this.count * SLOT_BYTES, 0);
    at = putUint32(slots, at, Math.round(event.timeS));
    at = putUint32(slots, at, known ? steps : NO_VALUE);
    slots[at] = event.kind;
    slots[at + 1] = event.subject;
    slots[at + 2] = event.reason;
    slots[at + 3] = NO_PLACE;
    this.count++;
    return lost;
  }

  /** Takes the oldest event that was not taken, which must exist. Gives its number: `seq` where it had none. */
  take(seq: number): number {
    this.taken++;
    return this.name(this.taken - 1, seq);
  }

  /**
   * The number of the oldest event that lies in no place of the journal, `seq` where it had
   * none; -1 where there is no such event.
   */
  unsaved(seq: number): number {
    for (let slot = 0; slot < this.count; slot++)
      if (this.slots[slot * SLOT_BYTES + 15] === NO_PLACE) return this.name(slot, seq);
    return -1;
  }

  /** The event in that slot has a copy in that place of the journal. */
  setPlace(slot: number, place: number): void {
    this.slots[slot * SLOT_BYTES + 15] = place;
  }

  /** The event with that number, or undefined. */
  event(seq: number): OutboxEvent | undefined {
    const slot = this.find(seq);
    if (slot < 0) return undefined;
    const slots = this.slots;
    const at = slot * SLOT_BYTES;
    const steps = uint32(slots, at + 8) | 0;
    return new OutboxEvent(
      slots[at + 12],
      slots[at + 13],
      slots[at + 14],
      steps === NO_VALUE ? NaN : steps / VALUE_STEPS,
      uint32(slots, at + 4),
    );
  }

  /** The city has the event in that slot, which was taken. Gives its place in the journal, or -1. */
  acknowledge(slot: number): number {
    this.taken--;
    return this.removeAt(slot);
  }

  /** Slot of the event with that number, or -1. */
  find(seq: number): number {
    for (let slot = 0; slot < this.count; slot++)
      if (uint32(this.slots, slot * SLOT_BYTES) === seq) return slot;
    return -1;
  }

  /** Gives the event in that slot a number where it has none, and tells it. */
  private name(slot: number, seq: number): number {
    const at = slot * SLOT_BYTES;
    const own = uint32(this.slots, at);
    if (own > 0) return own;
    putUint32(this.slots, at, seq);
    return seq;
  }

  /** Takes out the event in that slot. Gives its place in the journal, or -1. */
  private removeAt(slot: number): number {
    const at = slot * SLOT_BYTES;
    const place = this.slots[at + 15];
    moveDown(this.slots, at, at + SLOT_BYTES, this.count * SLOT_BYTES);
    this.count--;
    return place === NO_PLACE ? -1 : place;
  }
}
