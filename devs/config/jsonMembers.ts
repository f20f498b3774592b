/**
 * Walks the members of a JSON object (RFC 8259) in its bytes without building it: a
 * document of the largest size costs the heap one member at a time. What a member's
 * value is, is `JSON.parse`'s to say; here only where it begins and ends.
 */

import type { PiecedBytes } from "../mqtt/piecedBytes";

const QUOTE = 34;
const COMMA = 44;
const COLON = 58;
const OPEN_BRACKET = 91;
const BACKSLASH = 92;
const CLOSE_BRACKET = 93;
export const OPEN_BRACE = 123;
const CLOSE_BRACE = 125;

/** Bytes that are walked in one turn: the VM ends a program whose turn takes too many steps. */
const TURN_BYTES = 256;
/** Levels of a value at most: `JSON.parse` of the runtime goes down by its own stack. */
export const JSON_DEPTH_MAX = 12;

/** The members of one object, in their order. */
export class JsonMembers {
  /** Name of the member that `next` found, as it stands between its quotes. */
  key: string = "";
  /** Bytes of its value: from `start` up to, not including, `end`. */
  start: number = 0;
  end: number = 0;
  /** Commas between the values in it. */
  commas: number = 0;
  /** What is wrong with the text, where `next` found no further member because of it; or empty. */
  problem: string = "";
  private readonly text: PiecedBytes;
  private readonly textEnd: number;
  private readonly pause: () => Promise<void>;
  private at: number;
  private pauseAt: number;
  private first: boolean = true;

  /**
   * The object is expected in the bytes from `start` up to `end`, with nothing but space around it.
   *
   * @param pause lets other fibers run.
   */
  constructor(text: PiecedBytes, start: number, end: number, pause: () => Promise<void>) {
    this.text = text;
    this.textEnd = end;
    this.pause = pause;
    this.at = start;
    this.pauseAt = start + TURN_BYTES;
  }

  /** Goes to the next member. False after the last one, or where the text is wrong. */
  async next(): Promise<boolean> {
    if (this.problem !== "") return false;
    await this.skipSpace();
    const { first } = this;
    this.first = false;
    if (first) {
      if (this.byte() !== OPEN_BRACE) {
        this.problem = "must be a JSON object";
        return false;
      }
      this.at++;
      await this.skipSpace();
    }
    if (this.byte() === CLOSE_BRACE) return await this.finish();
    if (!first) {
      if (this.byte() !== COMMA) return this.fail("has no comma between two members");
      this.at++;
      await this.skipSpace();
    }
    const keyStart = this.at + 1;
    if (this.byte() !== QUOTE || !(await this.skipString()))
      return this.fail("has no name before a value");
    this.key = this.text.slice(keyStart, this.at - 1).toString();
    await this.skipSpace();
    if (this.byte() !== COLON) return this.fail("has no colon after a name");
    this.at++;
    await this.skipSpace();
    this.start = this.at;
    if (!(await this.skipValue())) return this.fail("ends too early or is nested too deeply");
    this.end = this.at;
    return true;
  }

  /** The value of the member, read by `JSON.parse`; throws what that throws. */
  value(): unknown {
    return JSON.parse(this.text.slice(this.start, this.end).toString()) as unknown;
  }

  private async finish(): Promise<boolean> {
    this.at++;
    await this.skipSpace();
    return this.at < this.textEnd ? this.fail("goes on after its end") : false;
  }

  private fail(reason: string): boolean {
    this.problem = "is not valid JSON: " + reason;
    return false;
  }

  /** The byte here, or -1 at the end. */
  private byte(): number {
    return this.at < this.textEnd ? this.text.at(this.at) : -1;
  }

  /** Lets other fibers run, and the next turn begin. */
  private async breathe(): Promise<void> {
    this.pauseAt = this.at + TURN_BYTES;
    await this.pause();
  }

  private async skipSpace(): Promise<void> {
    while (this.at < this.textEnd) {
      const byte = this.text.at(this.at);
      if (byte !== 32 && byte !== 10 && byte !== 13 && byte !== 9) return;
      this.at++;
      if (this.at >= this.pauseAt) await this.breathe();
    }
  }

  /** Goes behind the string that begins here. False where it does not end. */
  private async skipString(): Promise<boolean> {
    this.at++;
    while (this.at < this.textEnd) {
      const byte = this.text.at(this.at);
      this.at += byte === BACKSLASH ? 2 : 1;
      if (byte === QUOTE) return true;
      if (this.at >= this.pauseAt) await this.breathe();
    }
    return false;
  }

  /** Goes behind the value that begins here: to the comma or brace that follows it. */
  private async skipValue(): Promise<boolean> {
    let depth = 0;
    this.commas = 0;
    while (this.at < this.textEnd) {
      if (this.at >= this.pauseAt) await this.breathe();
      const byte = this.text.at(this.at);
      if (byte === QUOTE) {
        if (!(await this.skipString())) return false;
        continue;
      }
      if (depth === 0 && (byte === COMMA || byte === CLOSE_BRACE)) return true;
      if (byte === COMMA) this.commas++;
      else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) depth++;
      else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) depth--;
      if (depth > JSON_DEPTH_MAX) return false;
      this.at++;
    }
    return false;
  }
}
