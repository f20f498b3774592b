/**
 * Applies documents from `down/config`: all of one or nothing, a part at a time, so that
 * one of the largest size fits in the heap.
 */
import type { ChainProblem } from "../contract/chain";
import { checkConfig } from "../contract/config";
import { isJsonObject, overWishes, type JsonObject } from "../contract/overlay";
import { partText, readPart, type ConfigStore, type PartChange } from "./configStore";
import type { PiecedBytes } from "../mqtt/piecedBytes";
import { HASH_START, addToHash, hashText } from "./hash";
import { JsonMembers, OPEN_BRACE } from "./jsonMembers";
import { CHANNELS, documentOf, partId, partName, partSection, sectionNames } from "./parts";

/** Member of a document that numbers it, 1 to 4294967295. */
const VERSION = "version";
const VERSION_MAX = 4294967295;
/** A document is hashed so much at a time: a whole one would take all the steps of a turn. */
const HASH_SLICE_BYTES = 512;
/**
 * Bytes of a part and commas in it at most: the largest channel has about 1,200 and 70, and
 * larger objects, of which three copies are there while one is merged and checked, take more of
 * the heap than there is.
 */
const PART_BYTES_MAX = 2048;
const PART_COMMAS_MAX = 80;
/** How often the program may end while it applies a document before it refuses that. */
const ATTEMPTS_MAX = 3;
/** Problems that a report lists; further ones are found once these are mended. */
const PROBLEMS_MAX = 8;

/** What became of a document. */
export enum ConfigOutcome {
  /** It is in force. */
  Applied,
  /** It is the one that was applied last: nothing was done. */
  Known,
  /** Nothing has changed; `problems` says why. */
  Refused,
}

/** Applies documents to the stored configuration, one after the other. */
export class Configuration {
  /** What the last document changed, once it is applied. */
  changes: PartChange[] = [];
  /** What is wrong with the last document. */
  problems: ChainProblem[] = [];
  private readonly store: ConfigStore;
  private readonly pause: () => Promise<void>;
  private version: number = 0;
  private writing: boolean = false;

  /** @param pause lets other fibers run: the check of a large document takes long. */
  constructor(store: ConfigStore, pause: () => Promise<void>) {
    this.store = store;
    this.pause = pause;
  }

  /** Applies a document of the broker's, or says in `problems` why not. Never throws for what is in it. */
  async apply(payload: PiecedBytes): Promise<ConfigOutcome> {
    const { store } = this;
    this.problems = [];
    this.version = 0;
    if (payload.isLeftOut()) {
      this.refuse("", "is too long for this node");
      return ConfigOutcome.Refused;
    }
    let hash = HASH_START;
    for (let from = 0; from < payload.length; from += HASH_SLICE_BYTES) {
      const to = Math.min(from + HASH_SLICE_BYTES, payload.length);
      hash = addToHash(hash, payload.slice(from, to));
      await this.pause();
    }
    if (store.version() > 0 && store.hash() === hash) {
      await store.endAttempt();
      return ConfigOutcome.Known;
    }
    await this.pause();
    // The broker keeps the document: one that ends the program would do so at every start.
    const attempts = await store.beginAttempt(hash, ATTEMPTS_MAX);
    if (attempts > ATTEMPTS_MAX) {
      this.refuse("", "ended the program " + ATTEMPTS_MAX + " times, or lost the broker");
      return ConfigOutcome.Refused;
    }
    const outcome = await this.carryOut(payload, hash);
    await store.endAttempt();
    return outcome;
  }

  /**
   * Applies a part that the node itself made, which names no version. The document of the
   * broker's stays the last one: when it comes again it must not undo the part.
   */
  async applyOwn(part: PiecedBytes): Promise<ConfigOutcome> {
    this.problems = [];
    this.version = Math.max(1, this.store.version());
    return await this.carryOut(part, this.store.hash());
  }

  private async carryOut(payload: PiecedBytes, hash: number): Promise<ConfigOutcome> {
    this.changes = [];
    this.writing = false;
    await this.walk(payload, 0, payload.length, "");
    if (this.problems.length === 0 && this.version === 0) this.takeVersion(0);
    if (this.problems.length > 0) return ConfigOutcome.Refused;
    try {
      await this.store.begin(this.version, hash, this.changes);
      this.writing = true;
      await this.walk(payload, 0, payload.length, "");
      await this.store.commit();
    } catch (e) {
      await this.store.abandon();
      this.refuse("", (e as Error).message);
      return ConfigOutcome.Refused;
    }
    return ConfigOutcome.Applied;
  }

