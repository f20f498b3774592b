import type { AlarmDescription } from "../../../devs/contract/chain";
import { channelConfig } from "../../../devs/contract/config";
import type { EventMessage } from "../../../devs/contract/messages";
import { metricNames } from "../../../devs/contract/metrics";
import type { Surroundings } from "../world/surroundings";
import type { Excuse } from "./truth";

/** What alarms the world asked for, and what became of them. */
export interface AlarmAccount {
  /** Times that the world was beyond a threshold for longer than the alarm waits. */
  readonly due: number;
  /** Of those, never told to the city. */
  readonly missed: number;
  /** Told to the city although the world was on the good side. */
  readonly false: number;
  /** From when it was due until the city knew; 0 where none was. */
  readonly slowestS: number;
}

/** A value so near to a threshold may raise the alarm or not. */
const NEAR_PCT = 2;
const NEAR_LEAST = 0.3;
/** An alarm may come so much after it was due: the sample, the way to the city. */
const SLACK_MS = 60_000;

/** Sets the alarms that one node's city heard of against the world. */
export class AlarmTruth {
  readonly #heard: { key: string; atMs: number; nowMs: number }[] = [];

  /** The city learned of an alarm that was raised at a time. */
  raised({ channel, threshold }: EventMessage, atMs: number, nowMs: number): void {
    this.#heard.push({ key: `${channel} ${threshold}`, atMs, nowMs });
  }

  /** The account of a run of that length; what has an excuse is not asked for. */
  account(
    world: Surroundings,
    configuration: object,
    excuses: readonly Excuse[],
    endMs: number,
  ): AlarmAccount {
    const sum = { due: 0, missed: 0, false: 0, slowestS: 0 };
    for (const metric of metricNames()) {
      const channel = channelConfig(configuration as Record<string, unknown>, metric);
      for (const alarm of channel.on ? (channel.alarms ?? []) : [])
        this.#judge(metric, alarm, channel.periodS * 1000, world, excuses, endMs, sum);
    }
    return sum;
  }

  #judge(
    metric: string,
    alarm: AlarmDescription,
    periodMs: number,
    world: Surroundings,
    excuses: readonly Excuse[],
    endMs: number,
    sum: { due: number; missed: number; false: number; slowestS: number },
  ): void {
    const threshold = alarm.above ?? alarm.below ?? NaN;
    const sign = alarm.above === undefined ? -1 : 1;
    const near = Math.max(NEAR_LEAST, (NEAR_PCT / 100) * Math.abs(threshold));
    const beyond = (timeMs: number) => sign * ((world.value(metric, timeMs) ?? NaN) - threshold);
    const waitMs = (alarm.raiseDelayS ?? 0) * 1000 + 2 * periodMs;
    const heard = this.#heard.filter(({ key }) => key === `${metric} ${threshold}`);
    const excused = (timeMs: number) =>
      excuses.some(
        ({ metric: only, fromMs, toMs }) =>
          (only === undefined || only === metric) && timeMs >= fromMs - waitMs && timeMs < toMs,
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
        counted = true;
        sum.due++;
        // It may have been raised as soon as the world came near to the threshold.
        const fromMs = sinceMs - waitMs - 600_000;
        const known = heard.find(({ atMs }) => atMs >= fromMs && atMs <= timeMs + SLACK_MS);
        const still = heard.some(({ atMs }) => atMs < timeMs);
        if (known) sum.slowestS = Math.max(sum.slowestS, Math.round((known.nowMs - timeMs) / 1000));
        else if (!still) sum.missed++;
      }
    }
    for (const { atMs } of heard) {
      const raisedFor = [0, 1, 2].map((i) => beyond(atMs - i * periodMs));
      if (Math.max(...raisedFor) < -near && !excused(atMs)) sum.false++;
    }
  }
}
