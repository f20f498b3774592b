import {
  ALARMS_MAX,
  CALIBRATION_POINTS_MAX,
  DAY_PARTS,
  LARGEST_VALUE,
  SEVERITIES,
  WINDOW_MAX,
  type ChainProblem,
} from "../contract/chain";

/** Greatest gain of a calibration, and greatest factor of a deviation. */
const LARGEST_FACTOR = 1e6;
/** Longest time that a stage may ask for: a week. */
const LONGEST_S = 604800;
const LONGEST_WINDOW_S = 86400;

type Fields = Record<string, unknown>;

/**
 * Everything that is wrong with the description of a chain, which is used as a whole or
 * not at all; nothing when it is good.
 *
 * @param description what a configuration holds, parsed from JSON: anything at all.
 * @param path where it stands, for example `channels.pm25`; "" when it stands alone.
 */
export function checkChain(description: unknown, path: string): ChainProblem[] {
  const checker = new Checker();
  checker.chain(description, path);
  return checker.problems;
}

/** Walks a description and gathers what is wrong. */
class Checker {
  readonly problems: ChainProblem[] = [];

  chain(description: unknown, path: string): void {
    const stages = this.fields(description, path, [
      "range",
      "rate",
      "spike",
      "calibrate",
      "smooth",
      "report",
      "alarms",
      "statistics",
    ]);
    for (const name of Object.keys(stages)) this.stage(name, stages[name], joined(path, name));
  }

  private stage(name: string, stage: unknown, path: string): void {
    if (name === "range") this.range(stage, path);
    else if (name === "rate") this.rate(stage, path);
    else if (name === "spike") this.spike(stage, path);
    else if (name === "calibrate") this.calibration(stage, path);
    else if (name === "smooth") this.smoothing(stage, path);
    else if (name === "report") this.report(stage, path);
    else if (name === "alarms") this.alarms(stage, path);
    else this.statistics(stage, path);
  }

  private range(stage: unknown, path: string): void {
    const range = this.fields(stage, path, ["min", "max"]);
    const min = this.value(range, "min", path);
    const max = this.value(range, "max", path);
    if (max <= min)
      this.problem(joined(path, "max"), "must be above min (" + min + "), got " + max);
  }

  private rate(stage: unknown, path: string): void {
    const rate = this.fields(stage, path, ["maxPerS"]);
    if (this.present(rate, "maxPerS", path)) this.positive(rate, "maxPerS", path, LARGEST_VALUE);
  }

  private spike(stage: unknown, path: string): void {
    const spike = this.fields(stage, path, ["median", "hampel"]);
    this.exactlyOne(spike, ["median", "hampel"], path);
    const median = spike["median"];
    if (median !== undefined && median !== 3 && median !== 5 && median !== 7)
      this.problem(joined(path, "median"), "must be 3, 5 or 7, got " + shown(median));
    if (spike["hampel"] === undefined) return;
    const at = joined(path, "hampel");
    const hampel = this.fields(spike["hampel"], at, ["window", "k"]);
    if (this.present(hampel, "window", at)) this.samples(hampel, "window", at, 3, true);
    if (this.present(hampel, "k", at)) this.positive(hampel, "k", at, LARGEST_FACTOR);
  }

  private calibration(stage: unknown, path: string): void {
    const calibration = this.fields(stage, path, ["offset", "gain", "points", "humidity"]);
    this.value(calibration, "offset", path);
    const gain = this.number(calibration, "gain", path, -LARGEST_FACTOR, LARGEST_FACTOR);
    if (gain === 0) this.problem(joined(path, "gain"), "must not be 0");
    if (calibration["points"] !== undefined) {
      if (calibration["gain"] !== undefined || calibration["offset"] !== undefined)
        this.problem(joined(path, "points"), "must stand without gain and offset");
      this.points(calibration["points"], joined(path, "points"));
    }
    if (calibration["humidity"] === undefined) return;
    const at = joined(path, "humidity");
    const humidity = this.fields(calibration["humidity"], at, ["kappa"]);
    if (this.present(humidity, "kappa", at)) this.number(humidity, "kappa", at, 0, 1.5);
  }

