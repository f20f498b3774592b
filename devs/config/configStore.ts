/**
 * The configuration in flash. It is written part by part beside the one in force, and a
 * single value, its directory, then puts all of it in force: a power cut at any write
 * leaves the old configuration or the new one.
 */
import {
  directoryHash,
  directoryVersion,
  findPart,
  isDirectory,
  lengthAt,
  newDirectory,
  partAt,
  partCount,
  renumbered,
  sameDirectory,
  slotAt,
  withPart,
} from "./directory";
import { isJsonObject, type JsonObject } from "../contract/overlay";
import { isPart } from "./parts";

/** Where values lie: the runtime's settings, or memory in a test. */
export interface ConfigStorage {
  /** The value, or undefined where there is none. */
  read(key: string): Promise<Buffer | undefined>;
  /** Stores a value whole, or, where the power goes, not at all. Throws where there is no room. */
  write(key: string, value: Buffer): Promise<void>;
  remove(key: string): Promise<void>;
}

/** Longest value of one setting that is surely taken, in bytes. */
export const PIECE_BYTES = 220;
/** Largest configuration, as text, in bytes: with the copy that a change needs, a third of the flash for settings. */
export const CONFIGURATION_MAX_BYTES = 3600;

/** Key of the directory of the configuration in force. */
export const DIRECTORY_KEY = "cfg";
/** Directory of the one before, while the one in force is on trial. */
const LAST_GOOD = "cfgGood";
/** A directory that is being written or cleared away: what only it names is waste after a power cut. */
const DRAFT = "cfgDraft";

/** The stored configuration of a node. */
export class ConfigStore {
  private readonly storage: ConfigStorage;
  private current: Buffer = newDirectory(0, 0);
  private lastGood: Buffer | undefined = undefined;
  private draft: Buffer | undefined = undefined;

  constructor(storage: ConfigStorage) {
    this.storage = storage;
  }

  /** Finds what is in force; clears away a change that a power cut ended. To be called once, first. */
  async open(): Promise<void> {
    const current = await this.directory(DIRECTORY_KEY);
    if (current) this.current = current;
    this.lastGood = await this.directory(LAST_GOOD);
    const draft = await this.directory(DRAFT);
    if (draft) await this.clearAway(draft);
    if (this.lastGood && sameDirectory(this.lastGood, this.current)) await this.keep();
  }

  /** Version of the document that was applied last; 0 for none. */
  version(): number {
    return directoryVersion(this.current);
  }

  /** Hash of that document. */
  hash(): number {
    return directoryHash(this.current);
  }

  /** Whether the configuration in force is on trial, with a last good one to go back to. */
  onTrial(): boolean {
    return this.lastGood !== undefined;
  }

  /** How many parts differ from the defaults. */
  count(): number {
    return partCount(this.current);
  }

  /** Number of the i-th of them. */
  partId(i: number): number {
    return partAt(this.current, i);
  }

  /** Text of a part in force, or undefined where it has its defaults. */
  async text(id: number): Promise<string | undefined> {
    return await this.textIn(this.current, id);
  }

  /** A part in force, or undefined where it has its defaults or what is stored is damaged. */
  async part(id: number): Promise<JsonObject | undefined> {
    const text = await this.text(id);
    if (!text) return undefined;
    try {
      const part: unknown = JSON.parse(text);
      return isJsonObject(part) ? (part as JsonObject) : undefined;
    } catch {
      return undefined;
    }
  }

  /**
   * Begins to write a configuration. What is not put afterwards is as in the one in force.
   *
   * @param lengths for each part that will be put, its number and the length of its text
   *   in bytes, one after the other; length 0 for one that goes back to its defaults.
   * @throws Error when it would be too large, or flash does not take it: nothing has changed then.
   */
  async begin(version: number, hash: number, lengths: number[]): Promise<void> {
    let draft = renumbered(this.current, version, hash);
    for (let i = 0; i < lengths.length; i += 2) {
      const id = lengths[i] as number;
      const old = findPart(this.current, id);
      const slot = old >= 0 && slotAt(this.current, old) === 0 ? 1 : 0;
      draft = withPart(draft, id, slot, lengths[i + 1] as number);
    }
    let bytes = 0;
    for (let i = 0; i < partCount(draft); i++) bytes += lengthAt(draft, i);
    if (bytes > CONFIGURATION_MAX_BYTES)
      throw new Error(
        "the configuration would have " + bytes + " bytes of " + CONFIGURATION_MAX_BYTES,
      );
    // A wish that came over the connection shows that the change before it was good.
    await this.keep();
    await this.storage.write(DRAFT, draft);
    this.draft = draft;
  }

