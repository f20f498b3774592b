import { LightCode, lightChangesIn, lightOn } from "../../devs/status/statusLight";
import type { CaseRunner } from "./caseRunner";

/** The first seconds of a code, a character each 100 ms: `*` on, `.` off. */
function drawn(code: LightCode, ms: number): string {
  let text = "";
  for (let at = 0; at < ms; at += 100) text += lightOn(code, at) ? "*" : ".";
  return text;
}

/** The codes of the status light, drawn. */
export async function statusLightCases(t: CaseRunner): Promise<void> {
  const pause = "....................";
  const drawings: string[] = [
    "**********",
    "**................................................**",
    "**...**..." + pause + "**",
    "**...**...**..." + pause + "**",
    "**...**...**...**..." + pause + "**",
    "**...**...**...**...**..." + pause + "**",
    "*.*.*.*.*.",
  ];
  for (let code = LightCode.Starting; code <= LightCode.Identify; code++) {
    const drawing = drawn(code, drawings[code].length * 100);
    t.check("code " + code, drawing === drawings[code], drawing);
    // From change to change it is as drawn.
    let at = 0;
    let good = true;
    while (at < 6000) {
      const next = at + lightChangesIn(code, at);
      for (let ms = at; ms < next; ms += 50)
        if (lightOn(code, ms) !== lightOn(code, at)) good = false;
      if (code !== LightCode.Starting && lightOn(code, next) === lightOn(code, at)) good = false;
      at = next;
    }
    t.check("changes of code " + code, good);
    await t.pause();
  }
}
