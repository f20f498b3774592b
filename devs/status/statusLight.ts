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

const FLASH_MS = 200;
const GAP_MS = 300;
const PAUSE_MS = 2000;
const WELL_CYCLE_MS = 5000;
const FLICKER_MS = 100;

/** Flashes of a code; 0 for those that are not counted. */
function flashes(code: LightCode): number {
  switch (code) {
    case LightCode.NoWifi:
      return 2;
    case LightCode.NoBroker:
      return 3;
    case LightCode.WrongPassword:
      return 4;
    case LightCode.SelfTestFailed:
      return 5;
    default:
      return 0;
  }
}

/** Whether the light is on, `ms` after the code began. */
export function lightOn(code: LightCode, ms: number): boolean {
  if (code === LightCode.Starting) return true;
  if (code === LightCode.Identify) return ms % (2 * FLICKER_MS) < FLICKER_MS;
  if (code === LightCode.Well) return ms % WELL_CYCLE_MS < FLASH_MS;
  const count = flashes(code);
  const inCycle = ms % (count * (FLASH_MS + GAP_MS) + PAUSE_MS);
  return inCycle < count * (FLASH_MS + GAP_MS) && inCycle % (FLASH_MS + GAP_MS) < FLASH_MS;
}

/** How long it stays so, in milliseconds: above 0. */
export function lightChangesIn(code: LightCode, ms: number): number {
  if (code === LightCode.Starting) return WELL_CYCLE_MS;
  if (code === LightCode.Identify) return FLICKER_MS - (ms % FLICKER_MS);
  if (code === LightCode.Well) {
    const inCycle = ms % WELL_CYCLE_MS;
    return inCycle < FLASH_MS ? FLASH_MS - inCycle : WELL_CYCLE_MS - inCycle;
  }
  const flashing = flashes(code) * (FLASH_MS + GAP_MS);
  const inCycle = ms % (flashing + PAUSE_MS);
  if (inCycle >= flashing) return flashing + PAUSE_MS - inCycle;
  const inFlash = inCycle % (FLASH_MS + GAP_MS);
  if (inFlash < FLASH_MS) return FLASH_MS - inFlash;
  const next = inCycle - inFlash + FLASH_MS + GAP_MS;
  return (next >= flashing ? flashing + PAUSE_MS : next) - inCycle;
}
