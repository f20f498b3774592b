/**
 * Applies documents from `down/config`: all of one or nothing, a part at a time, so that
 * one of the largest size fits in the heap.
 */
import type { ChainProblem } from "../contract/chain";
import { checkConfig } from "../contract/config";
import type { ConfigStore } from "./configStore";
import { HASH_START, addToHash, hashText } from "./hash";
import { JsonMembers } from "./jsonMembers";
import { isJsonObject, overWishes, type JsonObject } from "../contract/overlay";
import { CHANNELS, documentOf, partId, partName, partSection, sectionNames } from "./parts";

/** Member of a document that numbers it, 1 to 4294967295. */
const VERSION = "version";
const VERSION_MAX = 4294967295;
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
  /** Numbers of the parts that the last document changed. */
  changed: number[] = [];
  /** What is wrong with the last document. */
  problems: ChainProblem[] = [];
  private readonly store: ConfigStore;
  private readonly pause: () => Promise<void>;
  private version: number = 0;
  /** Part numbers and text lengths in turn. */
  private lengths: number[] = [];
  private writing: boolean = false;

  /** @param pause lets other fibers run: the check of a large document takes long. */
  constructor(store: ConfigStore, pause: () => Promise<void>) {
    this.store = store;
    this.pause = pause;
  }

  /** Applies a document, or says in `problems` why not. Never throws for what is in the document. */
  async apply(payload: Buffer): Promise<ConfigOutcome> {
    const hash = addToHash(HASH_START, payload);
    if (this.store.version() > 0 && this.store.hash() === hash) return ConfigOutcome.Known;
    await this.pause();
    this.problems = [];
    this.lengths = [];
    this.changed = [];
    this.version = 0;
    this.writing = false;
    await this.walk(payload);
    if (this.problems.length === 0 && this.version === 0)
      this.refuse(VERSION, "must be a whole number from 1 to " + VERSION_MAX);
    if (this.problems.length > 0) return ConfigOutcome.Refused;
    try {
      await this.store.begin(this.version, hash, this.lengths);
      this.writing = true;
      await this.walk(payload);
      await this.store.commit();
    } catch (e) {
      await this.store.abandon();
      this.refuse("", (e as Error).message);
      return ConfigOutcome.Refused;
    }
    for (let i = 0; i < this.lengths.length; i += 2) this.changed.push(this.lengths[i]);
    this.lengths = [];
    return ConfigOutcome.Applied;
  }

  /**
   * The report for `up/config`: what is in force, and what was refused.
   *
   * @param status `in-force`, `refused` or `rolled-back`.
   */
  async report(status: string): Promise<string> {
    const store = this.store;
    let text =
      '{"version":' +
      store.version() +
      ',"hash":"' +
      hashText(store.hash()) +
      '","status":"' +
      status +
      '"';
    if (this.problems.length > 0) {
      if (this.version > 0) text += ',"wanted":' + this.version;
      text += ',"refused":' + JSON.stringify(this.problems);
    }
    text += ',"config":{';
    let channels = "";
    let sections = "";
    for (let i = 0; i < store.count(); i++) {
      const id = store.partId(i);
      const part = await store.text(id);
      if (!part) continue;
      const member = '"' + partName(id) + '":' + part;
      if (partSection(id) === CHANNELS) channels += (channels ? "," : "") + member;
      else sections += "," + member;
    }
    return text + '"' + CHANNELS + '":{' + channels + "}" + sections + "}}";
  }

  private async walk(payload: Buffer): Promise<void> {
    const members = new JsonMembers(payload, 0, payload.length);
    while (members.next()) {
      if (members.key === VERSION) this.takeVersion(members);
      else if (members.key === CHANNELS) await this.walkChannels(payload, members);
      else await this.member(members.key, "", members);
      await this.pause();
    }
    if (members.problem !== "") this.refuse("", members.problem);
  }

  private async walkChannels(payload: Buffer, section: JsonMembers): Promise<void> {
    if (valueText(payload, section) === "null") {
      for (let i = 0; i < this.store.count(); i++) {
        const id = this.store.partId(i);
        if (partSection(id) === CHANNELS) await this.part(id, CHANNELS, null);
      }
      return;
    }
    const members = new JsonMembers(payload, section.start, section.end);
    while (members.next()) {
      await this.member(CHANNELS, members.key, members);
      await this.pause();
    }
    if (members.problem !== "") this.refuse(CHANNELS, members.problem);
  }

  private takeVersion(members: JsonMembers): void {
    let version: unknown = 0;
    try {
      version = members.value();
    } catch {
      // Left at 0, which is refused below.
    }
    const good =
      typeof version === "number" &&
      version >= 1 &&
      version <= VERSION_MAX &&
      Math.floor(version) === version;
    if (good) this.version = version as number;
    else this.refuse(VERSION, "must be a whole number from 1 to " + VERSION_MAX);
  }

  private async member(section: string, name: string, members: JsonMembers): Promise<void> {
    const path = name === "" ? section : section + "." + name;
    let value: unknown;
    try {
      value = members.value();
    } catch {
      this.refuse(path, "is not valid JSON");
      return;
    }
    const id = partId(section, name);
    if (id >= 0) await this.part(id, path, value);
    else if (section === CHANNELS) this.refuse(path, "is no metric of this node");
    else this.refuse(path, "is not known; expected " + sectionNames());
  }

  private async part(id: number, path: string, value: unknown): Promise<void> {
    let text = "";
    if (value !== null) {
      if (!isJsonObject(value)) {
        this.refuse(path, "must be an object");
        return;
      }
      const merged = overWishes((await this.store.part(id)) || {}, value as JsonObject);
      if (Object.keys(merged).length > 0) text = JSON.stringify(merged);
      if (!this.writing) this.check(documentOf(id, merged));
    }
    if (this.writing) {
      if (text !== "") await this.store.put(id, text);
      return;
    }
    for (let i = 0; i < this.lengths.length; i += 2)
      if (this.lengths[i] === id) {
        this.refuse(path, "is there twice");
        return;
      }
    this.lengths.push(id);
    this.lengths.push(Buffer.from(text).length);
  }

  private check(document: JsonObject): void {
    for (const problem of checkConfig(document)) this.refuse(problem.path, problem.reason);
  }

  private refuse(path: string, reason: string): void {
    if (this.problems.length < PROBLEMS_MAX) this.problems.push({ path: path, reason: reason });
  }
}

function valueText(payload: Buffer, members: JsonMembers): string {
  return members.end - members.start > 4
    ? ""
    : payload.slice(members.start, members.end).toString();
}
