import { CityClock } from "../../devs/clock/cityClock";
import type { TimeBeacon } from "../../devs/contract/messages";
import type { CaseRunner } from "./caseRunner";

/** 20 March 2026, 05:00 UTC. */
const UTC_S = 1773982800;

/** What the clock hears, and the time that it then shows. */
export async function cityClockCases(t: CaseRunner): Promise<void> {
  const clock = new CityClock();
  t.check("knows nothing at first", isNaN(clock.utcOffsetS(10)));
  t.check("a beacon before 2026", !clock.beacon(UTC_S - 86400 * 365, false, 1));
  t.check("no number", !clock.beacon("now", false, 1) && !clock.beacon(undefined, false, 1));
  t.check("not a number", !clock.beacon(NaN, false, 1) && !clock.beacon(1e300, false, 1));
  t.check("milliseconds for seconds", !clock.beacon(UTC_S * 1000, false, 1));
  t.check("one that the broker kept", !clock.beacon(UTC_S, true, 1));
  t.check("all refused and counted", clock.refused === 7 && isNaN(clock.utcOffsetS(10)));

  const beacon = JSON.parse('{"utcMs":1773982800250}') as TimeBeacon;
  t.check("milliseconds to the last", beacon.utcMs - UTC_S * 1000 === 250);
  t.check("the first good one", clock.beacon(beacon.utcMs / 1000, false, 100));
  t.check("sets the clock", clock.utcOffsetS(100) === UTC_S + 0.25 - 100);
  t.check("for later, too", Math.round(clock.utcOffsetS(5000) + 5000) === UTC_S + 4900);
  await t.pause();
}
