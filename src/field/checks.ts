import type { ConfigReportMessage } from "../../devs/contract/messages";
import { sensorConfig, sectionConfig, type ConfigDocument } from "../../devs/contract/config";
import { WEAK_SIGNAL_DBM } from "../city/attention";
import type { EventView, NodeHistory } from "../city/cityView";
import { plausibleSpan, type Span } from "./plausible";

/** Passed; wrong, and somebody has to do something; or not known yet. */
export type CheckState = "pass" | "fail" | "wait";

/** A value that a check looked at. */
export interface CheckedValue {
  readonly metric: string;
  /** SenML unit. */
  readonly unit: string;
  readonly value: number;
  readonly decimals: number;
  /** What it may well be here and now. */
  readonly plausible?: Span;
}

/** One thing that a crew must know before it climbs down. */
export interface FieldCheck {
  /** `online`, `signal`, a sensor's chip such as `sen55`, `lamp`, `clock` or `config`. */
  readonly name: string;
  readonly state: CheckState;
  /** Why it did not pass, or what it waits for: a code that pages turn into words. */
  readonly reason?: string;
  readonly values: readonly CheckedValue[];
}

/** Everything that the checks go by. */
export interface CheckInput {
  /** Undefined for a node that the city never heard. */
  readonly node: NodeHistory | undefined;
  /** What the node last reported; null for nothing. */
  readonly config: ConfigReportMessage | null;
  /** The city's clock, UTC in milliseconds. */
  readonly nowMs: number;
}

/** A node that is well has told everything so long after it came online: its readings wait five minutes at most. */
export const SETTLE_MS = 6 * 60_000;
/** Below it the signal is enough today, and perhaps not with leaves or a truck before it; dBm. */
export const FAIR_SIGNAL_DBM = -75;

/** What each sensor measures, the value first by which a person knows it; the lamp has a check of its own. */
const SENSORS: readonly (readonly [chip: string, metrics: readonly string[]])[] = [
  ["sen55", ["pm25", "pm10", "temperature", "humidity"]],
  ["sps30", ["pm25", "pm10"]],
  ["pmsa003i", ["pm25", "pm10"]],
  ["sht4x", ["temperature", "humidity"]],
  ["bme280", ["temperature", "humidity", "pressure"]],
  ["scd41", ["co2"]],
  ["veml7700", ["illuminance"]],
  ["bh1750", ["illuminance"]],
  ["sen0232", ["LAeq", "LAF"]],
  ["dbm", ["LAeq", "LAF"]],
  ["alphasense", ["no2", "o3"]],
  ["housing", ["housingTemperature", "housingHumidity"]],
];
/** What a node has as it is built, where it has not said what it has. */
const USUAL_CHIPS: readonly string[] = ["sen55", "veml7700", "ina226", "sen0232"];
const LAMP_CHIP = "ina226";

/**
 * Looks at everything that must be right before a node is accepted, in the order in which a
 * crew can mend it. The same facts give the same answer on the phone and in the server.
 *
 * | check      | passes                          | fails                               | waits                  |
 * |------------|---------------------------------|-------------------------------------|------------------------|
 * | `online`   | the broker has it               | `never-heard`, `offline`            |                        |
 * | `signal`   | -85 dBm and above (`fair` below -75, `not-measured`) | `weak`         | `no-health`            |
 * | a chip     | value there, plausible          | its fault, `no-value`, `implausible`| `no-value` at first    |
 * | `lamp`     | current on and off in this boot | its fault, the chip's, `no-value`   | `switch-on`, `-off`    |
 * | `clock`    | readings carry the time         | `not-set`                           | `not-set` at first     |
 * | `config`   | the wanted one is in force      | `refused`, `rolled-back`            | `not-reported`         |
 */
export function checkNode(input: CheckInput): FieldCheck[] {
  const { node } = input;
  if (!node) return [{ name: "online", state: "fail", reason: "never-heard", values: [] }];
  if (node.state === "offline")
    return [{ name: "online", state: "fail", reason: "offline", values: [] }];
  const document = (input.config?.config ?? {}) as ConfigDocument;
  return [
    { name: "online", state: "pass", values: [] },
    checkSignal(node),
    ...chipsOf(node, document).map((chip) => checkSensor(chip, node, input.nowMs)),
    ...checkLamp(node, document, input.nowMs),
    checkClock(node, input.nowMs),
    checkConfig(input.config),
  ];
}

function checkSignal(node: NodeHistory): FieldCheck {
  const name = "signal";
  if (!node.health) return { name, state: "wait", reason: "no-health", values: [] };
  const value = node.health.rssiDbm;
  if (value === undefined) return { name, state: "pass", reason: "not-measured", values: [] };
  const values = [{ metric: "signal", unit: "dBm", value, decimals: 0 }];
  if (value < WEAK_SIGNAL_DBM) return { name, state: "fail", reason: "weak", values };
  if (value < FAIR_SIGNAL_DBM) return { name, state: "pass", reason: "fair", values };
  return { name, state: "pass", values };
}

