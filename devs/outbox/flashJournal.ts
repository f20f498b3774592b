/**
 * Packs that outlive a power cut: blocks in flash, each in a place of its own. What the
 * boot before left is given out for sending, oldest first; a place is freed when the
 * city has its pack.
 *
 * Wear: the runtime keeps settings in two halves of 16 KB and erases one each time that
 * the other is full. Packs of 24 readings cost one erasure for 2,400 readings (counted
 * in the VM), so the 100,000 erasures that NOR flash is rated for last for 480 million:
 * ten years of 20 readings a minute, all of them through the journal, use 22 % of it,
 * and with a broker that is away one day in a hundred, 0.2 %.
 */

import { BlockReader } from "./journalBlock";

/** Flash as the journal needs it: small values under short names. */
export interface JournalStorage {
  /** The value, or undefined where there is none. */
  read(key: string): Promise<Buffer | undefined>;
  /** Stores a value whole, or, where the power goes, not at all. */
  write(key: string, value: Buffer): Promise<void>;
  remove(key: string): Promise<void>;
}

/** Places for blocks: with at least 18 readings each, 720 at the very least. */
export const JOURNAL_PLACES = 40;
/** Blocks of the boot before that are held in RAM for sending. */
const BLOCKS_IN_RAM = 2;

enum Place {
  Free,
  /** Written by this boot: the outbox has its readings too. */
  Written,
  /** Left by an earlier boot: this is all there is of its readings. */
  Restored,
  /** The city has it; to be removed from flash. */
  Done,
}

/** A block of an earlier boot, ready to be sent. */
class LoadedBlock {
  readonly place: number;
  readonly bytes: Buffer;
  taken: boolean = false;

  constructor(place: number, bytes: Buffer) {
    this.place = place;
    this.bytes = bytes;
  }
}

/** The journal. Its asynchronous functions are for one fiber, one after the other. */
export class FlashJournal {
  /** Reads, writes and removals that failed. */
  errors: number = 0;
  /** Packs that no block can hold: long gaps between large values. */
  tooLarge: number = 0;
  /** Blocks that were damaged, and removed. */
  damaged: number = 0;

  private readonly storage: JournalStorage;
  private readonly places: Place[] = [];
  /** Places of restored blocks that are not loaded yet, oldest block first. */
  private order: number[] = [];
  private loaded: LoadedBlock[] = [];

  constructor(storage: JournalStorage) {
    this.storage = storage;
    for (let i = 0; i < JOURNAL_PLACES; i++) this.places.push(Place.Free);
  }

  /** Finds what earlier boots left; to be called once, before anything else. Gives the number of packs. */
  async restore(): Promise<number> {
    const reader = new BlockReader();
    const boots: number[] = [];
    const seqs: number[] = [];
    for (let place = 0; place < JOURNAL_PLACES; place++) {
      const bytes = await this.read(place);
      if (!bytes || bytes.length === 0) continue;
      if (!reader.open(bytes)) {
        this.damaged++;
        this.places[place] = Place.Done;
        continue;
      }
      this.places[place] = Place.Restored;
      let at = this.order.length;
      this.order.push(place);
      boots.push(0);
      seqs.push(0);
      while (at > 0 && isAfter(boots[at - 1], seqs[at - 1], reader.boot, reader.seq)) {
        this.order[at] = this.order[at - 1];
        boots[at] = boots[at - 1];
        seqs[at] = seqs[at - 1];
        at--;
      }
      this.order[at] = place;
      boots[at] = reader.boot;
      seqs[at] = reader.seq;
    }
    await this.work();
    return this.restored();
  }

  /** Packs of earlier boots that the city does not have yet. */
  restored(): number {
    let count = 0;
    for (const place of this.places) if (place === Place.Restored) count++;
    return count;
  }

  /** Writes a block; gives its place, or -1 where there is none free or the write failed. */
  async save(block: Buffer): Promise<number> {
    const place = this.places.indexOf(Place.Free);
    if (place < 0) return -1;
    this.places[place] = Place.Written;
    try {
      await this.storage.write(keyOf(place), block);
      return place;
    } catch {
      this.errors++;
      this.places[place] = Place.Done;
      return -1;
    }
  }

  /** The city has the pack in that place, or -1. `work` frees it. */
  release(place: number): void {
    if (place >= 0) this.places[place] = Place.Done;
  }

  /** Removes what is done from flash, and reads ahead what is to be sent next. */
  async work(): Promise<void> {
    for (let place = 0; place < JOURNAL_PLACES; place++) {
      if (this.places[place] !== Place.Done) continue;
      try {
        await this.storage.remove(keyOf(place));
        this.places[place] = Place.Free;
      } catch {
        this.errors++;
      }
    }
    while (this.loaded.length < BLOCKS_IN_RAM && this.order.length > 0) {
      const place = this.order[0];
      const bytes = await this.read(place);
      this.order.shift();
      // What cannot be read now stays where it is, for the next boot.
      if (bytes) this.loaded.push(new LoadedBlock(place, bytes));
    }
  }

  /** The place of the next restored block to send, or -1 where none is ready. */
  take(): number {
    for (const block of this.loaded) {
      if (block.taken) continue;
      block.taken = true;
      return block.place;
    }
    return -1;
  }

  /** The block of a place that was taken. */
  block(place: number): Buffer | undefined {
    for (const block of this.loaded) if (block.place === place) return block.bytes;
    return undefined;
  }

  /** The city has the restored block of that place. */
  acknowledged(place: number): void {
    const others: LoadedBlock[] = [];
    for (const block of this.loaded) if (block.place !== place) others.push(block);
    this.loaded = others;
    this.release(place);
  }

  private async read(place: number): Promise<Buffer | undefined> {
    try {
      return await this.storage.read(keyOf(place));
    } catch {
      this.errors++;
      return undefined;
    }
  }
}

function keyOf(place: number): string {
  return "j" + place;
}

function isAfter(boot: number, seq: number, otherBoot: number, otherSeq: number): boolean {
  return boot > otherBoot || (boot === otherBoot && seq > otherSeq);
}
