/**
 * Parts of a configuration laid over each other. Objects are merged member by member,
 * everything else (arrays too) is replaced as a whole.
 */

/** Any part of the document, as it came from outside. */
export type JsonObject = Record<string, unknown>;

/**
 * Members of which one at most makes sense: to name one takes the others back. So a node
 * whose default is a swinging door is given a deadband by that word alone.
 */
const ALTERNATIVES: [string, string][] = [
  ["swingingDoor", "deadband"],
  ["swingingDoor", "deadbandPct"],
  ["median", "hampel"],
  ["timeConstantS", "average"],
  ["timeConstantS", "median"],
  ["average", "median"],
];

/** Whether a value of JSON is an object: no array, not `null`. */
export function isJsonObject(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * `base` with `part` laid over it, for the values in force: `null` in `part` keeps what
 * `base`, the defaults, has.
 */
export function overDefaults(base: JsonObject, part: JsonObject): JsonObject {
  return lay(base, part, false);
}

/**
 * What was wanted so far, `base`, with the next wish laid over it: `null` takes back the
 * wish and all that lies below it, so that the default counts again.
 */
export function overWishes(base: JsonObject, part: JsonObject): JsonObject {
  return lay(base, part, true);
}

function lay(base: JsonObject, part: JsonObject, nullRemoves: boolean): JsonObject {
  const result: JsonObject = {};
  // The runtime does not tell a member that is null from one that is not there.
  const named = Object.keys(part);
  for (const key of Object.keys(base))
    if (named.indexOf(key) < 0 && !replacedBy(key, part)) result[key] = base[key];
  for (const key of named) {
    const value = part[key];
    const old = base[key];
    if (value === null) {
      if (!nullRemoves && old !== undefined) result[key] = old;
    } else if (isJsonObject(value))
      result[key] = lay(
        (isJsonObject(old) ? old : {}) as JsonObject,
        value as JsonObject,
        nullRemoves,
      );
    else result[key] = value;
  }
  return result;
}

/** Whether `part` names a member that takes this one's place. */
function replacedBy(key: string, part: JsonObject): boolean {
  for (const pair of ALTERNATIVES) {
    const other = pair[0] === key ? pair[1] : pair[1] === key ? pair[0] : "";
    if (other === "") continue;
    const value = part[other];
    if (value !== undefined && value !== null) return true;
  }
  return false;
}
