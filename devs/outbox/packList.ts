/** The packs that are sealed and not freed yet, oldest first; 40 bytes each. */

/** How far a pack has come. */
export enum PackState {
  /** Made for the journal, not sent yet. */
  Sealed,
  /** Given out for sending. */
  Taken,
  /** The city has it; it waits for those before it. */
  Acknowledged,
}

/** Columns of numbers rather than an object a pack, which takes four times the memory. */
export class PackList {
  /** Sequence numbers. */
  readonly seqs: number[] = [];
  /** Slot of the event, or of the first reading. */
  readonly slots: number[] = [];
  /** Readings; 0 for an event. */
  readonly counts: number[] = [];
  readonly states: PackState[] = [];
  /** Places in the journal; -1 for a pack that is not in it. */
  readonly places: number[] = [];

  /** Adds a pack behind the others. */
  add(seq: number, slot: number, count: number, state: PackState): void {
    this.seqs.push(seq);
    this.slots.push(slot);
    this.counts.push(count);
    this.states.push(state);
    this.places.push(-1);
  }

  /** Index of the pack with that number, or -1. */
  find(seq: number): number {
    return this.seqs.indexOf(seq);
  }

  /** Takes out a pack. */
  removeAt(index: number): void {
    removeFrom(this.seqs, index);
    removeFrom(this.slots, index);
    removeFrom(this.counts, index);
    removeFrom(this.states, index);
    removeFrom(this.places, index);
  }
}

function removeFrom(column: number[], index: number): void {
  for (let i = index; i + 1 < column.length; i++) column[i] = column[i + 1];
  column.pop();
}
