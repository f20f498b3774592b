import type { ChannelConfig } from "../../../devs/contract/config";

/** A metric whose values are younger than this moves from sample to sample. */
const FAST_MS = 1000;
/** So near each other a fast metric is looked at where it seems to be off: nearer than it moves. */
const FINE_MS = 25;

/** How far from the truth a sensor's value may be, and how old it may be when it is read. */
export interface StatedError {
  readonly absolute: number;
  readonly pct: number;
  readonly ageMs: number;
}

/** What a node reported of one metric, and what it was to report. */
export interface ReportedCurve {
  readonly channel: ChannelConfig;
  readonly stated: StatedError;
  /** When its reports were measured, in milliseconds from the start of the run, ascending. */
  readonly times: readonly number[];
  readonly values: readonly number[];
  /** The end of the run. */
  readonly endMs: number;
  /** The world's value; undefined where there is none. */
  truth(timeMs: number): number | undefined;
  /** Whether the sensor cannot be asked for the truth then. */
  excused(timeMs: number): boolean;
  /** When the program started anew. */
  readonly restartsMs: readonly number[];
}

/** A change that the node ought to have reported, where it was first clear. */
export interface SwallowedChange {
  readonly timeMs: number;
  readonly believed: number;
  readonly truth: number;
}

/**
 * What a node ought to have reported and did not: the city's curve (steps, or the lines of a
 * swinging door) is farther from the truth than the rule and the sensor allow, for longer
 * than a sample takes. It counts once, until the node says something again. A channel whose
 * filter smooths or takes out spikes is left aside, and so is a swinging door's line whose
 * end a restart took away.
 */
export function swallowedChanges(curve: ReportedCurve): SwallowedChange[] {
  const { channel, stated, times, endMs } = curve;
  const { report, periodS } = channel;
  const rewritten = channel.smooth ?? channel.spike ?? channel.calibrate ?? channel.rate;
  const hasDoor = report?.swingingDoor !== undefined;
  if (!channel.on || rewritten || !(hasDoor || report?.deadband !== undefined)) return [];
  const periodMs = periodS * 1000;
  // What moves within a sample must stay off for all of the time, not at some instants.
  const isFast = stated.ageMs < FAST_MS;
  const stepMs = isFast ? Math.min(periodMs, FAST_MS / 2) : periodMs;
  const neededMs = 2 * periodMs + stated.ageMs + (report?.shortestS ?? 0) * 1000;
  const found: SwallowedChange[] = [];
  let at = 0;
  let side = 0;
  let sinceMs = 0;
  for (let timeMs = times[0] ?? endMs; timeMs < endMs - neededMs; timeMs += stepMs) {
    while ((times[at + 1] ?? Infinity) <= timeMs) {
      at++;
      side = 0;
    }
    const nextMs = times[at + 1];
    // A swinging door's line stands when its end is told.
    if (hasDoor && nextMs === undefined) break;
    if (hasDoor && hasRestart(curve, times[at] ?? 0, nextMs ?? 0)) {
      timeMs = (nextMs ?? endMs) - stepMs;
      continue;
    }
    const now = sideOff(curve, at, timeMs);
    if (now === 0 || now !== side) {
      side = now;
      sinceMs = timeMs;
    } else if (timeMs - sinceMs > neededMs) {
      const wellMs = isFast ? lastNotOffMs(curve, at, side, sinceMs, timeMs) : undefined;
      if (wellMs !== undefined) {
        sinceMs = wellMs;
        continue;
      }
      const truth = curve.truth(timeMs) ?? NaN;
      found.push({ timeMs, believed: believedAt(curve, at, timeMs), truth });
      timeMs = (nextMs ?? endMs) - stepMs;
    }
  }
  return found;
}

/** What the city takes the value to be, by the report `at` and, of a swinging door, the next. */
function believedAt({ channel, times, values }: ReportedCurve, at: number, timeMs: number): number {
  const value = values[at] ?? NaN;
  const fromMs = times[at] ?? 0;
  const toMs = times[at + 1] ?? fromMs;
  if (channel.report?.swingingDoor === undefined || toMs === fromMs) return value;
  return value + (((values[at + 1] ?? NaN) - value) * (timeMs - fromMs)) / (toMs - fromMs);
}

/** On which side of what is believed the truth is off, -1 or 1; 0 where it is not, or cannot be asked for. */
function sideOff(curve: ReportedCurve, at: number, timeMs: number): number {
  const { report, range } = curve.channel;
  const { absolute, pct } = curve.stated;
  const believed = believedAt(curve, at, timeMs);
  const truth = curve.truth(timeMs) ?? NaN;
  const band = Math.max(
    report?.swingingDoor ?? report?.deadband ?? 0,
    ((report?.deadbandPct ?? 0) / 100) * Math.abs(believed),
  );
  const allowed = band + 2 * (absolute + (pct / 100) * Math.abs(truth));
  const inRange = truth >= (range?.min ?? -Infinity) && truth <= (range?.max ?? Infinity);
  const isOff = Math.abs(truth - believed) > allowed;
  return isOff && inRange && !curve.excused(timeMs) ? Math.sign(truth - believed) : 0;
}

/** The last instant between two at which the truth was not off on that side; undefined where it always was. */
function lastNotOffMs(
  curve: ReportedCurve,
  at: number,
  side: number,
  sinceMs: number,
  untilMs: number,
): number | undefined {
  for (let timeMs = untilMs; timeMs > sinceMs; timeMs -= FINE_MS)
    if (sideOff(curve, at, timeMs) !== side) return timeMs;
  return undefined;
}

function hasRestart({ restartsMs }: ReportedCurve, fromMs: number, toMs: number): boolean {
  return restartsMs.some((atMs) => atMs > fromMs && atMs < toMs);
}
