/**
 * Tables as text: one line an entry, a key, a space and JSON. A text lies in the flash of the
 * program; as code, or as objects, a table would take the room that is scarce on a node.
 */

/**
 * What stands behind a key in such a text, whose first and last characters are line feeds;
 * undefined where there is none such. Every call gives an object of its own.
 */
export function jsonLine(text: string, key: string): unknown {
  const mark = "\n" + key + " ";
  const at = text.indexOf(mark);
  if (at < 0) return undefined;
  const from = at + mark.length;
  return JSON.parse(text.slice(from, text.indexOf("\n", from)));
}
