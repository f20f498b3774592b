/**
 * The ids of the last commands with what was answered: a command that comes twice is
 * answered twice and done once. An id is kept as a hash of 32 bits: two of sixteen ids are
 * taken for one another once in 30 million.
 */
import { HASH_START, addToHash } from "../config/hash";

/** How many are remembered. */
export const IDS_REMEMBERED = 16;

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

/** How many answers there are. */
const ANSWERS = 4;

/**
 * What was answered to that id, or `Answer.None`.
 *
 * @param answered the last ids, the oldest first: the hash of each times `ANSWERS`, and the answer.
 */
export function answerTo(id: string, answered: number[]): Answer {
  const first = keyOf(id);
  for (const entry of answered) if (entry > first && entry < first + ANSWERS) return entry - first;
  return Answer.None;
}

/** Remembers an answer; the oldest one is forgotten. */
export function rememberAnswer(id: string, answer: Answer, answered: number[]): void {
  answered.push(keyOf(id) + answer);
  if (answered.length > IDS_REMEMBERED) answered.shift();
}

function keyOf(id: string): number {
  return addToHash(HASH_START, Buffer.from(id)) * ANSWERS;
}