  /**
   * Writes the text of a part that `begin` was told of.
   *
   * @throws Error when flash does not take it; `abandon` is to be called then.
   */
  async put(id: number, text: string): Promise<void> {
    const draft = this.draft as Buffer;
    const at = findPart(draft, id);
    const bytes = Buffer.from(text);
    if (at < 0 || lengthAt(draft, at) !== bytes.length)
      throw new Error("part " + id + " was not announced");
    const slot = slotAt(draft, at);
    for (let piece = 0; piece * PIECE_BYTES < bytes.length; piece++) {
      const from = piece * PIECE_BYTES;
      const to = Math.min(from + PIECE_BYTES, bytes.length);
      await this.storage.write(pieceKey(id, slot, piece), bytes.slice(from, to));
    }
  }

  /**
   * Puts what was written in force, on trial: the one before is kept until `keep`.
   *
   * @throws Error when flash does not take it; `abandon` is to be called then.
   */
  async commit(): Promise<void> {
    const draft = this.draft as Buffer;
    await this.storage.write(LAST_GOOD, this.current);
    await this.storage.write(DIRECTORY_KEY, draft);
    this.lastGood = this.current;
    this.current = draft;
    this.draft = undefined;
    try {
      await this.storage.remove(DRAFT);
    } catch {
      // In force all the same: `open` removes it.
    }
  }

  /** Drops what was written since `begin`. */
  async abandon(): Promise<void> {
    const draft = this.draft;
    this.draft = undefined;
    if (!draft) return;
    await this.storage.remove(LAST_GOOD);
    await this.clearAway(draft);
  }

  /** Ends the trial: the configuration in force is good, the one before it goes. */
  async keep(): Promise<void> {
    const gone = this.lastGood;
    if (!gone) return;
    await this.storage.write(DRAFT, gone);
    this.lastGood = undefined;
    await this.storage.remove(LAST_GOOD);
    await this.clearAway(gone);
  }

  /** Goes back to the last good configuration. False where none is kept. */
  async rollBack(): Promise<boolean> {
    const good = this.lastGood;
    if (!good) return false;
    const gone = this.current;
    await this.storage.write(DRAFT, gone);
    await this.storage.write(DIRECTORY_KEY, good);
    this.current = good;
    this.lastGood = undefined;
    await this.storage.remove(LAST_GOOD);
    await this.clearAway(gone);
    return true;
  }

  private async directory(key: string): Promise<Buffer | undefined> {
    const bytes = await this.storage.read(key);
    return bytes && isDirectory(bytes) ? bytes : undefined;
  }

  private async textIn(directory: Buffer, id: number): Promise<string | undefined> {
    const at = findPart(directory, id);
    if (at < 0 || !isPart(id)) return undefined;
    const length = lengthAt(directory, at);
    const bytes = Buffer.alloc(length);
    for (let from = 0; from < length; from += PIECE_BYTES) {
      const piece = await this.storage.read(
        pieceKey(id, slotAt(directory, at), from / PIECE_BYTES),
      );
      if (!piece || piece.length !== Math.min(PIECE_BYTES, length - from)) return undefined;
      for (let i = 0; i < piece.length; i++) bytes[from + i] = piece[i] as number;
    }
    return bytes.toString();
  }

  /** Takes from flash what this directory names and neither of the two that count does. */
  private async clearAway(directory: Buffer): Promise<void> {
    for (let i = 0; i < partCount(directory); i++) {
      const id = partAt(directory, i);
      const slot = slotAt(directory, i);
      if (names(this.current, id, slot)) continue;
      if (this.lastGood && names(this.lastGood, id, slot)) continue;
      for (let from = 0; from < lengthAt(directory, i); from += PIECE_BYTES)
        await this.storage.remove(pieceKey(id, slot, from / PIECE_BYTES));
    }
    await this.storage.remove(DRAFT);
  }
}

function names(directory: Buffer, id: number, slot: number): boolean {
  const at = findPart(directory, id);
  return at >= 0 && slotAt(directory, at) === slot;
}

/** Key of a piece of a part's text; at most 9 characters. */
export function pieceKey(id: number, slot: number, piece: number): string {
  return "c" + id + (slot ? "b" : "a") + piece;
}
