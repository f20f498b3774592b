import { NoiseWindow } from "../../devs/acoustics/noiseWindow";
import type { CaseRunner } from "./caseRunner";

const PERIOD_S = 0.125;
const WINDOW_S = 60;

function close(a: number, b: number, tolerance: number): boolean {
  return Math.abs(a - b) <= tolerance;
}

/** What must hold on the node as well as here. */
export async function noiseWindowCases(t: CaseRunner): Promise<void> {
  const steady = new NoiseWindow(WINDOW_S, PERIOD_S);
  for (let i = 0; i < 480; i++) {
    if (steady.add(61.3, i * PERIOD_S)) t.check("no window ends within itself", false);
    if (i % 100 === 0) await t.pause();
  }
  t.check("the first sample after it ends a window", steady.add(80, WINDOW_S));
  t.check("LAeq of a steady level", close(steady.laeqDb, 61.3, 0.001));
  t.check("its highest and lowest", steady.lafMaxDb === 61.3 && steady.lafMinDb === 61.3);
  t.check("its percentiles", steady.l10Db === 61.3 && steady.l90Db === 61.3);
  t.check("all of it was heard", steady.coveragePct === 100 && steady.endedS === WINDOW_S);
  await t.pause();

  // Half of the time 50 dB, half 70 dB: the energy's mean is 67.03 dB.
  const half = new NoiseWindow(WINDOW_S, PERIOD_S);
  for (let i = 0; i < 480; i++) {
    half.add(i % 2 === 0 ? 50 : 70, i * PERIOD_S);
    if (i % 100 === 0) await t.pause();
  }
  t.check("a window ends without a sample", half.end(WINDOW_S));
  t.check("once", !half.end(WINDOW_S + 5));
  t.check("LAeq of two levels", close(half.laeqDb, 67.0329, 0.001));
  t.check("L10 and L90 of two levels", close(half.l10Db, 70, 0.25) && close(half.l90Db, 50, 0.25));
  await t.pause();

  const paused = new NoiseWindow(WINDOW_S, PERIOD_S);
  for (let i = 0; i < 120; i++) paused.add(60, i * PERIOD_S);
  for (let i = 360; i < 480; i++) paused.add(60, i * PERIOD_S);
  t.check("a pause of half a minute", paused.end(WINDOW_S) && paused.coveragePct === 50);
  t.check("does not pull the level down", close(paused.laeqDb, 60, 0.001));
  t.check("whole windows without a sample give none", !paused.add(60, 5 * WINDOW_S));
  t.check("a clock that goes back begins anew", !paused.add(60, 10) && !paused.end(20));
  await t.pause();

  const extreme = new NoiseWindow(WINDOW_S, PERIOD_S);
  extreme.add(-20, 0);
  extreme.add(180, 1);
  extreme.end(WINDOW_S);
  t.check("levels beyond the histogram", extreme.lafMaxDb === 180 && extreme.lafMinDb === -20);
}
