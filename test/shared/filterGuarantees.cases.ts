import type { ChainDescription } from "../../devs/contract/chain";
import { alarmFault, ChainRun, deadbandFault, doorFault, heartbeatFault } from "./filterGuarantees";
import type { CaseRunner } from "./caseRunner";

const SAMPLES = 180;
const PERIOD_S = 10;

/** Kinds of signals that sensors give and filters fail on. */
const SIGNALS = ["constant", "ramp", "noise", "steps", "spikes", "faults"];

function signal(kind: string): number[] {
  const values: number[] = [];
  let seed = 7;
  for (let i = 0; i < SAMPLES; i++) {
    seed = (seed * 75 + 74) % 65537;
    const random = seed / 65537;
    const hill = 40 - Math.abs((i % 120) - 60) / 2.5;
    if (kind === "constant") values.push(20);
    else if (kind === "ramp") values.push(hill);
    else if (kind === "noise") values.push(hill + 4 * random);
    else if (kind === "steps") values.push(i % 80 < 40 ? 12 : 45);
    else if (kind === "spikes") values.push(random < 0.05 ? 900 : 20 + random);
    else values.push(random < 0.1 ? NaN : random < 0.15 ? Infinity : hill);
  }
  return values;
}

/** The guarantees of a chain on signals of each kind, evenly sampled and with silences. */
export async function filterGuaranteesCases(t: CaseRunner): Promise<void> {
  const evenTimes: number[] = [];
  const patchyTimes: number[] = [];
  let timeS = 0;
  for (let i = 0; i < SAMPLES; i++) {
    evenTimes.push(i * PERIOD_S);
    timeS += i % 47 === 46 ? 86400 : i % 13 === 0 ? 0 : PERIOD_S;
    patchyTimes.push(timeS);
  }
  const pause = async () => {
    await t.pause();
  };
  for (const kind of SIGNALS) {
    const values = signal(kind);
    for (const patchy of [false, true]) {
      const times = patchy ? patchyTimes : evenTimes;
      const name = kind + (patchy ? " with silences" : "");
      const stages: ChainDescription = {
        range: { min: 0, max: 1000 },
        spike: { median: 3 },
        smooth: { timeConstantS: 30 },
        alarms: [{ above: 35, clear: 30, raiseDelayS: 20 }],
        statistics: { windowS: 600 },
      };
      stages.report = { deadband: 2, heartbeatS: 300 };
      const banded = new ChainRun();
      await banded.take(stages, values, times, pause);
      t.check(name + ": runs", banded.fault === "", banded.fault);
      const bandFault = deadbandFault(banded, 2, 0);
      t.check(name + ": deadband", bandFault === "", bandFault);
      await t.pause();
      const beatFault = heartbeatFault(banded, 300);
      t.check(name + ": heartbeat", beatFault === "", beatFault);
      await t.pause();
      if (!patchy && kind !== "faults") {
        const eventFault = alarmFault(banded, 35, 30, 20, 0);
        t.check(name + ": alarm", eventFault === "", eventFault);
        t.check(name + ": no late heartbeat", longestGapS(banded) <= 300);
        await t.pause();
      }
      stages.report = { swingingDoor: 2, heartbeatS: 300 };
      const doored = new ChainRun();
      await doored.take(stages, values, times, pause);
      t.check(name + ": door runs", doored.fault === "", doored.fault);
      await t.pause();
      const lineFault = doorFault(doored, 2);
      t.check(name + ": door", lineFault === "", lineFault);
      await t.pause();
    }
  }
}

function longestGapS(run: ChainRun): number {
  let longestS = 0;
  for (let k = 1; k < run.reportTimeS.length; k++)
    longestS = Math.max(longestS, run.reportTimeS[k] - run.reportTimeS[k - 1]);
  return longestS;
}
