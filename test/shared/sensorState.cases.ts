import {
  FAILURES_TO_FAULT,
  RESTART_FIRST_MS,
  RESTART_LAST_MS,
  SensorChange,
  SensorState,
  SensorStatus,
} from "../../devs/sampling/sensorState";
import type { CaseRunner } from "./caseRunner";

/** A sensor in a status, as it got there. */
function sensorIn(status: SensorStatus): SensorState {
  const state = new SensorState();
  if (status === SensorStatus.Ok || status === SensorStatus.Degraded) state.succeed();
  if (status === SensorStatus.Degraded) state.fail("bad-crc");
  if (status === SensorStatus.Failed)
    for (let i = 0; i < FAILURES_TO_FAULT; i++) state.fail("bad-crc");
  return state;
}

/** Every status with every outcome. */
export async function sensorStateCases(t: CaseRunner): Promise<void> {
  const all = [SensorStatus.Starting, SensorStatus.Ok, SensorStatus.Degraded, SensorStatus.Failed];
  for (const status of all) {
    t.check("is in status " + status, sensorIn(status).status === status);
    const good = sensorIn(status);
    const change = good.succeed();
    const expected = status === SensorStatus.Failed ? SensorChange.Recovery : SensorChange.None;
    t.check("a good read in status " + status, good.status === SensorStatus.Ok);
    t.check("what it tells in status " + status, change === expected);
    t.check("failures are forgotten in status " + status, good.failures === 0);
  }

  const fresh = sensorIn(SensorStatus.Starting);
  t.check("a first failure tells nothing", fresh.fail("no-answer") === SensorChange.None);
  t.check("and is no fault", fresh.status === SensorStatus.Starting);

  const degraded = sensorIn(SensorStatus.Ok);
  degraded.fail("bad-crc");
  t.check("one failure degrades", degraded.status === SensorStatus.Degraded);
  degraded.fail("no-answer");
  t.check("so does a second", degraded.status === SensorStatus.Degraded);
  t.check("the third is a fault", degraded.fail("no-answer") === SensorChange.Fault);
  t.check("with the last reason", degraded.reason === "no-answer");
  t.check("told once", degraded.fail("no-answer") === SensorChange.None);

  const failed = sensorIn(SensorStatus.Failed);
  t.check("the first pause", failed.restartMs === RESTART_FIRST_MS);
  failed.fail("no-answer");
  t.check("the pause grows", failed.restartMs === 2 * RESTART_FIRST_MS);
  for (let i = 0; i < 20; i++) failed.fail("no-answer");
  t.check("up to a limit", failed.restartMs === RESTART_LAST_MS);
  failed.succeed();
  t.check("and starts anew", failed.restartMs === RESTART_FIRST_MS);
  await t.pause();
}