  /**
   * The report for `up/config`, in pieces, for it may have four kilobytes: what is in
   * force, and what was refused.
   *
   * @param status `in-force`, `refused` or `rolled-back`.
   */
  async report(status: string): Promise<Buffer[]> {
    const store = this.store;
    let head =
      '{"version":' +
      store.version() +
      ',"hash":"' +
      hashText(store.hash()) +
      '","status":"' +
      status +
      '"';
    if (this.problems.length > 0) {
      if (this.version > 0) head += ',"wanted":' + this.version;
      head += ',"refused":' + JSON.stringify(this.problems);
    }
    const pieces = [Buffer.from(head + ',"config":{"' + CHANNELS + '":{')];
    await this.reportParts(true, pieces);
    pieces.push(Buffer.from("}"));
    await this.reportParts(false, pieces);
    pieces.push(Buffer.from("}}"));
    return pieces;
  }

  /** Adds the channels, or the other sections, which stand behind them. */
  private async reportParts(channels: boolean, pieces: Buffer[]): Promise<void> {
    let separator = channels ? "" : ",";
    for (const id of this.store.parts()) {
      if (channels !== (partSection(id) === CHANNELS)) continue;
      const part = await this.store.text(id);
      if (!part) continue;
      pieces.push(Buffer.from(separator + '"' + partName(id) + '":' + part));
      separator = ",";
    }
  }

  /** Goes through the members of the document, or of its channels, from `start` up to `end`. */
  private async walk(
    payload: PiecedBytes,
    start: number,
    end: number,
    section: string,
  ): Promise<void> {
    const members = new JsonMembers(payload, start, end, this.pause);
    while (await members.next()) {
      const key = members.key;
      if (section !== "") await this.member(section + "." + key, partId(section, key), members);
      else if (key === CHANNELS && payload.at(members.start) === OPEN_BRACE)
        await this.walk(payload, members.start, members.end, key);
      else await this.member(key, partId(key, ""), members);
      await this.pause();
    }
    if (members.problem !== "") this.refuse(section, members.problem);
  }

  private async member(path: string, id: number, members: JsonMembers): Promise<void> {
    let value: unknown;
    if (members.end - members.start > PART_BYTES_MAX || members.commas > PART_COMMAS_MAX) {
      this.refuse(path, "is over " + PART_BYTES_MAX + " bytes or " + PART_COMMAS_MAX + " commas");
      return;
    }
    try {
      value = members.value();
    } catch {
      this.refuse(path, "is not valid JSON");
      return;
    }
    if (id >= 0) await this.part(id, path, value);
    else if (path === VERSION) this.takeVersion(value);
    else if (path !== CHANNELS)
      this.refuse(
        path,
        path.startsWith(CHANNELS + ".")
          ? "is no metric of this node"
          : "is not known; expected " + sectionNames(),
      );
    else if (value !== null) this.refuse(path, "must be an object");
    else
      for (const channel of this.store.parts())
        if (partSection(channel) === CHANNELS) await this.part(channel, path, null);
  }

  private takeVersion(value: unknown): void {
    if (
      typeof value === "number" &&
      value >= 1 &&
      value <= VERSION_MAX &&
      Math.floor(value) === value
    )
      this.version = value;
    else this.refuse(VERSION, "must be a whole number from 1 to " + VERSION_MAX);
  }

  private async part(id: number, path: string, value: unknown): Promise<void> {
    const before = await this.store.text(id);
    let text = "";
    if (value !== null) {
      if (!isJsonObject(value)) {
        this.refuse(path, "must be an object");
        return;
      }
      const merged = overWishes(readPart(before) || {}, value as JsonObject);
      if (Object.keys(merged).length > 0) text = partText(merged);
      if (!this.writing)
        for (const problem of checkConfig(documentOf(id, merged)))
          this.refuse(problem.path, problem.reason);
    }
    if (this.writing) {
      if (text !== "") await this.store.put(id, text);
      return;
    }
    if (this.changes.some((change) => change.id === id)) this.refuse(path, "is there twice");
    else this.changes.push({ id: id, length: text.length, before: before.length });
  }

  private refuse(path: string, reason: string): void {
    if (this.problems.length < PROBLEMS_MAX) this.problems.push({ path: path, reason: reason });
  }
}
