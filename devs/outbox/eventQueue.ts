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

/** Sequence number (4 bytes, 0 while not taken), time (4), value (4), kind, subject, reason. */
const SLOT_BYTES = 15;

/** Events that the city does not have yet, oldest first; those taken for sending lie before the others. */
export class EventQueue {
  count: number = 0;
  /** Of those, taken for sending. */
  taken: number = 0;
  private readonly slots: Buffer;

  /** `capacity` is the number of events, 15 bytes each. */
  constructor(capacity: number) {
    this.slots = Buffer.alloc(capacity * SLOT_BYTES);
  }

  /** Adds an event. Where there is no room the oldest that was not sent goes; false where an event was lost. */
  add(event: OutboxEvent): boolean {
    const full = (this.count + 1) * SLOT_BYTES > this.slots.length;
    if (full && this.taken === this.count) return false;
    if (full) this.removeAt(this.taken);
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
    this.count++;
    return !full;
  }

  /** Takes the oldest event that was not taken, which must exist, under that number. */
  take(seq: number): void {
    putUint32(this.slots, this.taken * SLOT_BYTES, seq);
    this.taken++;
  }

  /** The event that was taken under that number, or undefined. */
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

  /** The city has the event with that number. False for a number that is none of an event. */
  acknowledge(seq: number): boolean {
    const slot = this.find(seq);
    if (slot < 0) return false;
    this.removeAt(slot);
    this.taken--;
    return true;
  }

  private find(seq: number): number {
    for (let slot = 0; slot < this.taken; slot++)
      if (uint32(this.slots, slot * SLOT_BYTES) === seq) return slot;
    return -1;
  }

  private removeAt(slot: number): void {
    const at = slot * SLOT_BYTES;
    moveDown(this.slots, at, at + SLOT_BYTES, this.count * SLOT_BYTES);
    this.count--;
  }
}
