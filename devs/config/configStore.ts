/**
 * The configuration in flash. It is written part by part beside the one in force, and a
 * single value, its directory, then puts all of it in force: a power cut at any write
 * leaves the old configuration or the new one.
 */
import type { ChainProblem } from "../contract/chain";
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
/** A directory without parts, of the document that is being applied; its version says how often that was begun. */
const ATTEMPT = "cfgTry";

/** In place of the number of attempts, for a document that is not to be tried again. */
const GIVEN_UP = 99;

/** Which parts a stored configuration has; as JSON one value in flash. */
export interface Directory {
  /** Version of the document that brought it, and its hash; 0 for none. */
  v: number;
  h: number;
  /** Length of all texts, in bytes. */
  b: number;
  /** Twice the number of each part, and one more where its text is in the second slot. */
  p: number[];
}

/** What a change does to one part. */
export interface PartChange {
  id: number;
  /** Length of its new text in bytes, 0 where it goes back to its defaults, and of its old one. */
  length: number;
  before: number;
}

/** The stored configuration of a node. */
export class ConfigStore {
  private readonly storage: ConfigStorage;
  private current: Directory = { v: 0, h: 0, b: 0, p: [] };
  private lastGood: Directory | undefined = undefined;
  private draft: Directory | undefined = undefined;
  /** What this firmware does not take of what is stored; absent where it takes all. */
  leftAside: ChainProblem[] | undefined = undefined;

  constructor(storage: ConfigStorage) {
    this.storage = storage;
  }

  /** Finds what is in force; clears away a change that a power cut ended. To be called once, first. */
  async open(): Promise<void> {
    this.current = (await this.directory(DIRECTORY_KEY)) || this.current;
    this.lastGood = await this.directory(LAST_GOOD);
    const draft = await this.directory(DRAFT);
    if (draft) await this.clearAway(draft);
    const { lastGood, current } = this;
    // The power went before the new one was in force.
    if (lastGood && JSON.stringify(lastGood) === JSON.stringify(current)) await this.keep();
  }

  /** Version of the document that was applied last; 0 for none. */
  version(): number {
    return this.current.v;
  }

  /** Hash of that document. */
  hash(): number {
    return this.current.h;
  }

  /** Whether the configuration in force is on trial, with a last good one to go back to. */
  onTrial(): boolean {
    return this.lastGood !== undefined;
  }

  /** Numbers of the parts that differ from the defaults. */
  parts(): number[] {
    return this.current.p.map((place) => place >> 1);
  }

  /** Text of a part in force; empty where it has its defaults. */
  async text(id: number): Promise<string> {
    const place = placeOf(this.current, id);
    let text = "";
    if (place < 0 || !isPart(id)) return text;
    for (let piece = 0; text.length === piece * PIECE_BYTES; piece++) {
      const bytes = await this.storage.read(pieceKey(place, piece));
      if (!bytes) return "";
      text += bytes.toString();
    }
    return text;
  }

  /** A part in force; undefined where it has its defaults or what is stored is damaged. */
  async part(id: number): Promise<JsonObject | undefined> {
    return readPart(await this.text(id));
  }

  /**
   * Begins to write a configuration. What is not put afterwards is as in the one in force.
   *
   * @param changes every part that will be put, or goes back to its defaults.
   * @throws Error when it would be too large, or flash does not take it: nothing has changed then.
   */
  async begin(version: number, hash: number, changes: PartChange[]): Promise<void> {
    const { current } = this;
    const draft: Directory = { v: version, h: hash, b: current.b, p: current.p.slice() };
    for (const change of changes) {
      const { id, length, before } = change;
      const place = placeOf(current, id);
      draft.b += length - before;
      const last = draft.p.length - 1;
      let at = draft.p.indexOf(place);
      if (at < 0 && length === 0) continue;
      if (at < 0) at = last + 1;
      if (length > 0) draft.p[at] = place === 2 * id ? place + 1 : 2 * id;
      else {
        draft.p[at] = draft.p[last] as number;
        draft.p.pop();
      }
    }
    if (draft.b > CONFIGURATION_MAX_BYTES)
      throw new Error(
        "the configuration would have " + draft.b + " bytes of " + CONFIGURATION_MAX_BYTES,
      );
    // A wish that came over the connection shows that the change before it was good.
    await this.keep();
    await this.write(DRAFT, draft);
    this.draft = draft;
  }

