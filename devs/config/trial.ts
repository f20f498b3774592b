/**
 * Whether a changed configuration proves itself: a node that loses its broker within ten
 * minutes of a change, and does not get it back in another ten, goes back to the one before.
 */

/** How long after a change a lost connection is blamed on it. */
export const WATCH_MS = 600000;
/** How long the connection may then stay away. */
export const AWAY_MS = 600000;

export enum TrialState {
  /** Nothing is on trial. */
  None,
  /** Changed not long ago, and connected. */
  Connected,
  /** The connection was lost while on trial. */
  Away,
}

/** What `step` asks for. */
export enum TrialVerdict {
  None,
  /** The change has proved itself. */
  Keep,
  RollBack,
}

/** The trial of one change. */
export class Trial {
  state: TrialState = TrialState.None;
  /** When the state ends by itself. */
  private untilMs: number = 0;
  private watchedUntilMs: number = 0;

  /** A change was applied, or the node restarted during the trial of one. */
  begin(nowMs: number, connected: boolean): void {
    this.watchedUntilMs = nowMs + WATCH_MS;
    this.state = connected ? TrialState.Connected : TrialState.Away;
    this.untilMs = connected ? this.watchedUntilMs : nowMs + AWAY_MS;
  }

  /** To be called when the connection changed, and every few seconds. */
  step(nowMs: number, connected: boolean): TrialVerdict {
    switch (this.state) {
      case TrialState.None:
        return TrialVerdict.None;
      case TrialState.Connected:
        if (nowMs >= this.untilMs) return this.end(TrialVerdict.Keep);
        if (!connected) {
          this.state = TrialState.Away;
          this.untilMs = nowMs + AWAY_MS;
        }
        return TrialVerdict.None;
      case TrialState.Away:
        if (connected) {
          if (nowMs >= this.watchedUntilMs) return this.end(TrialVerdict.Keep);
          this.state = TrialState.Connected;
          this.untilMs = this.watchedUntilMs;
          return TrialVerdict.None;
        }
        return nowMs >= this.untilMs ? this.end(TrialVerdict.RollBack) : TrialVerdict.None;
    }
  }

  private end(verdict: TrialVerdict): TrialVerdict {
    this.state = TrialState.None;
    return verdict;
  }
}
