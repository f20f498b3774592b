/** Commands as they come on `down/command`: read, checked, and refused with a reason. */
import { metricIndex } from "./metrics";
import { isJsonObject, type JsonObject } from "./overlay";

/** Longest command, in bytes. */
export const COMMAND_MAX_BYTES = 512;
/** Longest id, in characters of any kind but control characters. */
export const ID_MAX_LENGTH = 40;

/** What a node can be told to do. */
export enum CommandKind {
  /** The status light shows that this is the node, for `amount` seconds. */
  Identify,
  /** Every sensor is read now, and its values are published. */
  Sample,
  /** What waits is sent now. */
  Flush,
  SelfTest,
  Restart,
  ClearCounters,
  /** The lines of the log go to `up/log` for `amount` minutes. */
  Log,
  /** The channel reads nothing where it ought to read `reference`: moves its offset. */
  CalibrateZero,
  /** The channel reads too much or too little of `reference`: changes its gain. */
  CalibrateSpan,
}

const IDENTIFY_DEFAULT_S = 30;
const IDENTIFY_MAX_S = 600;
const LOG_DEFAULT_MIN = 5;
const LOG_MAX_MIN = 60;
/** No reference of a street pole comes near. */
const REFERENCE_MAX = 1e6;

/** A command, or why it is refused. */
export class Command {
  /** Empty where none could be read. */
  id: string = "";
  /** Name as it came, for the reply; empty where none could be read. */
  name: string = "";
  /** Why it is refused; empty for a good one. */
  problem: string = "";
  kind: CommandKind = CommandKind.Identify;
  /** Seconds to identify, or minutes to log. */
  amount: number = 0;
  /** Index of the metric to calibrate. */
  metric: number = -1;
  reference: number = 0;
}

/** Reads a command. Never throws, whatever the bytes are. */
export function readCommand(payload: Buffer): Command {
  const command = new Command();
  if (payload.length > COMMAND_MAX_BYTES) {
    command.problem =
      "the command has " + payload.length + " bytes, more than " + COMMAND_MAX_BYTES;
    return command;
  }
  let parsed: unknown;
  try {
    parsed = JSON.parse(payload.toString());
  } catch {
    parsed = undefined;
  }
  if (!isJsonObject(parsed)) {
    command.problem = "must be a JSON object";
    return command;
  }
  const fields = parsed as JsonObject;
  const id = fields["id"];
  if (typeof id === "string" && isPlain(id)) command.id = id;
  else command.problem = "id: must be a text of 1 to " + ID_MAX_LENGTH + " printable characters";
  const name = fields["command"];
  if (typeof name === "string" && isPlain(name)) command.name = name;
  if (command.problem === "") takeKind(command, fields);
  return command;
}

function takeKind(command: Command, fields: JsonObject): void {
  /** The one further member that the command knows. */
  let member = "";
  switch (command.name) {
    case "identify":
      command.kind = CommandKind.Identify;
      member = "seconds";
      command.amount = takeAmount(command, fields, member, IDENTIFY_DEFAULT_S, IDENTIFY_MAX_S);
      break;
    case "sample":
      command.kind = CommandKind.Sample;
      break;
    case "flush":
      command.kind = CommandKind.Flush;
      break;
    case "self-test":
      command.kind = CommandKind.SelfTest;
      break;
    case "restart":
      command.kind = CommandKind.Restart;
      break;
    case "clear-counters":
      command.kind = CommandKind.ClearCounters;
      break;
    case "log":
      command.kind = CommandKind.Log;
      member = "minutes";
      command.amount = takeAmount(command, fields, member, LOG_DEFAULT_MIN, LOG_MAX_MIN);
      break;
    case "calibrate":
      return takeCalibration(command, fields);
    default:
      command.problem =
        "command: must be identify, sample, flush, self-test, restart, clear-counters, log or calibrate";
  }
  takeNoOther(command, fields, member, "");
}

function takeCalibration(command: Command, fields: JsonObject): void {
  const channel = fields["channel"];
  command.metric = typeof channel === "string" ? metricIndex(channel) : -1;
  if (command.metric < 0) {
    command.problem = "channel: must be a metric of this node";
    return;
  }
  const names = Object.keys(fields);
  const zero = names.indexOf("zero") >= 0;
  if (zero === names.indexOf("span") >= 0) {
    command.problem = "calibrate: needs zero or span, the reference value in the channel's unit";
    return;
  }
  const name = zero ? "zero" : "span";
  command.kind = zero ? CommandKind.CalibrateZero : CommandKind.CalibrateSpan;
  const reference = fields[name];
  const good =
    typeof reference === "number" && reference <= REFERENCE_MAX && reference >= -REFERENCE_MAX;
  if (!good) {
    command.problem = name + ": must be a number from -" + REFERENCE_MAX + " to " + REFERENCE_MAX;
    return;
  }
  command.reference = reference as number;
  takeNoOther(command, fields, "channel", name);
}

function takeAmount(
  command: Command,
  fields: JsonObject,
  name: string,
  missing: number,
  most: number,
): number {
  const value = fields[name];
  if (value === undefined || value === null) return missing;
  if (typeof value === "number" && value >= 1 && value <= most) return value;
  command.problem = name + ": must be a number from 1 to " + most;
  return 0;
}

/** A word that the command does not know may be a slip that matters. */
function takeNoOther(command: Command, fields: JsonObject, first: string, second: string): void {
  if (command.problem !== "") return;
  for (const name of Object.keys(fields)) {
    if (name === "id" || name === "command" || name === first || name === second) continue;
    command.problem = "has a member that " + command.name + " does not know";
    if (isPlain(name)) command.problem += ": " + name;
    return;
  }
}

/** Whether a text can stand in a reply as it is. */
function isPlain(text: string): boolean {
  if (text.length === 0 || text.length > ID_MAX_LENGTH) return false;
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) < 32) return false;
  return true;
}
