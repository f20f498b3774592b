/**
 * UTC on a node without a clock of its own: from the city's beacon, which says the time
 * every half minute, and between those that the node hears from its crystal, whose error is
 * measured against them.
 */

/** 1 January 2026 in seconds since 1970: no beacon is older than this firmware. */
export const EARLIEST_UTC_S = 1767225600;
/** 1 January 2100: what is later is no time in seconds. */
const LATEST_UTC_S = 4102444800;
/** A beacon so far off may be late, or the clock wrong: nearer ones are believed at once. */
const NEAR_S = 10;
/** A beacon farther off is refused. */
const FAR_S = 86400;
/**
 * How long other beacons must agree with each other before they are believed against the
 * clock: a set of messages that a broker kept does not agree, since all of it comes at once.
 */
const STEP_AFTER_S = 45;
/** The same for beacons that are refused: else one that lied after a start would be for ever. */
const GIVE_IN_AFTER_S = 3600;
/**
 * How long one beacon is enough. All of them would be a third of what a node sends and
 * hears, and a crystal is off by 0.1 s in this time.
 */
const LISTEN_AGAIN_S = 1800;
/**
 * Time between two beacons from which the crystal's error shows, and the most that it can
 * be, in seconds a second. A beacon comes late, never early: one that is behind the clock
 * by more than that was delayed.
 */
const DRIFT_BASE_S = 1800;
const DRIFT_MAX = 0.0001;
/** A beacon so much earlier than awaited shows that those before it were late. */
const WAS_LATE_S = 0.5;

/** The city's UTC on the node. Its own times are seconds since the program started. */
export class CityClock {
  /** Beacons that were refused: no number, before 2026, kept by the broker, or more than a day off. */
  refused: number = 0;
  /** UTC minus own time, at `atS`; NaN while no beacon was heard. */
  private offsetS: number = NaN;
  private atS: number = -LISTEN_AGAIN_S;
  /** Seconds that the city gains on the crystal in one second. */
  private drift: number = 0;
  /** What the drift is measured from. */
  private anchorOffsetS: number = 0;
  private anchorAtS: number = 0;
  /** Beacons that contradict the clock: what they say, and since when. */
  private otherOffsetS: number = NaN;
  private otherSinceS: number = 0;

  /** UTC minus own time in seconds at that own time, NaN while it is unknown. */
  utcOffsetS(nowS: number): number {
    return this.offsetS + this.drift * (nowS - this.atS);
  }

  /** Whether the next beacon is wanted: the last one is long ago, or contradicted the clock. */
  wantsBeacon(nowS: number): boolean {
    return nowS - this.atS >= LISTEN_AGAIN_S || !isNaN(this.otherOffsetS);
  }

  /**
   * Hears a beacon: UTC in seconds since 1970, with decimals, as far as it is a number.
   * `kept` says that the broker had kept it for this node. False, and counted, where it
   * is refused.
   */
  beacon(utcS: unknown, kept: boolean, nowS: number): boolean {
    const plausible =
      typeof utcS === "number" && !kept && utcS >= EARLIEST_UTC_S && utcS < LATEST_UTC_S;
    if (!plausible) {
      this.refused++;
      return false;
    }
    const offsetS = (utcS as number) - nowS;
    const errorS = offsetS - this.utcOffsetS(nowS);
    if (isNaN(errorS)) {
      this.set(offsetS, nowS);
      return true;
    }
    const far = errorS > FAR_S || errorS < -FAR_S;
    if (errorS > NEAR_S || errorS < -NEAR_S) {
      this.contradicted(offsetS, far ? GIVE_IN_AFTER_S : STEP_AFTER_S, nowS);
      if (far) this.refused++;
      return !far;
    }
    this.otherOffsetS = NaN;
    const leastS = DRIFT_MAX * (this.atS - nowS);
    this.offsetS = this.utcOffsetS(nowS) + Math.max(errorS, leastS);
    this.atS = nowS;
    if (errorS > WAS_LATE_S) {
      this.anchorOffsetS = this.offsetS;
      this.anchorAtS = nowS;
    }
    const sinceS = nowS - this.anchorAtS;
    if (sinceS >= DRIFT_BASE_S) {
      const drift = (this.offsetS - this.anchorOffsetS) / sinceS;
      this.drift = Math.max(-DRIFT_MAX, Math.min(DRIFT_MAX, drift));
    }
    return true;
  }

  private set(offsetS: number, nowS: number): void {
    this.offsetS = offsetS;
    this.atS = nowS;
    this.drift = 0;
    this.anchorOffsetS = offsetS;
    this.anchorAtS = nowS;
    this.otherOffsetS = NaN;
  }

  /** A beacon says another time than the clock: it is believed when others have said so for long enough. */
  private contradicted(offsetS: number, agreeS: number, nowS: number): void {
    const apartS = offsetS - this.otherOffsetS;
    // Also false for NaN.
    if (!(apartS <= NEAR_S && apartS >= -NEAR_S)) {
      this.otherOffsetS = offsetS;
      this.otherSinceS = nowS;
    } else if (nowS - this.otherSinceS >= agreeS) {
      this.set(offsetS, nowS);
    }
  }
}
