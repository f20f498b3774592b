/** Shows one line on a terminal that is overwritten; says nothing when the output is piped. */
export class Progress {
  readonly #terminal = process.stderr.isTTY === true;
  #shown = false;

  /** Replaces the line. */
  show(line: string): void {
    if (!this.#terminal) return;
    const width = process.stderr.columns || 80;
    process.stderr.write(`\r\u001b[2K${line.slice(0, width - 1)}`);
    this.#shown = true;
  }

  /** Takes the line away. */
  clear(): void {
    if (this.#shown) process.stderr.write("\r\u001b[2K");
    this.#shown = false;
  }

  /** Prints a line that stays. */
  note(line: string): void {
    this.clear();
    console.error(line);
  }
}
