/** The status light of the board; there is one. */
import * as ds from "@devicescript/core";
import { LightCode, lightChangesIn, lightOn } from "../status/statusLight";

/** Brightness of the light when it is on: a board's light may have one colour only. */
const ON = 255;
/** Longest pause before the light is looked at again: a new code, or a node that is looked for. */
const LOOK_MS = 1000;

let control: ds.Control | undefined;
let shown = LightCode.Starting;
let sinceMs = 0;
let identifyUntilMs = 0;
let lit = false;

/** Says something from now on, when nobody looks for the node. */
export function showLight(code: LightCode): void {
  if (code !== shown) sinceMs = ds.millis();
  shown = code;
}

/** Shows for so long that this is the node. */
export function identifyByLight(seconds: number): void {
  identifyUntilMs = ds.millis() + seconds * 1000;
}

/** Switches the light as its code wants it now, and waits until that changes. */
export async function lightTurn(): Promise<void> {
  if (!control) control = new ds.Control("control[int:0]");
  const nowMs = ds.millis();
  const code = nowMs < identifyUntilMs ? LightCode.Identify : shown;
  const on = lightOn(code, nowMs - sinceMs);
  if (on !== lit) {
    lit = on;
    const level = on ? ON : 0;
    await control.setStatusLight(level, level, level, 0);
  }
  await ds.sleep(Math.min(LOOK_MS, lightChangesIn(code, nowMs - sinceMs)));
}
