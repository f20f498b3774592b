import { nameProblem } from "../../devs/contract/topics";
import { PHOTO_MAX_BYTES, type VisitCheck, type VisitRequest } from "../web/api";
import {
  FieldProblem,
  asObject,
  asText,
  numberField,
  optionalNumber,
  optionalText,
  own,
  textField,
  type Fields,
} from "./fields";

/** What can be read on a pole's own label. */
const POLE_MAX_LENGTH = 40;
const NOTE_MAX_LENGTH = 1000;
const DESPITE_MAX_LENGTH = 200;
const CHECKS_MAX = 40;
const HEIGHT_MAX_M = 50;
/** A phone that has no position better than that has none. */
const ACCURACY_MAX_M = 100_000;
/** No node was hung up before. */
const EARLIEST_MS = Date.UTC(2026, 0, 1);
/** A phone's clock may be wrong by that much. */
const FUTURE_MAX_MS = 24 * 3600_000;
const KINDS = ["accept", "replace", "take-down"] as const;
const CHECK_STATES = ["pass", "fail", "wait"] as const;

/** A visit that was checked, with its photo as it is stored. */
export interface CheckedVisit {
  readonly visit: Omit<VisitRequest, "photo">;
  readonly photo: Uint8Array | undefined;
}

/**
 * Checks a visit as it came from a phone; the whole of it, or nothing is taken.
 *
 * @throws FieldProblem
 */
export function checkVisit(fields: Fields, nowMs: number): CheckedVisit {
  const kind = oneOf(KINDS, own(fields, "kind"), "kind");
  const node = nodeName(own(fields, "node"), "node");
  const checks = checkChecks(own(fields, "checks"));
  const despite = optionalText(fields, "despite", "", DESPITE_MAX_LENGTH);
  const open = checks.find(({ state }) => state !== "pass");
  if (kind !== "take-down" && (open || checks.length === 0) && despite === undefined)
    throw new FieldProblem(
      "despite",
      `why it is accepted ${open ? `though ${open.name} has not passed` : "without any check"}`,
    );
  const accuracyM = within(optionalNumber(fields, "accuracyM"), 0, ACCURACY_MAX_M, "accuracyM");
  const heightM = within(optionalNumber(fields, "heightM"), 0, HEIGHT_MAX_M, "heightM");
  const directionDeg = within(optionalNumber(fields, "directionDeg"), 0, 360, "directionDeg");
  const enteredBy = own(fields, "enteredBy");
  const note = checkNote(own(fields, "note"));
  return {
    visit: {
      id: checkId(own(fields, "id")),
      kind,
      node,
      ...(kind === "replace" ? { replaces: replaced(fields, node) } : {}),
      pole: asText(own(fields, "pole"), "pole", POLE_MAX_LENGTH),
      lat: within(numberField(fields, "lat"), -90, 90, "lat"),
      lon: within(numberField(fields, "lon"), -180, 180, "lon"),
      atMs: Math.round(
        within(numberField(fields, "atMs"), EARLIEST_MS, nowMs + FUTURE_MAX_MS, "atMs"),
      ),
      checks,
      ...(accuracyM === undefined ? {} : { accuracyM }),
      ...(heightM === undefined ? {} : { heightM }),
      ...(directionDeg === undefined ? {} : { directionDeg }),
      ...(note === undefined ? {} : { note }),
      ...(enteredBy === undefined ? {} : { enteredBy: personName(enteredBy, "enteredBy") }),
      ...(despite === undefined ? {} : { despite }),
    },
    photo: checkPhoto(own(fields, "photo")),
  };
}

function checkId(value: unknown): string {
  const hex = "[0-9a-f]";
  const uuid = new RegExp(`^${hex}{8}(-${hex}{4}){3}-${hex}{12}$`);
  if (typeof value !== "string" || !uuid.test(value))
    throw new FieldProblem("id", "a UUID in small letters", value ?? null);
  return value;
}

function nodeName(value: unknown, field: string): string {
  return nameOf(value, field, "a node's name");
}

/** People are called by the same rules (`streetnode people`). */
function personName(value: unknown, field: string): string {
  return nameOf(value, field, "a person's name");
}

function nameOf(value: unknown, field: string, whose: string): string {
  const name = asText(value, field);
  const problem = nameProblem(name);
  if (problem) throw new FieldProblem(field, `${whose} that ${problem}`);
  return name;
}

function replaced(fields: Fields, node: string): string {
  const name = nodeName(own(fields, "replaces"), "replaces");
  if (name === node) throw new FieldProblem("replaces", "another node than the one that stays");
  return name;
}

function checkChecks(value: unknown): VisitCheck[] {
  if (!Array.isArray(value) || value.length > CHECKS_MAX)
    throw new FieldProblem("checks", `an array of at most ${CHECKS_MAX}`, value ?? null);
  return value.map((each: unknown, i) => {
    const path = `checks[${i}].`;
    const fields = asObject(each, `checks[${i}]`);
    const reason = optionalText(fields, "reason", path);
    return {
      name: textField(fields, "name", path),
      state: oneOf(CHECK_STATES, own(fields, "state"), `${path}state`),
      ...(reason === undefined ? {} : { reason }),
    };
  });
}

/** A note may have lines, and the marks that Arabic needs. */
function checkNote(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== "string" || value.length > NOTE_MAX_LENGTH)
    throw new FieldProblem("note", `a text of at most ${NOTE_MAX_LENGTH} characters`, value);
  if (/[^\P{Cc}\n\t]/u.test(value)) throw new FieldProblem("note", "no control characters");
  return value === "" ? undefined : value;
}

function checkPhoto(value: unknown): Uint8Array | undefined {
  if (value === undefined) return undefined;
  const data = own(asObject(value, "photo"), "data");
  if (typeof data !== "string" || !/^[A-Za-z0-9+/]*={0,2}$/.test(data))
    throw new FieldProblem("photo.data", "a JPEG in base64", data ?? null);
  const photo = Buffer.from(data, "base64");
  if (photo.length > PHOTO_MAX_BYTES)
    throw new FieldProblem("photo.data", `at most ${PHOTO_MAX_BYTES} bytes`, photo.length);
  // Start of image, and the first byte of the marker that must follow (ITU-T T.81, annex B).
  if (photo[0] !== 0xff || photo[1] !== 0xd8 || photo[2] !== 0xff)
    throw new FieldProblem("photo.data", "a JPEG");
  return photo;
}

function oneOf<T extends string>(words: readonly T[], value: unknown, field: string): T {
  const word = words.find((each) => each === value);
  if (word === undefined) throw new FieldProblem(field, words.join(" or "), value ?? null);
  return word;
}

function within<T extends number | undefined>(
  value: T,
  least: number,
  most: number,
  field: string,
): T {
  if (value !== undefined && (value < least || value > most))
    throw new FieldProblem(field, `a number from ${least} to ${most}`, value);
  return value;
}
