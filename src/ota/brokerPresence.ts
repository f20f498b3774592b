import type { OtaClock } from "./clock";

/** Since when the city's broker is there, and with it what its nodes say. */
export class BrokerPresence {
  readonly #clock: OtaClock;
  readonly #connected: () => boolean;
  readonly #startedMs: number;
  /** Endless while it is away. */
  #sinceMs = -Infinity;

  constructor(clock: OtaClock, connected: () => boolean) {
    this.#clock = clock;
    this.#connected = connected;
    this.#startedMs = clock.nowMs();
  }

  /** Takes note of whether it is there now; to be called in every turn. */
  look(): boolean {
    const connected = this.#connected();
    if (!connected) this.#sinceMs = Infinity;
    else if (this.#sinceMs === Infinity) this.#sinceMs = this.#clock.nowMs();
    return connected;
  }

  /** How long it had been there at that time; endlessly negative when it is away. */
  thereForMs(atMs: number): number {
    return this.#connected() ? atMs - this.#sinceMs : -Infinity;
  }

  /** How long something has been so while it could have been heard that it is not. */
  heardForMs(sinceMs: number): number {
    return this.#clock.nowMs() - Math.max(sinceMs, this.#startedMs, this.#sinceMs);
  }
}