  private points(points: unknown, path: string): void {
    if (!Array.isArray(points) || points.length < 2 || points.length > CALIBRATION_POINTS_MAX) {
      this.problem(path, "must be 2 to " + CALIBRATION_POINTS_MAX + " pairs of raw and true value");
      return;
    }
    let before = -Infinity;
    for (let i = 0; i < points.length; i++) {
      const at = path + "[" + i + "]";
      const pair = points[i] as unknown;
      if (!Array.isArray(pair) || pair.length !== 2) {
        this.problem(at, "must be a pair of raw and true value");
        continue;
      }
      const raw = this.finite(pair[0] as unknown, at + "[0]", -LARGEST_VALUE, LARGEST_VALUE);
      this.finite(pair[1] as unknown, at + "[1]", -LARGEST_VALUE, LARGEST_VALUE);
      if (raw <= before)
        this.problem(at + "[0]", "must be above the raw value before (" + before + "), got " + raw);
      if (raw > before) before = raw;
    }
  }

  private smoothing(stage: unknown, path: string): void {
    const names = ["timeConstantS", "average", "median"];
    const smooth = this.fields(stage, path, names);
    this.exactlyOne(smooth, names, path);
    this.positive(smooth, "timeConstantS", path, LONGEST_S);
    this.samples(smooth, "average", path, 2, false);
    this.samples(smooth, "median", path, 3, true);
  }

  private report(stage: unknown, path: string): void {
    const report = this.fields(stage, path, [
      "deadband",
      "deadbandPct",
      "swingingDoor",
      "shortestS",
      "heartbeatS",
    ]);
    this.notNegative(report, "deadband", path, LARGEST_VALUE);
    this.notNegative(report, "deadbandPct", path, 100);
    this.positive(report, "swingingDoor", path, LARGEST_VALUE);
    if (
      report["swingingDoor"] !== undefined &&
      (report["deadband"] !== undefined || report["deadbandPct"] !== undefined)
    )
      this.problem(joined(path, "swingingDoor"), "must stand without a deadband");
    const shortestS = this.notNegative(report, "shortestS", path, LONGEST_S);
    const heartbeatS = this.positive(report, "heartbeatS", path, LONGEST_S);
    if (heartbeatS < shortestS)
      this.problem(
        joined(path, "heartbeatS"),
        "must not be below shortestS (" + shortestS + "), got " + heartbeatS,
      );
  }

  private alarms(stage: unknown, path: string): void {
    if (!Array.isArray(stage)) {
      this.problem(path, "must be a list");
      return;
    }
    if (stage.length > ALARMS_MAX)
      this.problem(path, "must be at most " + ALARMS_MAX + ", got " + stage.length);
    for (let i = 0; i < stage.length; i++) this.alarm(stage[i] as unknown, path + "[" + i + "]");
  }

  private alarm(description: unknown, path: string): void {
    const alarm = this.fields(description, path, [
      "above",
      "below",
      "clear",
      "raiseDelayS",
      "clearDelayS",
      "severity",
      "during",
    ]);
    this.exactlyOne(alarm, ["above", "below"], path);
    const above = this.value(alarm, "above", path);
    const below = this.value(alarm, "below", path);
    const clear = this.present(alarm, "clear", path) ? this.value(alarm, "clear", path) : NaN;
    if (clear >= above)
      this.problem(joined(path, "clear"), "must be below raise (" + above + "), got " + clear);
    if (clear <= below)
      this.problem(joined(path, "clear"), "must be above raise (" + below + "), got " + clear);
    this.notNegative(alarm, "raiseDelayS", path, LONGEST_S);
    this.notNegative(alarm, "clearDelayS", path, LONGEST_S);
    if (alarm["severity"] !== undefined)
      this.oneOf(alarm["severity"], SEVERITIES, joined(path, "severity"));
    const during = alarm["during"];
    if (during === undefined) return;
    if (!Array.isArray(during) || during.length === 0) {
      this.problem(joined(path, "during"), "must be a list of " + either(DAY_PARTS));
      return;
    }
    for (let i = 0; i < during.length; i++)
      this.oneOf(during[i] as unknown, DAY_PARTS, joined(path, "during") + "[" + i + "]");
  }

