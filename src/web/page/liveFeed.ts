import type { CityAlive, CityChange, CitySnapshot } from "../feed";

/**
 * How the page stands to the server:
 * - `connecting`: nothing has arrived yet;
 * - `live`: something arrived within `SILENCE_MAX_MS`;
 * - `lost`: it was live, and is trying to be so again.
 */
export type LiveState = "connecting" | "live" | "lost";

/** The part of EventSource that is used. */
export interface EventLine {
  addEventListener(name: string, listener: (event: MessageEvent<string>) => void): void;
  onerror: ((event: Event) => void) | null;
  close(): void;
}

export interface LiveFeedListener {
  snapshot(snapshot: CitySnapshot): void;
  change(change: CityChange): void;
  /** Also called when a first connection fails, with `connecting`. */
  stateChanged(state: LiveState): void;
  /** A line was lost, or refused: the server may want to know who asks. */
  failed(): void;
}

/** The server speaks at least every 5 s; silence of this length means that the line is dead. */
export const SILENCE_MAX_MS = 12_000;
/** A new connection is tried after this time. */
export const RETRY_MS = 2000;

/**
 * Keeps a line to the server open. The browser's own retrying is not relied on: it ends for
 * good at some answers, and does not see a line that went dead silently.
 */
export class LiveFeed {
  state: LiveState = "connecting";
  /** Server's clock minus this computer's, in milliseconds. */
  skewMs = 0;
  readonly #open: () => EventLine;
  readonly #listener: LiveFeedListener;
  #line: EventLine | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #failed = false;

  constructor(open: () => EventLine, listener: LiveFeedListener) {
    this.#open = open;
    this.#listener = listener;
  }

  /** Whether a connection was lost or refused, ever. */
  get hasFailed(): boolean {
    return this.#failed;
  }

  /** Connects, or connects anew. */
  start(): void {
    this.#hangUp();
    const line = this.#open();
    this.#line = line;
    this.#on<CitySnapshot>(line, "snapshot", (data) => this.#listener.snapshot(data));
    this.#on<CityChange>(line, "change", (data) => this.#listener.change(data));
    this.#on<CityAlive>(line, "alive", () => {});
    line.onerror = () => this.#lost();
    this.#timer = setTimeout(() => this.#lost(), SILENCE_MAX_MS);
  }

  /** Ends the line, as if there never was one. */
  stop(): void {
    this.#hangUp();
    this.#failed = false;
    this.#enter("connecting");
  }

  /** The server's clock, UTC in milliseconds. */
  nowMs(): number {
    return Date.now() + this.skewMs;
  }

  #on<T extends { nowMs: number }>(line: EventLine, name: string, use: (data: T) => void): void {
    line.addEventListener(name, (event) => {
      if (line !== this.#line) return;
      const data = JSON.parse(event.data) as T;
      this.skewMs = data.nowMs - Date.now();
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#lost(), SILENCE_MAX_MS);
      use(data);
      this.#enter("live");
    });
  }

  #lost(): void {
    this.#failed = true;
    this.#hangUp();
    this.#timer = setTimeout(() => this.start(), RETRY_MS);
    if (this.state === "connecting") this.#listener.stateChanged("connecting");
    else this.#enter("lost");
    this.#listener.failed();
  }

  #enter(state: LiveState): void {
    if (state === this.state) return;
    this.state = state;
    this.#listener.stateChanged(state);
  }

  #hangUp(): void {
    clearTimeout(this.#timer);
    this.#line?.close();
    this.#line = undefined;
  }
}
