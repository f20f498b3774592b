/** Longest line of a log that is put together from pieces. */
const LINE_MAX = 200;

/**
 * Reads a device's log as its runtime streams it, and counts the starts of its program. The
 * stream begins with what the device still remembers, so the first start may be an old one; a
 * program that runs takes the socket, and with it the stream, away within seconds.
 */
export class StartCounter {
  starts = 0;
  /** The last line that told of a panic or an exception. */
  panic = "";
  #rest = "";

  /** Takes a piece of the log, which may end inside a line. */
  log(piece: string): void {
    const lines = (this.#rest + piece).split("\n");
    this.#rest = (lines.pop() ?? "").slice(-LINE_MAX);
    for (const line of lines) this.#line(line.trim());
  }

  /** Begins anew, for another program. */
  reset(): void {
    this.starts = 0;
    this.panic = "";
  }

  #line(line: string): void {
    // As `devsmgr.c` prints them.
    if (line.startsWith("* start:")) this.starts++;
    else if (/panic|exception/i.test(line)) this.panic = line.slice(0, LINE_MAX);
  }
}
