/**
 * Checks what came from outside against rules that are data. A rule is a line of JSON (see
 * `jsonLine`): an object with the members that are known, each with what its value must be:
 *
 * - `[least, most]`: a number; a third element asks for more: `"above"` excludes the least,
 *   `"a whole"`, `"an odd"` and `"a nonzero"` name what else it must be;
 * - `["info", "warning"]`: one of these texts;
 * - `"bool"`: true or false; `"text"`: any text;
 * - `{"of": …, "least": 2, "most": 5}`: a list of so many; with `rising`, of pairs of which
 *   each begins above the one before;
 * - any other text: an object by the rule of that name.
 *
 * The line `name?` may hold what must be true of the members together: `["has", a, b]`,
 * `["one", a, b]` (exactly one of them), `["alone", a, b]` (`a` without `b`), and `["above", a, b]`
 * or another comparison. A member that is `null` is as good as none.
 */
import { jsonLine } from "./jsonLines";
import { isJsonObject, type JsonObject } from "./overlay";

/** Problems that are kept: each takes some hundred bytes. */
const PROBLEMS_MAX = 16;

/** Something wrong: `path` names it, `reason` says what was expected. */
export interface Problem {
  path: string;
  reason: string;
}

interface ListRule {
  of: unknown;
  least: number;
  most: number;
  rising?: boolean;
}

/** Checks values by the rules of one text. */
export class Checker {
  readonly problems: Problem[] = [];
  private readonly rules: string;

  constructor(rules: string) {
    this.rules = rules;
  }

  /** Checks an object by the rule `type`; `path` is "" for one that stands alone. */
  object(type: string, value: unknown, path: string): void {
    if (!isJsonObject(value)) {
      this.problem(path, "must be an object");
      return;
    }
    const members = value as JsonObject;
    const rule = jsonLine(this.rules, type) as JsonObject;
    const known = Object.keys(rule);
    for (const name of Object.keys(members)) {
      const at = joined(path, name);
      if (known.indexOf(name) < 0)
        this.problem(at, "is not known; expected " + (known.join(", ") || "nothing"));
      else if (members[name] !== null) this.value(rule[name], members[name], at);
    }
    const relations = jsonLine(this.rules, type + "?") as string[][] | undefined;
    if (relations) for (const relation of relations) this.relation(relation, members, path);
  }

  problem(path: string, reason: string): void {
    if (this.problems.length < PROBLEMS_MAX) this.problems.push({ path: path, reason: reason });
  }

  private value(rule: unknown, value: unknown, path: string): void {
    let reason = "";
    if (Array.isArray(rule)) reason = amiss(rule as (string | number)[], value);
    else if (rule === "bool") reason = typeof value === "boolean" ? "" : "must be true or false";
    else if (rule === "text") reason = typeof value === "string" ? "" : "must be a text";
    else if (typeof rule === "string") this.object(rule, value, path);
    else this.list(rule as ListRule, value, path);
    if (reason) this.problem(path, reason);
  }

  private list(rule: ListRule, value: unknown, path: string): void {
    const list = value as unknown[];
    if (!Array.isArray(value) || list.length < rule.least || list.length > rule.most) {
      this.problem(path, "must be a list of " + rule.least + " to " + rule.most);
      return;
    }
    let before = -Infinity;
    for (let i = 0; i < list.length; i++) {
      const at = path + "[" + i + "]";
      this.value(rule.of, list[i], at);
      if (!rule.rising || !Array.isArray(list[i])) continue;
      const first = (list[i] as number[])[0] as number;
      if (first <= before)
        this.problem(at + "[0]", "must be above the one before (" + before + "), got " + first);
      if (first > before) before = first;
    }
  }

  private relation(relation: string[], members: JsonObject, path: string): void {
    const kind = relation[0];
    const names = relation.slice(1);
    const name = names[0] as string;
    const there = names.filter((one) => members[one] !== undefined && members[one] !== null);
    if (kind === "has") {
      for (const one of names)
        if (there.indexOf(one) < 0) this.problem(joined(path, one), "is missing");
      return;
    }
    const others = names.slice(1).join(", ");
    if (kind === "one") {
      if (there.length !== 1) this.problem(path, "must have exactly one of " + names.join(", "));
      return;
    }
    if (there.length < 2 || there[0] !== name) return;
    if (kind === "alone") {
      this.problem(joined(path, name), "must stand without " + others);
      return;
    }
    const value = members[name];
    const other = members[others];
    if (typeof value !== "number" || typeof other !== "number") return;
    let good = value <= other;
    if (kind === "above") good = value > other;
    else if (kind === "below") good = value < other;
    else if (kind === "at least") good = value >= other;
    if (!good)
      this.problem(
        joined(path, name),
        "must be " + kind + " " + others + " (" + other + "), got " + value,
      );
  }
}

/** What is wrong with a number or a word; empty when nothing is. */
function amiss(rule: (string | number)[], value: unknown): string {
  const least = rule[0] as string | number;
  if (typeof least === "string")
    return rule.indexOf(value as string) < 0 ? "must be one of " + rule.join(", ") : "";
  const most = rule[1] as number;
  const kind = rule[2];
  if (typeof value === "number" && value >= least && value <= most) {
    if (kind === undefined) return "";
    if (kind === "above" && value > least) return "";
    if (kind === "a nonzero" && value !== 0) return "";
    if (
      value === Math.floor(value) &&
      (kind === "a whole" || (kind === "an odd" && value % 2 === 1))
    )
      return "";
  }
  const range =
    kind === "above"
      ? "a number above " + least + ", up to "
      : (kind === undefined ? "a" : kind) + " number from " + least + " to ";
  return "must be " + range + most + (typeof value === "number" ? ", got " + value : "");
}

function joined(path: string, name: string): string {
  return path === "" ? name : path + "." + name;
}
