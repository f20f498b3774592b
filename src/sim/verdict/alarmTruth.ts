import type { AlarmDescription } from "../../../devs/contract/chain";
import { channelConfig, sectionConfig } from "../../../devs/contract/config";
import type { EventMessage } from "../../../devs/contract/messages";
import { metricNames } from "../../../devs/contract/metrics";
import type { Surroundings } from "../world/surroundings";
import { CHIP_OF, type Excuse } from "./truth";

/** What alarms the world asked for, and what became of them. */
export interface AlarmAccount {
  /** Times that the world was beyond a threshold for longer than the alarm waits. */
  readonly due: number;
  /** Of those, never told to the city. */
  readonly missed: number;
  /** Told to the city although the world was on the good side. */
  readonly false: number;
  /** Told to the city so long after they were due as the scenario calls late. */
  readonly late: number;
  /** From when it was due until the city knew; 0 where none was. */
  readonly slowestS: number;
}

/** A value so near to a threshold may raise the alarm or not. */
const NEAR_PCT = 2;
const NEAR_LEAST = 0.3;
/** An alarm may come so much after it was due: the sample, the way to the city. */
const SLACK_MS = 60_000;
/** It may have been raised so long before it was due: the world came near to the threshold then. */
const EARLY_MS = 600_000;
/** A node knows the time of an event to the second. */
const TIME_STEP_MS = 2000;
/** So near each other a world is looked at that seems to have been beyond a threshold all the time. */
const FINE_MS = 500;
const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

/** What the city heard of one alarm. */
interface Heard {
  readonly raised: boolean;
  /** When it happened, as far as the city was told rightly. */
  readonly atMs: number;
  readonly nowMs: number;
}

/** What the world is asked with. */
export interface AlarmJudge {
  readonly world: Surroundings;
  readonly configuration: object;
  /** What has an excuse is not asked for. */
  readonly excuses: readonly Excuse[];
  /** UTC at the start of the run: some alarms apply in a part of the day only. */
  readonly startUtcMs: number;
  /** The length of the run. */
  readonly endMs: number;
}

/** Sets the alarms that one node's city heard of against the world. */
export class AlarmTruth {
  readonly #lateAfterMs: number;
  readonly #heard = new Map<string, Heard[]>();

  /** @param lateAfterMs an alarm that the city learns of later than this after it was due is late */
  constructor(lateAfterMs: number) {
    this.#lateAfterMs = lateAfterMs;
  }

  /** The city learned of an alarm that was raised, or cleared, at a time. */
  event({ event, channel, threshold }: EventMessage, atMs: number, nowMs: number): void {
    if (event !== "alarm-raised" && event !== "alarm-cleared") return;
    const key = `${channel} ${threshold}`;
    const heard = this.#heard.get(key) ?? [];
    this.#heard.set(key, heard);
    // Nothing is told before it happens: that time is a wrong beacon's.
    const thenMs = atMs > nowMs + TIME_STEP_MS ? nowMs : atMs;
    heard.push({ raised: event === "alarm-raised", atMs: thenMs, nowMs });
  }

  account(judge: AlarmJudge): AlarmAccount {
    const sum = { due: 0, missed: 0, false: 0, late: 0, slowestS: 0 };
    for (const metric of metricNames()) {
      const channel = channelConfig(judge.configuration as Record<string, unknown>, metric);
      for (const alarm of channel.on ? (channel.alarms ?? []) : [])
        this.#judge(metric, alarm, channel.periodS * 1000, judge, sum);
    }
    return sum;
  }

  #judge(
    metric: string,
    alarm: AlarmDescription,
    periodMs: number,
    { world, configuration, excuses, startUtcMs, endMs }: AlarmJudge,
    sum: { due: number; missed: number; false: number; late: number; slowestS: number },
  ): void {
    const threshold = alarm.above ?? alarm.below ?? NaN;
    const sign = alarm.above === undefined ? -1 : 1;
    const near = Math.max(NEAR_LEAST, (NEAR_PCT / 100) * Math.abs(threshold));
    const { utcOffsetMin } = sectionConfig(configuration as Record<string, unknown>, "time");
    const localMs = startUtcMs + utcOffsetMin * 60_000;
    const applies = (timeMs: number) => alarm.during?.includes(partOfDay(localMs + timeMs)) ?? true;
    const beyond = (timeMs: number) =>
      applies(timeMs) ? sign * ((world.value(metric, timeMs) ?? NaN) - threshold) : -Infinity;
    const waitMs = (alarm.raiseDelayS ?? 0) * 1000 + 2 * periodMs;
    const heard = this.#heard.get(`${metric} ${threshold}`) ?? [];
    const raised = heard.filter((one) => one.raised);
    const excused = (timeMs: number) =>
      excuses.some(
        ({ chip, metric: only, fromMs, toMs }) =>
          (chip === undefined || chip === (CHIP_OF[metric] ?? chip)) &&
          (only === undefined || only === metric) &&
          timeMs >= fromMs - waitMs &&
          timeMs < toMs,
      );

    let sinceMs: number | undefined;
    let counted = false;
    for (let timeMs = 0; timeMs < endMs - SLACK_MS; timeMs += periodMs) {
      const past = beyond(timeMs);
      if (past < -near || excused(timeMs)) counted = false;
      if (!(past > near) || excused(timeMs)) sinceMs = undefined;
      else {
        sinceMs ??= timeMs;
        if (counted || timeMs - sinceMs <= waitMs) continue;
        const fromMs = sinceMs - waitMs - EARLY_MS;
        const untilMs = timeMs + SLACK_MS;
        const known = raised.find(({ atMs, nowMs }) =>
          [atMs, nowMs].some((ms) => ms >= fromMs && ms <= untilMs),
        );
        const still = heard.filter(({ atMs }) => atMs < timeMs).at(-1)?.raised;
        // Between two looks the world may have come back, and the node begun to wait anew.
        const backMs = known || still ? undefined : lastBackMs(beyond, near, sinceMs, timeMs);
        if (backMs !== undefined) {
          sinceMs = backMs;
          continue;
        }
        counted = true;
        sum.due++;
        if (known) {
          const afterMs = known.nowMs - timeMs;
          sum.slowestS = Math.max(sum.slowestS, Math.round(afterMs / 1000));
          if (afterMs > this.#lateAfterMs) sum.late++;
        } else if (!still) sum.missed++;
      }
    }
    for (const { atMs } of raised) {
      const raisedFor = [0, 1, 2].map((i) => beyond(atMs - i * periodMs));
      if (Math.max(...raisedFor) < -near && !excused(atMs)) sum.false++;
    }
  }
}

/** The last time between two at which the world was not clearly beyond; undefined where it always was. */
function lastBackMs(
  beyond: (timeMs: number) => number,
  near: number,
  sinceMs: number,
  untilMs: number,
): number | undefined {
  for (let timeMs = untilMs; timeMs > sinceMs; timeMs -= FINE_MS)
    if (!(beyond(timeMs) > near)) return timeMs;
  return undefined;
}

/** The part of the day at a local time: from 7, 19 and 23 h (2002/49/EC, annex I). */
function partOfDay(localMs: number): string {
  const hour = (localMs % DAY_MS) / HOUR_MS;
  if (hour < 7 || hour >= 23) return "night";
  return hour < 19 ? "day" : "evening";
}
