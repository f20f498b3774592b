/** Texts in messages. */

const SPACE = 32;
const QUOTE = 34;
const BACKSLASH = 92;

/**
 * A text as JSON (RFC 8259 section 7), without its control characters. The runtime's
 * `JSON.stringify` takes each byte of what is not ASCII for a character.
 */
export function jsonText(text: string): string {
  let json = '"';
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === QUOTE || code === BACKSLASH) json += "\\";
    if (code >= SPACE) json += text.charAt(i);
  }
  return json + '"';
}
