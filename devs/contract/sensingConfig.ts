/**
 * The sections `noise`, `lamp` and `sensors` of the configuration document: what each may
 * hold, its limits, and its defaults.
 */
import type { ChainProblem } from "./chain";
import { partIndex } from "./parts";

/** Any part of the document, as it came from outside. */
type Part = Record<string, unknown>;

/** Length of a noise window in seconds, when none is given. */
export const DEFAULT_NOISE_WINDOW_S = 60;

/**
 * The members of each section that are numbers: name, least, most and default in turn. A
 * member that is not here is not known.
 */
function numberMembers(section: string): (string | number)[] {
  switch (section) {
    case "noise":
      // What the housing takes from the level, to be added; and the length of a window.
      return ["windowS", 10, 3600, DEFAULT_NOISE_WINDOW_S, "offsetDb", -30, 30, 0];
    case "lamp":
      // prettier-ignore
      return [
        "darkLx", 0.1, 1000, 8,
        "brightLx", 1, 10000, 100,
        "leastMa", 1, 10000, 50,
        "lowW", 0, 1000, 0,
        "highW", 0, 1000, 0,
      ];
  }
  return [];
}

/** Whether the section is one of these; then what is wrong in it is added to `problems`. */
export function checkSensingSection(
  section: string,
  value: unknown,
  problems: ChainProblem[],
): boolean {
  if (section !== "noise" && section !== "lamp" && section !== "sensors") return false;
  if (!isObject(value)) problems.push({ path: section, reason: "must be an object" });
  else if (section === "sensors") checkSensors(value as Part, problems);
  else checkMembers(section, section, value as Part, problems);
  if (section === "lamp") checkLamp(value, problems);
  return true;
}

function checkSensors(sensors: Part, problems: ChainProblem[]): void {
  for (const part of Object.keys(sensors)) {
    const path = "sensors." + part;
    if (sensors[part] === null) continue;
    if (partIndex(part) < 0) problems.push({ path: path, reason: "is no sensor of this firmware" });
    else if (!isObject(sensors[part])) problems.push({ path: path, reason: "must be an object" });
    else checkMembers(part, path, sensors[part] as Part, problems);
  }
}

/** The number at that place of a document that was checked, or its default. */
export function sensingNumber(section: unknown, kind: string, member: string): number {
  const given = isObject(section) ? (section as Part)[member] : undefined;
  if (typeof given === "number") return given;
  const members = numberMembers(kind);
  return members[members.indexOf(member) + 3] as number;
}

/** The part of a document at `section` and `member`, where both are there. */
export function sensingPart(document: unknown, section: string, member: string): unknown {
  const sections = (document as Part)[section];
  return isObject(sections) ? (sections as Part)[member] : undefined;
}

/** Whether a section, or a sensor, is not switched off. */
export function isOn(section: unknown): boolean {
  return !(isObject(section) && (section as Part)["on"] === false);
}

function checkMembers(kind: string, path: string, part: Part, problems: ChainProblem[]): void {
  const numbers = numberMembers(kind);
  for (const member of Object.keys(part)) {
    const value = part[member];
    if (value === null) continue;
    const i = numbers.indexOf(member);
    let reason = "";
    if (i >= 0) {
      const least = numbers[i + 1] as number;
      const most = numbers[i + 2] as number;
      if (!(typeof value === "number" && value >= least && value <= most))
        reason = "must be a number from " + least + " to " + most;
    } else if (member !== "on") reason = "is not known";
    else if (typeof value !== "boolean") reason = "must be true or false";
    if (reason) problems.push({ path: path + "." + member, reason: reason });
  }
}

function checkLamp(lamp: unknown, problems: ChainProblem[]): void {
  if (sensingNumber(lamp, "lamp", "darkLx") >= sensingNumber(lamp, "lamp", "brightLx"))
    problems.push({ path: "lamp.darkLx", reason: "must be below brightLx" });
  if (sensingNumber(lamp, "lamp", "lowW") > sensingNumber(lamp, "lamp", "highW"))
    problems.push({ path: "lamp.lowW", reason: "must not be above highW" });
}

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
