import type { ChainDescription } from "../../devs/contract/chain";
import { LARGEST_VALUE } from "../../devs/contract/chain";
// The very code of the node: what is shown here is what a node does.
import { createChain } from "../../devs/filter/createChain";
import { Outcome } from "../../devs/filter/outcome";

/** A value at a time, in seconds. */
export interface Point {
  readonly timeS: number;
  readonly value: number;
}

/** An alarm that was raised or cleared. */
export interface AlarmEvent extends Point {
  /** Index of the alarm in the description. */
  readonly alarm: number;
  readonly event: "raised" | "cleared";
  readonly severity: string;
}

/** What a chain made of a signal. */
export interface ChainRun {
  readonly samples: readonly Point[];
  /** Filtered values of the accepted samples. */
  readonly filtered: readonly Point[];
  readonly reports: readonly Point[];
  readonly alarms: readonly AlarmEvent[];
  /** Whether lines between the reports rebuild the signal, or each report holds until the next. */
  readonly rebuiltByLines: boolean;
  /** Greatest distance of a filtered value from the rebuilt signal. */
  readonly largestError: number;
}

/**
 * Runs a chain over samples as the node would: what the chain still holds at the end is
 * reported, as it is when a sensor falls silent.
 */
export function runChain(description: ChainDescription, samples: readonly Point[]): ChainRun {
  const chain = createChain(description);
  const filtered: Point[] = [];
  const reports: Point[] = [];
  const alarms: AlarmEvent[] = [];
  for (const { timeS, value } of samples) {
    const outcome = chain.accept(value, timeS);
    if (outcome & Outcome.Rejected) continue;
    filtered.push({ timeS, value: chain.value });
    if (outcome & Outcome.EarlierReport)
      reports.push({ timeS: chain.earlierTimeS ?? NaN, value: chain.earlierValue ?? NaN });
    if (outcome & Outcome.Report)
      reports.push({ timeS: chain.reportTimeS, value: chain.reportValue });
    if (!(outcome & Outcome.Alarm) || !chain.alarms) continue;
    const { changed, raised } = chain.alarms;
    for (let alarm = 0; alarm < chain.alarms.count(); alarm++) {
      if ((changed & (1 << alarm)) === 0) continue;
      const event = raised & (1 << alarm) ? "raised" : "cleared";
      const severity = chain.alarms.severity(alarm);
      alarms.push({ alarm, event, severity, timeS, value: chain.value });
    }
  }
  if (chain.flush() & Outcome.Report)
    reports.push({ timeS: chain.reportTimeS, value: chain.reportValue });
  const rebuiltByLines = description.report?.swingingDoor !== undefined;
  const largestError = rebuiltByLines
    ? largestErrorOfLines(filtered, reports)
    : largestErrorOfHolding(filtered, reports);
  return { samples, filtered, reports, alarms, rebuiltByLines, largestError };
}

/** Each report holds until the next. */
function largestErrorOfHolding(values: readonly Point[], reports: readonly Point[]): number {
  let largest = 0;
  let next = 0;
  let held = NaN;
  for (const { timeS, value } of values) {
    for (; next < reports.length && (reports[next]?.timeS ?? Infinity) <= timeS; next++)
      held = reports[next]?.value ?? NaN;
    largest = Math.max(largest, Math.abs(value - held));
  }
  return largest;
}

/** Straight lines between the reports; where two have one time, the nearer line counts. */
function largestErrorOfLines(values: readonly Point[], reports: readonly Point[]): number {
  let largest = 0;
  let at = 0;
  for (const point of values) {
    while (at + 2 < reports.length && (reports[at + 1]?.timeS ?? Infinity) < point.timeS) at++;
    let error = LARGEST_VALUE;
    for (let k = at; k < reports.length; k++) {
      const from = reports[k];
      if (!from || from.timeS > point.timeS) break;
      error = Math.min(error, distanceFromLine(point, from, reports[k + 1] ?? from));
    }
    largest = Math.max(largest, error);
  }
  return largest;
}

function distanceFromLine(point: Point, from: Point, to: Point): number {
  if (to.timeS > from.timeS) {
    const share = (point.timeS - from.timeS) / (to.timeS - from.timeS);
    return Math.abs(from.value + share * (to.value - from.value) - point.value);
  }
  const low = Math.min(from.value, to.value);
  const high = Math.max(from.value, to.value);
  return Math.max(0, low - point.value, point.value - high);
}
