/**
 * Walks the members of a JSON object (RFC 8259) in its bytes without building it: a
 * document of the largest size costs the heap one member at a time. What a member's
 * value is, is `JSON.parse`'s to say; here only where it begins and ends.
 */

const QUOTE = 34;
const COMMA = 44;
const COLON = 58;
const OPEN_BRACKET = 91;
const BACKSLASH = 92;
const CLOSE_BRACKET = 93;
export const OPEN_BRACE = 123;
const CLOSE_BRACE = 125;

/** Levels of a value at most: `JSON.parse` of the runtime goes down by its own stack. */
export const JSON_DEPTH_MAX = 12;

/** The members of one object, in their order. */
export class JsonMembers {
  /** Name of the member that `next` found, as it stands between its quotes. */
  key: string = "";
  /** Bytes of its value: from `start` up to, not including, `end`. */
  start: number = 0;
  end: number = 0;
  /** What is wrong with the text, where `next` found no further member because of it; or empty. */
  problem: string = "";
  private readonly text: Buffer;
  private readonly textEnd: number;
  private at: number;
  private first: boolean = true;

  /** The object is expected in the bytes from `start` up to `end`, with nothing but space around it. */
  constructor(text: Buffer, start: number, end: number) {
    this.text = text;
    this.textEnd = end;
    this.at = start;
    this.skipSpace();
    if (this.byte() === OPEN_BRACE) this.at++;
    else this.problem = "must be a JSON object";
  }

  /** Goes to the next member. False after the last one, or where the text is wrong. */
  next(): boolean {
    if (this.problem !== "") return false;
    this.skipSpace();
    if (this.byte() === CLOSE_BRACE) return this.finish();
    if (!this.first) {
      if (this.byte() !== COMMA) return this.fail("has no comma between two members");
      this.at++;
      this.skipSpace();
    }
    this.first = false;
    const keyStart = this.at + 1;
    if (this.byte() !== QUOTE || !this.skipString()) return this.fail("has no name before a value");
    this.key = this.text.slice(keyStart, this.at - 1).toString();
    this.skipSpace();
    if (this.byte() !== COLON) return this.fail("has no colon after a name");
    this.at++;
    this.skipSpace();
    this.start = this.at;
    if (!this.skipValue()) return this.fail("ends too early or is nested too deeply");
    this.end = this.at;
    return true;
  }

  /** The value of the member, read by `JSON.parse`; throws what that throws. */
  value(): unknown {
    return JSON.parse(this.text.slice(this.start, this.end).toString()) as unknown;
  }

  private finish(): boolean {
    this.at++;
    this.skipSpace();
    return this.at < this.textEnd ? this.fail("goes on after its end") : false;
  }

  private fail(reason: string): boolean {
    this.problem = "is not valid JSON: " + reason;
    return false;
  }

  /** The byte here, or -1 at the end. */
  private byte(): number {
    return this.at < this.textEnd ? this.text[this.at] : -1;
  }

  private skipSpace(): void {
    while (this.at < this.textEnd) {
      const byte = this.text[this.at];
      if (byte !== 32 && byte !== 10 && byte !== 13 && byte !== 9) return;
      this.at++;
    }
  }

  /** Goes behind the string that begins here. False where it does not end. */
  private skipString(): boolean {
    const text = this.text;
    const end = this.textEnd;
    let i = this.at + 1;
    while (i < end) {
      const byte = text[i];
      if (byte === QUOTE) {
        this.at = i + 1;
        return true;
      }
      i += byte === BACKSLASH ? 2 : 1;
    }
    return false;
  }

  /** Goes behind the value that begins here: to the comma or brace that follows it. */
  private skipValue(): boolean {
    let depth = 0;
    while (this.at < this.textEnd) {
      const byte = this.text[this.at];
      if (byte === QUOTE) {
        if (!this.skipString()) return false;
        continue;
      }
      if (depth === 0 && (byte === COMMA || byte === CLOSE_BRACE)) return true;
      if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
        depth++;
        if (depth > JSON_DEPTH_MAX) return false;
      } else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) depth--;
      this.at++;
    }
    return false;
  }
}
