/** The last lines of the node's log, kept to be published when somebody asks for them. */

const LINES_KEPT = 8;
const LINE_MAX_LENGTH = 80;

const lines: string[] = [];
/** Lines since boot, those that are gone included. */
let count = 0;

/** Prints a line on the console and keeps it. */
export function log(line: string): void {
  console.log(line);
  if (lines.length >= LINES_KEPT) lines.shift();
  lines.push(line.length > LINE_MAX_LENGTH ? line.slice(0, LINE_MAX_LENGTH) : line);
  count++;
}

/** How many lines there were since boot. */
export function logCount(): number {
  return count;
}

/** The kept lines that came after the first `seen` ones, oldest first. */
export function logSince(seen: number): string[] {
  const fresh = Math.min(count - seen, lines.length);
  return lines.slice(lines.length - fresh);
}
