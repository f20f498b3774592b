/**
 * The codes of the status light: a number of short flashes, then a pause, so that they
 * can be told apart from the ground, in daylight, on a board with a light of one colour.
 */

/** What the light says. */
export enum LightCode {
  /** On all the time: starting, or the program does not run. */
  Starting,
  /** One short flash every five seconds. */
  Well,
  /** Two flashes, pause. */
  NoWifi,
  /** Three flashes, pause. */
  NoBroker,
  /** Four flashes, pause. */
  WrongPassword,
  /** Five flashes, pause. */
  SelfTestFailed,
  /** Flickers: this is the node you are looking for. */
  Identify,
}

/** Length of a step of a pattern. */
const STEP_MS = 100;
/** Steps from the begin of a flash to that of the next, and those of them in which the light is on. */
const FLASH_STEPS = 5;
const LIT_STEPS = 2;
/** Steps of a pause after the flashes. */
const PAUSE_STEPS = 20;
/** Steps of the one flash and its long pause. */
const WELL_STEPS = 50;

/** Whether the light is on, `ms` after the code began. */
export function lightOn(code: LightCode, ms: number): boolean {
  if (code === LightCode.Starting) return true;
  const step = stepOf(code, ms);
  if (code === LightCode.Identify) return step === 0;
  return step < flashSteps(code) && step % FLASH_STEPS < LIT_STEPS;
}

/** How long it stays so, in milliseconds: above 0, and five seconds at most. */
export function lightChangesIn(code: LightCode, ms: number): number {
  const passedMs = ms - Math.floor(ms / STEP_MS) * STEP_MS;
  const step = stepOf(code, ms);
  let next = periodSteps(code);
  if (code === LightCode.Identify) next = step + 1;
  else if (step < flashSteps(code)) {
    const flash = step - (step % FLASH_STEPS);
    if (step < flash + LIT_STEPS) next = flash + LIT_STEPS;
    else if (flash + FLASH_STEPS < flashSteps(code)) next = flash + FLASH_STEPS;
  }
  return (next - step) * STEP_MS - passedMs;
}

/** Steps since the pattern last began. */
function stepOf(code: LightCode, ms: number): number {
  return Math.floor(ms / STEP_MS) % periodSteps(code);
}

/** The codes that flash do it as often as their number says. */
function flashSteps(code: LightCode): number {
  return code * FLASH_STEPS;
}

function periodSteps(code: LightCode): number {
  if (code <= LightCode.Well) return WELL_STEPS;
  return code === LightCode.Identify ? 2 : flashSteps(code) + PAUSE_STEPS;
}
