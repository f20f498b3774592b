import type { ChainDescription } from "../../devs/contract/chain";
import { alarmFault, ChainRun, deadbandFault, doorFault, heartbeatFault } from "./filterGuarantees";
import type { CaseRunner } from "./caseRunner";

/** A recorded signal, and the figures of chains that suit it. */
export interface RecordedSignal {
  name: string;
  values: number[];
  times: number[];
  /** Bound of the report. */
  bound: number;
  heartbeatS: number;
  /** Threshold of an alarm that the signal crosses, and where it clears. */
  above: number;
  clear: number;
  delayS: number;
}

/** The guarantees of a chain on a recorded signal. */
export async function recordedGuarantees(t: CaseRunner, signal: RecordedSignal): Promise<void> {
  const { name, values, times, bound, heartbeatS, above, clear, delayS } = signal;
  const alarms = [{ above: above, clear: clear, raiseDelayS: delayS, clearDelayS: delayS }];
  const pause = async () => {
    await t.pause();
  };
  for (const smooth of [false, true]) {
    const stages: ChainDescription = { alarms: alarms };
    if (smooth) {
      stages.spike = { median: 3 };
      stages.smooth = { timeConstantS: 2 * (times[1] - times[0]) };
    }
    const kind = name + (smooth ? ", smoothed" : "");
    stages.report = { deadband: bound, heartbeatS: heartbeatS };
    const banded = new ChainRun();
    await banded.take(stages, values, times, pause);
    check(t, kind + ": deadband", banded.fault + deadbandFault(banded, bound, 0));
    check(t, kind + ": heartbeat", heartbeatFault(banded, heartbeatS));
    check(t, kind + ": alarm", alarmFault(banded, above, clear, delayS, delayS));
    t.check(kind + ": the alarm was tried", banded.alarmAt.length > 0);
    await t.pause();
    stages.report = { swingingDoor: bound, heartbeatS: heartbeatS };
    const doored = new ChainRun();
    await doored.take(stages, values, times, pause);
    check(t, kind + ": door", doored.fault + doorFault(doored, bound));
    await t.pause();
    check(t, kind + ": door's heartbeat", heartbeatFault(doored, heartbeatS));
    check(t, kind + ": door's alarm", alarmFault(doored, above, clear, delayS, delayS));
    await t.pause();
  }
}

function check(t: CaseRunner, what: string, fault: string): void {
  t.check(what, fault === "", fault);
}
