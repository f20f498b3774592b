/**
 * The ids of the last commands with what was answered: a command that comes twice is
 * answered twice and done once. An id is kept as a hash of 32 bits, so sixteen fit in
 * eighty bytes; two of sixteen ids are taken for one another once in 30 million.
 */
import { HASH_START, addToHash } from "../config/hash";

/** How many are remembered. */
export const IDS_REMEMBERED = 16;
const ENTRY_BYTES = 5;

/** What was answered. */
export enum Answer {
  /** This id is not among the last ones. */
  None,
  Accepted,
  Done,
  Refused,
}

/** As it stands in a reply. */
export const ANSWER_NAMES: string[] = ["", "accepted", "done", "refused"];

/** A ring of the last ids. */
export class AnsweredIds {
  /** Hash, high byte first, and answer of each. */
  readonly bytes: Buffer = Buffer.alloc(IDS_REMEMBERED * ENTRY_BYTES);
  private next: number = 0;

  /** What was answered to that id, or `Answer.None`. */
  find(id: string): Answer {
    const hash = hashOf(id);
    for (let at = 0; at < this.bytes.length; at += ENTRY_BYTES) {
      let same = this.bytes[at + 4] !== Answer.None;
      for (let i = 0; same && i < 4; i++) same = this.bytes[at + i] === hash[i];
      if (same) return this.bytes[at + 4];
    }
    return Answer.None;
  }

  /** Remembers an answer; the oldest one is forgotten. */
  remember(id: string, answer: Answer): void {
    const hash = hashOf(id);
    const at = this.next * ENTRY_BYTES;
    for (let i = 0; i < 4; i++) this.bytes[at + i] = hash[i];
    this.bytes[at + 4] = answer;
    this.next = (this.next + 1) % IDS_REMEMBERED;
  }
}

function hashOf(id: string): Buffer {
  const hash = addToHash(HASH_START, Buffer.from(id));
  const high = Math.floor(hash / 65536);
  const low = hash - high * 65536;
  return Buffer.from([high >> 8, high & 0xff, low >> 8, low & 0xff]);
}
