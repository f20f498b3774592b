import type { ChainDescription } from "../../devs/contract/chain";
import { createChain } from "../../devs/filter/createChain";
import { Outcome } from "../../devs/filter/outcome";

/** What a chain made of a signal. */
export class ChainRun {
  /** Accepted samples: time and filtered value. */
  readonly timeS: number[] = [];
  readonly value: number[] = [];
  /** Reports in the order in which they were made. */
  readonly reportTimeS: number[] = [];
  readonly report: number[] = [];
  /** For each accepted sample the number of reports made when it had been taken. */
  readonly reportsAfter: number[] = [];
  /** Changes of the first alarm: index of the accepted sample, and whether it was raised. */
  readonly alarmAt: number[] = [];
  readonly alarmRaised: boolean[] = [];
  rejected = 0;
  /** What was wrong, the first time; empty when nothing was. */
  fault = "";

  /** Takes a signal; `pause` is called now and then. At the end what is open is flushed. */
  async take(
    description: ChainDescription,
    values: number[],
    times: number[],
    pause: () => Promise<void>,
  ): Promise<void> {
    const chain = createChain(description);
    for (let i = 0; i < values.length; i++) {
      const outcome = chain.accept(values[i], times[i]);
      if (outcome === Outcome.Rejected) this.rejected++;
      else {
        if ((outcome & Outcome.Accepted) === 0) this.fail("neither accepted nor rejected");
        this.timeS.push(chain.timeS);
        this.value.push(chain.value);
        if (chain.timeS !== times[i]) this.fail("the time is not the sample's");
        if (!(Math.abs(chain.value) < Infinity)) this.fail("the filtered value is no number");
        if ((outcome & Outcome.EarlierReport) !== 0) {
          if ((outcome & Outcome.Report) === 0) this.fail("an earlier report without a report");
          this.addReport(chain.earlierValue as number, chain.earlierTimeS as number);
        }
        if ((outcome & Outcome.Report) !== 0) this.addReport(chain.reportValue, chain.reportTimeS);
        this.reportsAfter.push(this.report.length);
        if ((outcome & Outcome.Alarm) !== 0 && chain.alarms && (chain.alarms.changed & 1) !== 0) {
          this.alarmAt.push(this.value.length - 1);
          this.alarmRaised.push((chain.alarms.raised & 1) !== 0);
        }
      }
      if (i % 50 === 49) await pause();
    }
    if ((chain.rejected ?? 0) !== this.rejected) this.fail("the rejected are not counted right");
    if (chain.flush() !== 0) this.addReport(chain.reportValue, chain.reportTimeS);
  }

  private addReport(value: number, timeS: number): void {
    this.report.push(value);
    this.reportTimeS.push(timeS);
    if (!(Math.abs(value) < Infinity)) this.fail("a report is no number");
    if (!(Math.abs(timeS) < Infinity)) this.fail("a report has no time");
  }

  private fail(what: string): void {
    if (this.fault === "") this.fault = what + " at accepted sample " + (this.value.length - 1);
  }
}

/** Share of a value that rounding may take. */
const ROUNDING = 1e-9;

/** At every accepted sample, value and last report differ by at most the band. */
export function deadbandFault(run: ChainRun, band: number, bandPct: number): string {
  for (let i = 0; i < run.value.length; i++) {
    const last = run.report[run.reportsAfter[i] - 1];
    const allowed = Math.max(band, (bandPct / 100) * Math.abs(last));
    if (!(Math.abs(run.value[i] - last) <= allowed + ROUNDING * Math.abs(last)))
      return "sample " + i + " is " + run.value[i] + ", the last report " + last;
  }
  return "";
}

/**
 * Straight lines between the reports pass every value within the bound. Times ascend;
 * where two reports have one time the line is upright there, and touches all between.
 */
export function doorFault(run: ChainRun, bound: number): string {
  let at = 0;
  for (let i = 0; i < run.value.length; i++) {
    const t = run.timeS[i];
    while (at < run.report.length - 2 && run.reportTimeS[at + 1] < t) at++;
    let nearest = Infinity;
    for (let k = at; k + 1 < run.report.length && run.reportTimeS[k] <= t; k++)
      nearest = Math.min(nearest, distance(run, k, t, run.value[i]));
    if (run.report.length === 1) nearest = Math.abs(run.report[0] - run.value[i]);
    if (!(nearest <= bound + ROUNDING * (Math.abs(run.value[i]) + bound)))
      return "sample " + i + " at " + t + " is " + nearest + " from the line";
  }
  return "";
}

/** Distance of a value from the line of report k and the next, at a time on it. */
function distance(run: ChainRun, k: number, t: number, value: number): number {
  const from = run.report[k];
  const to = run.report[k + 1];
  const fromS = run.reportTimeS[k];
  const lengthS = run.reportTimeS[k + 1] - fromS;
  if (lengthS > 0) return Math.abs(from + ((to - from) * (t - fromS)) / lengthS - value);
  if (value > from && value > to) return value - Math.max(from, to);
  if (value < from && value < to) return Math.min(from, to) - value;
  return 0;
}

/**
 * No two reports are further apart than the heartbeat, but where an interval between
 * samples was longer than the one before it, or than the heartbeat: the sensor was silent.
 */
export function heartbeatFault(run: ChainRun, heartbeatS: number): string {
  for (let k = 1; k < run.report.length; k++) {
    const fromS = run.reportTimeS[k - 1];
    const toS = run.reportTimeS[k];
    if (toS - fromS <= heartbeatS * (1 + ROUNDING)) continue;
    let silent = false;
    for (let i = 1; i < run.timeS.length; i++) {
      if (run.timeS[i] <= fromS || run.timeS[i] > toS) continue;
      const before = i > 1 ? run.timeS[i - 1] - run.timeS[i - 2] : 0;
      // A jitter of 1 % is no silence, but may make the heartbeat as late.
      const intervalS = run.timeS[i] - run.timeS[i - 1];
      if (intervalS > before * 0.999 || intervalS > heartbeatS) silent = true;
    }
    if (!silent) return "no report from " + fromS + " to " + toS;
  }
  return "";
}

/**
 * The events of an alarm above a threshold, worked out the slow way: it is raised at the
 * first value with which all values of the last `raiseDelayS` have been above.
 */
export function alarmFault(
  run: ChainRun,
  above: number,
  clear: number,
  raiseDelayS: number,
  clearDelayS: number,
): string {
  let raised = false;
  let event = 0;
  let streak = -1;
  for (let i = 0; i < run.value.length; i++) {
    const beyond = raised ? run.value[i] < clear : run.value[i] > above;
    if (!beyond) streak = -1;
    else if (streak < 0) streak = i;
    const delayS = raised ? clearDelayS : raiseDelayS;
    const changes = beyond && run.timeS[i] - run.timeS[streak] >= delayS;
    const told = run.alarmAt[event] === i;
    if (changes !== told)
      return "sample " + i + (told ? " changed" : " did not change") + " the alarm";
    if (!changes) continue;
    raised = !raised;
    if (run.alarmRaised[event] !== raised) return "event " + event + " does not alternate";
    event++;
    streak = -1;
  }
  return event === run.alarmAt.length ? "" : "too many events";
}