  private statistics(stage: unknown, path: string): void {
    const statistics = this.fields(stage, path, ["windowS", "energyMean"]);
    if (this.present(statistics, "windowS", path))
      this.number(statistics, "windowS", path, 1, LONGEST_WINDOW_S);
    const energyMean = statistics["energyMean"];
    if (energyMean !== undefined && typeof energyMean !== "boolean")
      this.problem(joined(path, "energyMean"), "must be true or false");
  }

  private problem(path: string, reason: string): void {
    this.problems.push({ path: path, reason: reason });
  }

  /** The fields of an object, those not in `names` told and left out. */
  private fields(value: unknown, path: string, names: string[]): Fields {
    const known: Fields = {};
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      this.problem(path, "must be an object");
      return known;
    }
    const all = value as Fields;
    for (const key of Object.keys(all)) {
      if (names.indexOf(key) >= 0) known[key] = all[key];
      else this.problem(joined(path, key), "is not known; expected " + either(names));
    }
    return known;
  }

  private present(fields: Fields, key: string, path: string): boolean {
    if (fields[key] !== undefined) return true;
    this.problem(joined(path, key), "is missing");
    return false;
  }

  private exactlyOne(fields: Fields, names: string[], path: string): void {
    let count = 0;
    for (const name of names) if (fields[name] !== undefined) count++;
    if (count !== 1) this.problem(path, "must have exactly one of " + names.join(", "));
  }

  /** A value in the metric's unit; NaN when it is missing or wrong. */
  private value(fields: Fields, key: string, path: string): number {
    return this.number(fields, key, path, -LARGEST_VALUE, LARGEST_VALUE);
  }

  /** A number from 0; NaN when it is missing or wrong. */
  private notNegative(fields: Fields, key: string, path: string, max: number): number {
    const number = fields[key];
    if (typeof number === "number" && number < 0) {
      this.problem(joined(path, key), "must not be negative, got " + number);
      return NaN;
    }
    return this.number(fields, key, path, 0, max);
  }

  /** A number above 0; NaN when it is missing or wrong. */
  private positive(fields: Fields, key: string, path: string, max: number): number {
    const number = fields[key];
    if (typeof number === "number" && number <= 0) {
      this.problem(joined(path, key), "must be above 0, got " + number);
      return NaN;
    }
    return this.number(fields, key, path, 0, max);
  }

  /** A number of samples in a window. */
  private samples(fields: Fields, key: string, path: string, min: number, odd: boolean): void {
    const size = fields[key];
    if (size === undefined) return;
    if (
      typeof size !== "number" ||
      !(size >= min && size <= WINDOW_MAX) ||
      size !== Math.floor(size) ||
      (odd && size % 2 === 0)
    )
      this.problem(
        joined(path, key),
        "must be " +
          (odd ? "an odd" : "a whole") +
          " number from " +
          min +
          " to " +
          WINDOW_MAX +
          ", got " +
          shown(size),
      );
  }

  private number(fields: Fields, key: string, path: string, min: number, max: number): number {
    if (fields[key] === undefined) return NaN;
    return this.finite(fields[key], joined(path, key), min, max);
  }

  private finite(value: unknown, path: string, min: number, max: number): number {
    if (typeof value === "number" && value >= min && value <= max) return value;
    this.problem(
      path,
      typeof value === "number"
        ? "must be from " + min + " to " + max + ", got " + value
        : "must be a number, got " + shown(value),
    );
    return NaN;
  }

  private oneOf(value: unknown, names: string[], path: string): void {
    if (typeof value !== "string" || names.indexOf(value) < 0)
      this.problem(path, "must be " + either(names) + ", got " + shown(value));
  }
}

function joined(path: string, key: string): string {
  return path === "" ? key : path + "." + key;
}

function either(names: string[]): string {
  if (names.length === 1) return names.join("");
  return names.slice(0, -1).join(", ") + " or " + names[names.length - 1];
}

/** A value as it stands in a message. */
function shown(value: unknown): string {
  if (typeof value === "number") return "" + value;
  if (typeof value === "string") return "'" + value + "'";
  if (typeof value === "boolean") return value ? "true" : "false";
  if (value === null) return "null";
  return Array.isArray(value) ? "a list" : "an object";
}
