/** Commands as they come on `down/command`: read, checked, and refused with a reason. */
import { Checker } from "./check";
import { parseFlat } from "./flatJson";
import { metricIndex } from "./metrics";
import { isJsonObject, type JsonObject } from "./overlay";

/** Longest command, in bytes. */
export const COMMAND_MAX_BYTES = 512;
/** Longest id, in characters of ASCII: the runtime does not write others as JSON asks. */
export const ID_MAX_LENGTH = 40;

/**
 * What a node can be told to do:
 * - `identify`: the status light shows for `seconds` that this is the node;
 * - `sample`: every sensor is read now, and its values are published;
 * - `flush`: what waits is sent now;
 * - `log`: the lines of the log go to `up/log` for `minutes`;
 * - `update`: leaves the socket to the runtime for `minutes`, which fetches another `program`;
 * - `calibrate`: the channel ought to read this now: `zero` moves its offset, `span` changes
 *   its gain.
 */
export const COMMAND_NAMES =
  "identify, sample, flush, self-test, restart, clear-counters, log, update, calibrate";

/** How long a node shows itself, and how long it tells its log, where a command does not say. */
export const IDENTIFY_DEFAULT_S = 30;
export const LOG_DEFAULT_MIN = 5;
/** How long a node waits for a program where a command does not say. */
export const UPDATE_DEFAULT_MIN = 5;

/** What each command takes beside its id, as rules: see `Checker`. No reference comes near 1e6. */
const RULES =
  '\nidentify {"seconds":[1,600]}' +
  "\nsample {}" +
  "\nflush {}" +
  "\nself-test {}" +
  "\nrestart {}" +
  "\nclear-counters {}" +
  '\nlog {"minutes":[1,60]}' +
  '\nupdate {"minutes":[1,30],"program":[0,4294967295]}' +
  '\ncalibrate {"channel":"text","zero":[-1e6,1e6],"span":[-1e6,1e6]}' +
  '\ncalibrate? [["has","channel"],["one","zero","span"]]' +
  "\n";

/** A command, or why it is refused. */
export interface Command {
  /** Empty where none could be read. */
  id: string;
  /** Name as it came; empty where none could be read. */
  name: string;
  /** What it takes, such as `seconds`. */
  fields: JsonObject;
  /** Why it is refused; empty for a good one. */
  problem: string;
}

/** Reads a command. Never throws, whatever the bytes are. */
export function readCommand(payload: Buffer): Command {
  const command: Command = { id: "", name: "", fields: {}, problem: "" };
  command.problem = problemOf(payload, command);
  return command;
}

function problemOf(payload: Buffer, command: Command): string {
  if (payload.length > COMMAND_MAX_BYTES)
    return "the command has more than " + COMMAND_MAX_BYTES + " bytes";
  const parsed = parseFlat(payload);
  if (!isJsonObject(parsed)) return "must be a JSON object";
  const all = parsed as JsonObject;
  for (const name of Object.keys(all))
    if (name !== "id" && name !== "command") command.fields[name] = all[name];
  const { id, command: name } = all;
  if (isPlain(name)) command.name = name as string;
  if (!isPlain(id))
    return "id: must be a text of 1 to " + ID_MAX_LENGTH + " printable ASCII characters";
  command.id = id as string;
  if ((", " + COMMAND_NAMES + ",").indexOf(", " + command.name + ",") < 0)
    return "command: must be one of " + COMMAND_NAMES;
  const checker = new Checker(RULES);
  const { channel } = command.fields;
  if (typeof channel === "string" && metricIndex(channel) < 0)
    return "channel: must be a metric of this node";
  checker.object(command.name, command.fields, "");
  const problem = checker.problems[0];
  return problem ? (problem.path ? problem.path + ": " : "") + problem.reason : "";
}

/** Whether a value is a text that can stand in a reply as it is. */
function isPlain(value: unknown): boolean {
  if (typeof value !== "string" || value.length === 0 || value.length > ID_MAX_LENGTH) return false;
  for (let i = 0; i < value.length; i++) {
    const code = value.charCodeAt(i);
    if (code < 32 || code > 126) return false;
  }
  return true;
}
