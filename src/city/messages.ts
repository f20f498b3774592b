import type {
  ConfigReportMessage,
  EventMessage,
  HealthMessage,
  StateMessage,
} from "../../devs/contract/messages";
import {
  FieldProblem,
  asObject,
  asText,
  countField,
  numberField,
  optionalNumber,
  optionalText,
  own,
  textField,
} from "./fields";

/** Chips that a birth message may name. */
const CHIPS_MAX = 32;

const HEALTH_COUNTERS = [
  "boot",
  "uptimeS",
  "samples",
  "rejected",
  "reported",
  "published",
  "acknowledged",
  "dropped",
  "thinned",
  "refused",
  "waiting",
  "kept",
  "beaconsRefused",
  "reconnects",
  "sensorFaults",
  "badMessages",
] as const satisfies readonly (keyof HealthMessage)[];

/**
 * Checks an `up/state` message.
 *
 * @throws FieldProblem
 */
export function checkState(json: unknown): StateMessage {
  const fields = asObject(json, "payload");
  const state = own(fields, "state");
  if (state !== "online" && state !== "offline")
    throw new FieldProblem("state", "online or offline", state ?? null);
  const version = optionalText(fields, "version");
  const board = optionalText(fields, "board");
  const pole = optionalText(fields, "pole");
  const program = own(fields, "program");
  const chips = own(fields, "chips");
  const checks = own(fields, "checks");
  const serials = own(fields, "serials");
  const start = optionalText(fields, "start");
  const safeMode = own(fields, "safeMode");
  if (safeMode !== undefined && typeof safeMode !== "boolean")
    throw new FieldProblem("safeMode", "true or false", safeMode);
  return {
    state,
    reason: textField(fields, "reason"),
    boot: countField(fields, "boot", 0),
    ...(version === undefined ? {} : { version }),
    ...(board === undefined ? {} : { board }),
    ...(pole === undefined ? {} : { pole }),
    ...(program === undefined ? {} : { program: countField(fields, "program", 0) }),
    ...(chips === undefined ? {} : { chips: checkNames(chips, "chips") }),
    ...(serials === undefined ? {} : { serials: checkSerials(serials) }),
    ...(checks === undefined ? {} : { checks: checkNames(checks, "checks") }),
    ...(start === undefined ? {} : { start }),
    ...(safeMode === undefined ? {} : { safeMode }),
  };
}

/**
 * Checks an `up/event` message.
 *
 * @throws FieldProblem
 */
export function checkEvent(json: unknown): EventMessage {
  const fields = asObject(json, "payload");
  const chip = optionalText(fields, "chip");
  const channel = optionalText(fields, "channel");
  const reason = optionalText(fields, "reason");
  const threshold = optionalNumber(fields, "threshold");
  const severity = optionalText(fields, "severity");
  const v = optionalNumber(fields, "v");
  const t = optionalNumber(fields, "t");
  return {
    event: textField(fields, "event"),
    boot: countField(fields, "boot", 0),
    seq: countField(fields, "seq", 1),
    ...(chip === undefined ? {} : { chip }),
    ...(channel === undefined ? {} : { channel }),
    ...(reason === undefined ? {} : { reason }),
    ...(threshold === undefined ? {} : { threshold }),
    ...(severity === undefined ? {} : { severity }),
    ...(v === undefined ? {} : { v }),
    ...(t === undefined ? {} : { t }),
  };
}

/**
 * Checks an `up/health` message. Numbers that the contract does not name yet are kept:
 * a newer node may count more.
 *
 * @throws FieldProblem
 */
export function checkHealth(json: unknown): HealthMessage {
  const fields = asObject(json, "payload");
  const numbers: Record<string, number> = {};
  for (const [name, value] of Object.entries(fields).slice(0, 64))
    if (typeof value === "number") numbers[name] = numberField(fields, name);
  for (const name of HEALTH_COUNTERS) numbers[name] = countField(fields, name, 0);
  const sensors = own(fields, "sensors");
  return {
    ...(numbers as unknown as HealthMessage),
    start: textField(fields, "start"),
    ...(sensors === undefined ? {} : { sensors: checkTroubles(sensors) }),
  };
}

/** Failed reads and new starts of each chip that had any. */
function checkTroubles(value: unknown): Record<string, number[]> {
  const fields = asObject(value, "sensors");
  return Object.fromEntries(
    Object.entries(fields)
      .slice(0, CHIPS_MAX)
      .map(([chip, counts]) => {
        const isPair = Array.isArray(counts) && counts.length === 2;
        if (!isPair || !counts.every((count) => Number.isInteger(count) && count >= 0))
          throw new FieldProblem(`sensors.${chip}`, "two counts", counts);
        return [chip, counts as number[]];
      }),
  );
}

function checkSerials(value: unknown): Record<string, string> {
  const fields = asObject(value, "serials");
  return Object.fromEntries(
    Object.keys(fields)
      .slice(0, CHIPS_MAX)
      .map((chip) => [chip, textField(fields, chip)]),
  );
}

/**
 * Checks an `up/config` message; what is in the configuration is the node's own affair.
 *
 * @throws FieldProblem
 */
export function checkConfigReport(json: unknown): ConfigReportMessage {
  const fields = asObject(json, "payload");
  countField(fields, "version", 0);
  textField(fields, "status");
  asObject(own(fields, "config"), "config");
  return fields as unknown as ConfigReportMessage;
}

function checkNames(value: unknown, field: string): string[] {
  if (!Array.isArray(value) || value.length > CHIPS_MAX)
    throw new FieldProblem(field, `an array of at most ${CHIPS_MAX} names`, value);
  return value.map((name: unknown, i) => asText(name, `${field}[${i}]`));
}
