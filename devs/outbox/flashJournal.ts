/**
 * Packs that outlive a power cut: blocks in flash, each in a place of its own. They are
 * given out for sending, oldest first; a place is freed when the city has its pack.
 *
 * Wear: the runtime keeps settings in two halves of 16 KB and erases one each time that
 * the other is full.
 */

import { blockBoot, blockSeq, isBlock } from "./journalBlock";
import { moveDown } from "./records";

/** Flash as the journal needs it: small values under short names. */
export interface JournalStorage {
  /** The value, or undefined where there is none. */
  read(key: string): Promise<Buffer | undefined>;
  /** Stores a value whole, or, where the power goes, not at all. */
  write(key: string, value: Buffer): Promise<void>;
  remove(key: string): Promise<void>;
}

/**
 * Places for blocks: with 14 of the largest readings each, 672, and with ordinary ones
 * 1,152. Those take 7 KB of the 16 that identity and configuration are in, too.
 */
export const JOURNAL_PLACES = 48;
/** Places behind those, for events, so that readings and events leave each other room. */
export const EVENT_PLACES = 12;
const ALL_PLACES = JOURNAL_PLACES + EVENT_PLACES;
/** The runtime takes settings of 225 bytes safely. */
const MAX_VALUE_BYTES = 225;
/** Blocks that are held in RAM for sending. */
const BLOCKS_IN_RAM = 2;

enum Place {
  Free,
  /** A copy: the outbox has the readings too. */
  Copy,
  /** This is all there is of its readings. */
  Only,
  /** The city has it; to be removed from flash. */
  Done,
}

/** A block that is ready to be sent. */
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
  /** Blocks that were damaged, and removed. */
  damaged: number = 0;

  private readonly storage: JournalStorage;
  private readonly places: Buffer = Buffer.alloc(ALL_PLACES);
  /** Places of blocks that are to be sent and not loaded yet, oldest block first. */
  private readonly order: Buffer = Buffer.alloc(ALL_PLACES);
  private ordered: number = 0;
  private loaded: LoadedBlock[] = [];

  constructor(storage: JournalStorage) {
    this.storage = storage;
  }

  /** Finds what earlier boots left; to be called once, before anything else. Gives the number of packs. */
  async restore(): Promise<number> {
    const boots: number[] = [];
    const seqs: number[] = [];
    for (let place = 0; place < ALL_PLACES; place++) {
      const bytes = await this.read(place);
      if (!bytes || bytes.length === 0) continue;
      if (!isBlock(bytes)) {
        this.damaged++;
        this.places[place] = Place.Done;
        continue;
      }
      this.places[place] = Place.Only;
      // Events first, of whichever boot.
      const boot = place < JOURNAL_PLACES ? blockBoot(bytes) : 0;
      const seq = blockSeq(bytes);
      let at = this.ordered++;
      boots.push(boot);
      seqs.push(seq);
      while (at > 0 && isAfter(boots[at - 1], seqs[at - 1], boot, seq)) {
        this.order[at] = this.order[at - 1];
        boots[at] = boots[at - 1];
        seqs[at] = seqs[at - 1];
        at--;
      }
      this.order[at] = place;
      boots[at] = boot;
      seqs[at] = seq;
    }
    await this.work();
    return this.ordered + this.loaded.length;
  }

  /** Blocks that are still to be taken for sending. */
  untaken(): number {
    let count = this.ordered;
    for (const block of this.loaded) if (!block.taken) count++;
    return count;
  }

  /** Blocks that are all there is of their readings, and that the city does not have yet. */
  waiting(): number {
    let count = 0;
    for (let place = 0; place < ALL_PLACES; place++) if (this.places[place] === Place.Only) count++;
    return count;
  }

  /** Places that are free for blocks of readings, or for events. */
  room(ofEvents: boolean): number {
    let count = 0;
    for (let place = 0; place < ALL_PLACES; place++) if (this.isFree(place, ofEvents)) count++;
    return count;
  }

  /**
   * Writes a block; gives its place, or -1 where there is none free or the write failed.
   * One that is `toSend` is given out after those before it; any other is a copy, to be
   * released when the city has the pack or event.
   */
  async save(block: Buffer, toSend: boolean, ofEvent: boolean): Promise<number> {
    let place = 0;
    while (place < ALL_PLACES && !this.isFree(place, ofEvent)) place++;
    if (place === ALL_PLACES || block.length > MAX_VALUE_BYTES) return -1;
    this.places[place] = toSend ? Place.Only : Place.Copy;
    try {
      await this.storage.write(keyOf(place), block);
    } catch {
      this.errors++;
      this.places[place] = Place.Done;
      return -1;
    }
    if (toSend) this.order[this.ordered++] = place;
    return place;
  }

  /** The copy in that place is all there is now, and is to be sent; less than 0 for none. */
  adopt(place: number): void {
    if (place < 0) return;
    this.places[place] = Place.Only;
    this.order[this.ordered++] = place;
  }

  /** The city has the pack in that place, or -1. `work` frees it. */
  release(place: number): void {
    if (place >= 0) this.places[place] = Place.Done;
  }

  /** Removes what is done from flash, and reads ahead what is to be sent next. */
  async work(): Promise<void> {
    for (let place = 0; place < ALL_PLACES; place++) {
      if (this.places[place] !== Place.Done) continue;
      try {
        await this.storage.remove(keyOf(place));
        this.places[place] = Place.Free;
      } catch {
        this.errors++;
      }
    }
    while (this.loaded.length < BLOCKS_IN_RAM && this.ordered > 0) {
      const place = this.order[0];
      const bytes = await this.read(place);
      // What cannot be read now stays where it is, for the next boot.
      if (bytes) this.loaded.push(new LoadedBlock(place, bytes));
      moveDown(this.order, 0, 1, this.ordered--);
    }
  }

  /** The place of the next block to send, or -1 where none is ready. */
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

  /** The city has the block of that place, which was taken. */
  acknowledged(place: number): void {
    const others: LoadedBlock[] = [];
    for (const block of this.loaded) if (block.place !== place) others.push(block);
    this.loaded = others;
    this.release(place);
  }

  private isFree(place: number, ofEvents: boolean): boolean {
    return this.places[place] === Place.Free && place >= JOURNAL_PLACES === ofEvents;
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