  /**
   * Writes the text of a part, as `partText` gives it, that `begin` was told of.
   *
   * @throws Error when flash does not take it; `abandon` is to be called then.
   */
  async put(id: number, text: string): Promise<void> {
    const place = placeOf(this.draft as Directory, id);
    const bytes = Buffer.from(text);
    for (let piece = 0; piece * PIECE_BYTES < bytes.length; piece++) {
      const from = piece * PIECE_BYTES;
      const to = Math.min(from + PIECE_BYTES, bytes.length);
      await this.storage.write(pieceKey(place, piece), bytes.slice(from, to));
    }
  }

  /**
   * Puts what was written in force, on trial: the one before is kept until `keep`.
   *
   * @throws Error when flash does not take it; `abandon` is to be called then.
   */
  async commit(): Promise<void> {
    const draft = this.draft as Directory;
    await this.write(LAST_GOOD, this.current);
    await this.write(DIRECTORY_KEY, draft);
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

  /**
   * Takes note that a document is about to be applied. Gives how often that was begun with
   * no end, this time included; it counts no further than one above `most`.
   */
  async beginAttempt(hash: number, most: number): Promise<number> {
    const before = await this.directory(ATTEMPT);
    const count = before && before.h === hash ? before.v + 1 : 1;
    try {
      if (count <= most) await this.writeAttempt(count, hash);
    } catch {
      // Where there is no room, `begin` says so.
    }
    return count;
  }

  private async writeAttempt(count: number, hash: number): Promise<void> {
    await this.write(ATTEMPT, { v: count, h: hash, b: 0, p: [] });
  }

  /** Takes note that the document was applied or refused. */
  async endAttempt(): Promise<void> {
    if (await this.storage.read(ATTEMPT)) await this.storage.remove(ATTEMPT);
  }

  /** Ends the trial: the configuration in force is good, the one before it goes. */
  async keep(): Promise<void> {
    const gone = this.lastGood;
    if (gone) await this.settle(gone);
  }

  /**
   * Goes back to the last good configuration; the document that is given up is not taken
   * again. False where no good one is kept.
   */
  async rollBack(): Promise<boolean> {
    const good = this.lastGood;
    if (!good) return false;
    const gone = this.current;
    this.current = good;
    await this.settle(gone);
    await this.writeAttempt(GIVEN_UP, gone.h);
    return true;
  }

  /** Makes the current configuration the only one; what is `gone` is cleared away, also after a power cut. */
  private async settle(gone: Directory): Promise<void> {
    await this.write(DRAFT, gone);
    await this.write(DIRECTORY_KEY, this.current);
    this.lastGood = undefined;
    await this.storage.remove(LAST_GOOD);
    await this.clearAway(gone);
  }

  private async write(key: string, directory: Directory): Promise<void> {
    await this.storage.write(key, Buffer.from(JSON.stringify(directory)));
  }

  private async directory(key: string): Promise<Directory | undefined> {
    const bytes = await this.storage.read(key);
    try {
      const directory = JSON.parse((bytes as Buffer).toString()) as Directory;
      return Array.isArray(directory.p) ? directory : undefined;
    } catch {
      return undefined;
    }
  }

  /** Takes from flash what this directory names and neither of the two that count does. */
  private async clearAway(directory: Directory): Promise<void> {
    const { current, lastGood } = this;
    for (const place of directory.p) {
      if (current.p.indexOf(place) >= 0 || (lastGood && lastGood.p.indexOf(place) >= 0)) continue;
      // The last one first: a power cut leaves those that are found again.
      let pieces = 0;
      while (await this.storage.read(pieceKey(place, pieces))) pieces++;
      while (pieces > 0) await this.storage.remove(pieceKey(place, --pieces));
    }
    await this.storage.remove(DRAFT);
  }
}

/** The text of a part as it is stored: its last piece is the one that is not full. */
export function partText(part: JsonObject): string {
  const text = JSON.stringify(part);
  return text.length % PIECE_BYTES === 0 ? text + " " : text;
}

/** A part from its text; undefined where that is none. */
export function readPart(text: string): JsonObject | undefined {
  try {
    const part: unknown = JSON.parse(text);
    return isJsonObject(part) ? (part as JsonObject) : undefined;
  } catch {
    return undefined;
  }
}

/** Where the text of a part lies, or -1 where the directory does not name it. */
function placeOf(directory: Directory, id: number): number {
  for (const place of directory.p) if (place >> 1 === id) return place;
  return -1;
}

/** Key of a piece of a part's text; at most 9 characters. */
export function pieceKey(place: number, piece: number): string {
  return "c" + place + "." + piece;
}
