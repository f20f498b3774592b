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
const FLASH = "**...";
const PAUSE = "....................";

/** The patterns by `LightCode`, a character a step, with `;` after each: `*` is on. */
const PATTERNS =
  "*;" +
  ("**........" + PAUSE + PAUSE + ";") +
  (FLASH + FLASH + PAUSE + ";") +
  (FLASH + FLASH + FLASH + PAUSE + ";") +
  (FLASH + FLASH + FLASH + FLASH + PAUSE + ";") +
  (FLASH + FLASH + FLASH + FLASH + FLASH + PAUSE + ";") +
  "*.;";

/** Whether the light is on, `ms` after the code began. */
export function lightOn(code: LightCode, ms: number): boolean {
  let start = 0;
  for (let i = 0; i < code; i++) start = PATTERNS.indexOf(";", start) + 1;
  const length = PATTERNS.indexOf(";", start) - start;
  return PATTERNS.charCodeAt(start + (Math.floor(ms / STEP_MS) % length)) === 42;
}

/** How long it stays so, in milliseconds: above 0, and five seconds at most. */
export function lightChangesIn(code: LightCode, ms: number): number {
  const on = lightOn(code, ms);
  let at = (Math.floor(ms / STEP_MS) + 1) * STEP_MS;
  while (at < ms + 5000 && lightOn(code, at) === on) at += STEP_MS;
  return at - ms;
}
