import { findMetric } from "../../devs/contract/metrics";
import {
  FieldProblem,
  asObject,
  countField,
  numberField,
  optionalNumber,
  optionalText,
  own,
  textField,
  type Fields,
} from "./fields";

/** A resolved record (RFC 8428 section 4.6): it stands alone, without base fields. */
export interface ResolvedRecord {
  readonly metric: string;
  /** SenML unit; empty for an index without one. */
  readonly unit: string;
  readonly value: number;
  /** UTC in milliseconds since 1970. */
  readonly timeMs: number;
  /** True where nobody knows the time: then `timeMs` is the latest that it can be. */
  readonly untimed?: true;
}

/** A pack of `up/data`: its number and its resolved records. */
export interface Pack {
  readonly boot: number;
  readonly seq: number;
  /** Whether the node knew the time when it sent it. */
  readonly timed: boolean;
  readonly records: readonly ResolvedRecord[];
}

/** RFC 8428 section 4.5.3: below it a time is relative to now, from it on it is absolute. */
export const ABSOLUTE_TIME_FROM_S = 2 ** 28;
/** A reading may seem to come from this far ahead of the city's clock, no further. */
const FUTURE_MAX_MS = 24 * 3600 * 1000;
/** RFC 8428 section 4.4: the version of SenML that is used when `bver` is absent. */
const SENML_VERSION = 10;
/** A node's packs have at most 32 records. */
const RECORDS_MAX = 512;
/** Two names of 23 characters, a metric's of 32, and two '/'. */
const BASE_NAME_MAX_LENGTH = 80;
const METRIC_NAME = /^[A-Za-z][A-Za-z0-9_.-]{0,31}$/;

/**
 * Resolves a pack that was parsed from JSON.
 *
 * @param baseName what every resolved name must begin with: `{city}/{node}/` of the topic.
 * @param arrivedMs when it arrived, which relative times count from; UTC in milliseconds.
 * @throws FieldProblem
 */
export function resolvePack(json: unknown, baseName: string, arrivedMs: number): Pack {
  if (!Array.isArray(json)) throw new FieldProblem("payload", "an array of SenML records", json);
  if (json.length < 1 || json.length > RECORDS_MAX)
    throw new FieldProblem("payload", `1 to ${RECORDS_MAX} SenML records`, json.length);
  const head = asObject(json[0], "[0]");
  const boot = countField(head, "boot", 0, "[0].");
  const seq = countField(head, "seq", 1, "[0].");
  const untimed = own(head, "untimed");
  if (untimed !== undefined && untimed !== true)
    throw new FieldProblem("[0].untimed", "true", untimed);
  const base: Base = { name: "", unit: "", timeS: 0, value: 0, untimed: untimed === true };
  const records = json.map((record: unknown, i) =>
    resolveRecord(asObject(record, `[${i}]`), `[${i}].`, base, baseName, arrivedMs),
  );
  return { boot, seq, timed: base.timeS >= ABSOLUTE_TIME_FROM_S, records };
}

/**
 * A SenML time as UTC in milliseconds.
 *
 * @param timeS base time plus time, in seconds.
 * @throws FieldProblem when it is before 1970 or more than a day after `arrivedMs`.
 */
export function resolveTime(timeS: number, arrivedMs: number, field: string): number {
  const timeMs = timeS >= ABSOLUTE_TIME_FROM_S ? timeS * 1000 : arrivedMs + timeS * 1000;
  if (timeMs > arrivedMs + FUTURE_MAX_MS)
    throw new FieldProblem(field, "a time at most a day ahead of the city's clock", timeS);
  if (timeMs < 0) throw new FieldProblem(field, "a time after 1970", timeS);
  return Math.round(timeMs);
}

/** The base fields in force: each holds from its record on (RFC 8428 section 4.1). */
interface Base {
  name: string;
  unit: string;
  timeS: number;
  value: number;
  /** Of the whole pack. */
  readonly untimed: boolean;
}

function resolveRecord(
  record: Fields,
  path: string,
  base: Base,
  baseName: string,
  arrivedMs: number,
): ResolvedRecord {
  const mustUnderstand = Object.keys(record).find((label) => label.endsWith("_"));
  if (mustUnderstand !== undefined)
    // RFC 8428 section 4.4: such a label must be understood, or the pack be refused.
    throw new FieldProblem(path + mustUnderstand.slice(0, 32), "no label that ends in '_'");
  const version = optionalNumber(record, "bver", path);
  if (version !== undefined && version !== SENML_VERSION)
    throw new FieldProblem(`${path}bver`, `version ${SENML_VERSION}`, version);
  base.name = optionalText(record, "bn", path, BASE_NAME_MAX_LENGTH) ?? base.name;
  base.unit = optionalText(record, "bu", path) ?? base.unit;
  base.timeS = optionalNumber(record, "bt", path) ?? base.timeS;
  base.value = optionalNumber(record, "bv", path) ?? base.value;

  const name = base.name + (own(record, "n") === undefined ? "" : textField(record, "n", path));
  if (!name.startsWith(baseName))
    throw new FieldProblem(`${path}n`, `a name that begins with ${baseName}`, name);
  const metric = name.slice(baseName.length);
  if (!METRIC_NAME.test(metric)) throw new FieldProblem(`${path}n`, "a metric's name", metric);
  const unit = optionalText(record, "u", path) ?? base.unit;
  const known = findMetric(metric);
  if (known && known.unit !== unit)
    throw new FieldProblem(`${path}u`, known.unit || "no unit", unit || null);
  const value = base.value + numberField(record, "v", path);
  if (!Number.isFinite(value)) throw new FieldProblem(`${path}v`, "a number", value);
  const timeS = base.timeS + (optionalNumber(record, "t", path) ?? 0);
  const timeMs = resolveTime(timeS, arrivedMs, `${path}t`);
  return { metric, unit, value, timeMs, ...(base.untimed ? { untimed: true } : {}) };
}
