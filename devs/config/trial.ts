/**
 * Whether a changed configuration proves itself: a node that loses its broker within ten
 * minutes of a change, and does not get it back in another ten, goes back to the one before.
 */

/** How long after a change a lost connection is blamed on it. */
export const WATCH_MS = 600000;
/** How long the connection may then stay away. */
export const AWAY_MS = 600000;

/** What `step` asks for. */
export enum TrialVerdict {
  None,
  /** The change has proved itself. */
  Keep,
  RollBack,
}

/** The trial of one change. */
export class Trial {
  /** Until when a lost connection is blamed on the change; 0 where nothing is on trial. */
  private watchedUntilMs: number = 0;
  /** Until when the connection may stay away; 0 while it stands. */
  private awayUntilMs: number = 0;

  /** A change was applied, or the node restarted during the trial of one. */
  begin(nowMs: number): void {
    this.watchedUntilMs = nowMs + WATCH_MS;
    this.awayUntilMs = 0;
  }

  /** To be called at once, when the connection comes, and every few seconds. */
  step(nowMs: number, connected: boolean): TrialVerdict {
    if (this.watchedUntilMs === 0) return TrialVerdict.None;
    if (connected) this.awayUntilMs = 0;
    else if (this.awayUntilMs === 0) this.awayUntilMs = nowMs + AWAY_MS;
    if (nowMs < (connected ? this.watchedUntilMs : this.awayUntilMs)) return TrialVerdict.None;
    this.watchedUntilMs = 0;
    return connected ? TrialVerdict.Keep : TrialVerdict.RollBack;
  }
}
