/** The time that updates run by: the machine's own, or a simulation's. */
export interface OtaClock {
  /** Milliseconds since 1970, UTC. */
  nowMs(): number;
  /** Calls back once, after so many milliseconds. */
  after(delayMs: number, callback: () => void): { cancel(): void };
}

/** The machine's own clock. */
export const realOtaClock: OtaClock = {
  nowMs: () => Date.now(),
  after(delayMs, callback) {
    const timer = setTimeout(callback, delayMs);
    return { cancel: () => clearTimeout(timer) };
  },
};
