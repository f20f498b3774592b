/** The last lines of the node's log, kept to be published when somebody asks for them. */

const LINES_KEPT = 8;
const LINE_MAX_BYTES = 80;
/** A line's length, and the line in UTF-8. */
const SLOT_BYTES = 1 + LINE_MAX_BYTES;

const slots = Buffer.alloc(LINES_KEPT * SLOT_BYTES);
/** Lines since boot, those that are gone included. */
let count = 0;

/** Prints a line on the console and keeps it. */
export function log(line: string): void {
  console.log(line);
  const bytes = Buffer.from(line);
  let length = bytes.length;
  if (length > LINE_MAX_BYTES) {
    length = LINE_MAX_BYTES;
    // Not within a character.
    while ((bytes[length] & 0xc0) === 0x80) length--;
  }
  const at = (count % LINES_KEPT) * SLOT_BYTES;
  slots[at] = length;
  slots.set(bytes.slice(0, length), at + 1);
  count++;
}

/** How many lines there were since boot. */
export function logCount(): number {
  return count;
}

/** The kept lines that came after the first `seen` ones, oldest first. */
export function logSince(seen: number): string[] {
  const lines: string[] = [];
  for (let i = count - seen > LINES_KEPT ? count - LINES_KEPT : seen; i < count; i++) {
    const at = (i % LINES_KEPT) * SLOT_BYTES + 1;
    lines.push(slots.slice(at, at + slots[at - 1]).toString());
  }
  return lines;
}
