import type { OtaClock } from "../../src/ota/clock";
import type { Scheduler } from "../../src/sim/scheduler";

/** A process's clock: what it had planned does not happen once it was killed. */
export function clockWhile(
  runs: () => boolean,
  scheduler: Scheduler,
  nowMs: () => number,
): OtaClock {
  return {
    nowMs,
    after: (ms, then) =>
      scheduler.after(ms, () => {
        if (runs()) then();
      }),
  };
}
