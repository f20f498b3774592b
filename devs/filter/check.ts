import type { ChainProblem } from "../contract/chain";

/** The stages, and what each may hold. */
const STAGES: { [stage: string]: string[] } = {
  range: ["min", "max"],
  report: ["deadband", "heartbeatS"],
};

/**
 * Everything that is wrong with the description of a chain, which is used as a whole or
 * not at all; nothing when it is good.
 *
 * @param description what a configuration holds, parsed from JSON: anything at all.
 * @param path where it stands, for example `channels.pm25`; "" when it stands alone.
 */
export function checkChain(description: unknown, path: string): ChainProblem[] {
  const problems: ChainProblem[] = [];
  const stages = asObject(description, path, problems);
  if (!stages) return problems;
  for (const name of Object.keys(stages)) {
    const at = joined(path, name);
    if (!STAGES[name]) {
      problems.push({ path: at, reason: "is no stage" });
      continue;
    }
    const stage = asObject(stages[name], at, problems);
    if (!stage) continue;
    for (const key of Object.keys(stage)) {
      const value = stage[key];
      if (STAGES[name].indexOf(key) < 0)
        problems.push({ path: joined(at, key), reason: "is no field of " + name });
      else if (typeof value !== "number" || isNaN(value) || Math.abs(value) === Infinity)
        problems.push({ path: joined(at, key), reason: "must be a number" });
      else if (name === "report" && value < 0)
        problems.push({ path: joined(at, key), reason: "must not be negative, got " + value });
    }
    if (name === "range" && (stage["min"] as number) >= (stage["max"] as number))
      problems.push({
        path: joined(at, "max"),
        reason: "must be above min (" + stage["min"] + "), got " + stage["max"],
      });
  }
  return problems;
}

function asObject(
  value: unknown,
  path: string,
  problems: ChainProblem[],
): { [key: string]: unknown } | undefined {
  if (typeof value === "object" && value !== null && !Array.isArray(value))
    return value as { [key: string]: unknown };
  problems.push({ path: path, reason: "must be an object" });
  return undefined;
}

function joined(path: string, key: string): string {
  return path === "" ? key : path + "." + key;
}