/** The sensors to look at: those of the birth message and those at fault, without those switched off. */
function chipsOf(node: NodeHistory, document: ConfigDocument): string[] {
  const known = node.chips ?? USUAL_CHIPS;
  const faulty = node.open.flatMap(({ event, chip }) =>
    event === "sensor-fault" && chip !== undefined ? [chip] : [],
  );
  // The bus of all of them is no sensor, but what is wrong with it is wrong with every one.
  const order = ["i2c", ...SENSORS.map(([chip]) => chip)];
  return order.filter(
    (chip) =>
      faulty.includes(chip) || (known.includes(chip) && sensorConfig(document, chip).on !== false),
  );
}

function checkSensor(name: string, node: NodeHistory, nowMs: number): FieldCheck {
  const fault = faultOf(node, name);
  if (fault) return { name, state: "fail", reason: fault.reason ?? "no-answer", values: [] };
  const metrics = SENSORS.find(([chip]) => chip === name)?.[1] ?? [];
  const values = metrics.flatMap((metric) => valueOf(metric, node, nowMs));
  if (values.length === 0) return { name, ...missing(node, nowMs), values };
  const odd = values.some(
    ({ value, plausible }) => plausible && (value < plausible[0] || value > plausible[1]),
  );
  return odd
    ? { name, state: "fail", reason: "implausible", values }
    : { name, state: "pass", values };
}

function checkLamp(node: NodeHistory, document: ConfigDocument, nowMs: number): FieldCheck[] {
  const { on, leastMa } = sectionConfig(document, "lamp");
  const measured = node.chips === undefined || node.chips.includes(LAMP_CHIP);
  const fault = faultOf(node, LAMP_CHIP) ?? node.open.find(({ event }) => event === "lamp-fault");
  if (!fault && (!on || !measured || sensorConfig(document, LAMP_CHIP).on === false)) return [];
  const name = "lamp";
  const values = ["lampCurrent", "lampPower"].flatMap((metric) => valueOf(metric, node, nowMs));
  if (fault) return [{ name, state: "fail", reason: fault.reason ?? "no-answer", values }];
  const current = node.metrics["lampCurrent"];
  // What was seen before the node was plugged in here was another pole's lamp, or the bench's.
  const seen = [
    ...(node.history["lampCurrent"] ?? []),
    ...(current ? [[current.timeMs, current.value] as const] : []),
  ].flatMap(([timeMs, value]) => (timeMs >= fromMsOf(node) ? [value] : []));
  if (seen.length === 0) return [{ name, ...missing(node, nowMs), values }];
  const seenOn = seen.some((milliamps) => milliamps >= leastMa);
  // Half of it, as the node itself tells off from on.
  const seenOff = seen.some((milliamps) => milliamps < leastMa / 2);
  if (!seenOn) return [{ name, state: "wait", reason: "switch-on", values }];
  if (!seenOff) return [{ name, state: "wait", reason: "switch-off", values }];
  return [{ name, state: "pass", values }];
}

function checkClock(node: NodeHistory, nowMs: number): FieldCheck {
  const name = "clock";
  if (node.timed) return { name, state: "pass", values: [] };
  const state = isSettled(node, nowMs) && node.timed === false ? "fail" : "wait";
  return { name, state, reason: "not-set", values: [] };
}

function checkConfig(config: ConfigReportMessage | null): FieldCheck {
  const name = "config";
  if (!config) return { name, state: "wait", reason: "not-reported", values: [] };
  if (config.status === "in-force") return { name, state: "pass", values: [] };
  return { name, state: "fail", reason: config.status, values: [] };
}

function missing(node: NodeHistory, nowMs: number): Pick<FieldCheck, "state" | "reason"> {
  return { state: isSettled(node, nowMs) ? "fail" : "wait", reason: "no-value" };
}

function isSettled(node: NodeHistory, nowMs: number): boolean {
  return node.state === "online" && nowMs - (node.sinceMs ?? nowMs) > SETTLE_MS;
}

function faultOf(node: NodeHistory, chip: string): EventView | undefined {
  return node.open.find((event) => event.event === "sensor-fault" && event.chip === chip);
}

function fromMsOf(node: NodeHistory): number {
  return node.measuredFromMs ?? -Infinity;
}

/** The newest value, unless it is too old to tell of now, or of before the node was plugged in here. */
function valueOf(metric: string, node: NodeHistory, nowMs: number): CheckedValue[] {
  const view = node.metrics[metric];
  if (!view || nowMs - view.timeMs > view.staleAfterMs || view.timeMs < fromMsOf(node)) return [];
  const plausible = plausibleSpan(
    metric,
    nowMs,
    node.place && { latitudeDeg: node.place.lat, longitudeDeg: node.place.lon },
  );
  return [
    {
      metric,
      unit: view.unit,
      value: view.value,
      decimals: view.decimals,
      ...(plausible ? { plausible } : {}),
    },
  ];
}
