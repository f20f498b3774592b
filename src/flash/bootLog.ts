import { SELF_TEST_TAG } from "../../devs/contract/selfTest";

/** Quoting of the runtime's USB protocol, which shares the line with its log: Jacdac USB bridge service. */
const QUOTE = 0xfe;
const QUOTED_MAGIC = 0xf8;
const QUOTED_FRAME_START = 0xfc;
const QUOTED_FRAME_END = 0xfd;

/** Longest Jacdac frame, its header included; after more bytes it was noise that looked like the start of one. */
const FRAME_MAX = 252;

/** A longer line than any of a log: what arrives is no text, or at another rate. */
const LINE_MAX = 1000;

/** Takes the bytes of a serial line apart into the lines of the log. */
export class LogLines {
  #line: number[] = [];
  #quoted = false;
  #inFrame = false;
  #frameBytes = 0;

  push(bytes: Uint8Array): string[] {
    const lines: string[] = [];
    for (const byte of bytes) {
      if (this.#quoted) {
        this.#quoted = false;
        if (byte === QUOTED_FRAME_START) {
          this.#inFrame = true;
          this.#frameBytes = 0;
        } else if (byte === QUOTED_FRAME_END) this.#inFrame = false;
        else if (byte === QUOTED_MAGIC && !this.#inFrame) this.#line.push(QUOTE);
      } else if (byte === QUOTE) this.#quoted = true;
      else if (this.#inFrame) this.#inFrame = ++this.#frameBytes < FRAME_MAX;
      else if (byte === 0x0a || this.#line.length >= LINE_MAX) {
        const text = Buffer.from(this.#line).toString("utf8").trim();
        this.#line = [];
        if (text) lines.push(text);
      } else this.#line.push(byte);
    }
    return lines;
  }
}

/** The self-test's report, whole. */
export interface SelfTest {
  readonly pass: boolean;
  /** The name that the node has in its settings. */
  readonly node: string;
  /** Each check's name, with `=reason` behind it when it failed. */
  readonly checks: readonly string[];
}

/**
 * How far a start has come.
 *
 * | state    | meaning                                                |
 * |----------|--------------------------------------------------------|
 * | silent   | nothing of the runtime was heard                       |
 * | running  | the runtime or the program has started                 |
 * | looping  | it started again and again without a verdict           |
 * | refused  | the program says why it cannot start                   |
 * | empty    | the chip finds nothing to start in its flash           |
 * | judged   | the self-test's verdict is there                       |
 */
export type BootState = "silent" | "running" | "looping" | "refused" | "empty" | "judged";

/** What a line of the log says. */
export type BootEvent = "started" | "refusal" | "no-image" | "verdict" | "other";

/** Starts without a verdict that are a loop: one, and the one that a change of the board's configuration asks for, are well. */
const STARTS_MAX = 4;

/** The next state, by state and event; `starts` counts the starts, this one included. */
export function nextBootState(state: BootState, event: BootEvent, starts: number): BootState {
  if (state === "judged" || state === "looping") return state;
  switch (event) {
    case "verdict":
      return "judged";
    case "refusal":
      return "refused";
    case "no-image":
      return "empty";
    case "started":
      return starts >= STARTS_MAX ? "looping" : "running";
    case "other":
      return state;
  }
}

/** The runtime's own line; ESP-IDF's log says the same with a tag before it. */
const STARTED = /(^|[^ ])starting devicescript-/;

/** What the program says when it cannot start; `devs/main.ts`. */
const REFUSAL = "streetnode cannot start: ";

/** Follows a start in its log. */
export class BootLog {
  state: BootState = "silent";
  /** The verdict, once the state is `judged`. */
  verdict: SelfTest | undefined;
  /** Why the program cannot start, once the state is `refused`. */
  refusal = "";
  /** Whether anything at all has arrived. */
  heard = false;
  readonly #lines = new LogLines();
  #starts = 0;
  #checks: string[] = [];

  push(bytes: Uint8Array): void {
    if (bytes.length > 0) this.heard = true;
    for (const line of this.#lines.push(bytes)) {
      const event = this.#read(line);
      if (event === "started") this.#starts++;
      this.state = nextBootState(this.state, event, this.#starts);
    }
  }

  #read(line: string): BootEvent {
    const tag = line.indexOf(SELF_TEST_TAG + "{");
    if (tag >= 0) return this.#readReport(line.slice(tag + SELF_TEST_TAG.length));
    const refusal = line.indexOf(REFUSAL);
    if (refusal >= 0) {
      this.refusal = line.slice(refusal + REFUSAL.length);
      return "refusal";
    }
    if (STARTED.test(line)) {
      this.#checks = [];
      return "started";
    }
    if (line.startsWith("invalid header: 0x")) return "no-image";
    return "other";
  }

  /** A line of the report; one that is damaged is passed over. */
  #readReport(text: string): BootEvent {
    let part: unknown;
    try {
      part = JSON.parse(text);
    } catch {
      return "other";
    }
    if (typeof part !== "object" || part === null) return "other";
    const { pass, node, checks } = part as Record<string, unknown>;
    if (!Array.isArray(checks) || !checks.every((check) => typeof check === "string"))
      return "other";
    this.#checks.push(...checks);
    if (typeof pass !== "boolean" || typeof node !== "string") return "other";
    this.verdict = { pass, node, checks: this.#checks };
    return "verdict";
  }
}
