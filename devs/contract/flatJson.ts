/** Small messages from outside. */

/** Longest such message, in bytes. */
export const FLAT_MAX_BYTES = 512;
/** Brackets and braces that open in such a message, at most. */
const OPENINGS_MAX = 4;

/**
 * The JSON value of a message that nests no deeper than a few levels; undefined for any other
 * bytes. The runtime's `JSON.parse` goes down its own stack, and ends the program at its end.
 */
export function parseFlat(payload: Buffer): unknown {
  if (payload.length > FLAT_MAX_BYTES) return undefined;
  let openings = 0;
  for (let i = 0; i < payload.length; i++) if (payload[i] === 91 || payload[i] === 123) openings++;
  if (openings > OPENINGS_MAX) return undefined;
  try {
    return JSON.parse(payload.toString());
  } catch {
    return undefined;
  }
}
