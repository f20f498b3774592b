/**
 * The configuration of a node: one JSON document, every part of which may be left out.
 * What is there is laid over the built-in defaults; `null` stands for the default.
 */
import type { ChainDescription, ChainProblem } from "./chain";
import { Checker } from "./check";
import { CONFIG_RULES } from "./configRules";
import { DEFAULTS } from "./defaults";
import { jsonLine } from "./jsonLines";
import { metricIndex } from "./metrics";
import { isJsonObject, overDefaults, type JsonObject } from "./overlay";
import { partIndex } from "./parts";

/** One channel: the way of one metric from its sensor to the broker. */
export interface ChannelConfig extends ChainDescription {
  /** Whether the metric is sampled at all. */
  on: boolean;
  /** Sampling period in seconds, 0.1 to 86400. */
  periodS: number;
}

/** The sections beside the channels, as they are in force. */
export interface SectionConfigs {
  health: {
    /** Period of the health message in seconds, 10 to 86400. */
    periodS: number;
  };
  release: {
    /**
     * Longest wait of a reading for others to share its message with, in seconds, 1 to 3600.
     * Alarms and other events never wait.
     */
    periodS: number;
  };
  time: {
    /** What local time is ahead of UTC, in minutes, -720 to 840. */
    utcOffsetMin: number;
  };
  noise: {
    on: boolean;
    /** Length of a window in seconds, 10 to 3600. */
    windowS: number;
    /** What is added to the level, in dB, -30 to 30. */
    offsetDb: number;
  };
  lamp: LampSettings & { on: boolean };
  /** By part, such as `sen55`. */
  sensors: Record<string, SensorConfig | undefined>;
}

/** What a node must know of a sensor. */
export interface SensorConfig {
  /** Whether it is looked for; it is when left out. */
  on?: boolean;
  /**
   * 7-bit address, of a part that can have more than one; when left out, the one that stands first
   * in `boards/README.md`. (Named `address`, a driver could be taken for this.)
   */
  i2cAddress?: number;
  /** Of the `ina226`: resistance of its shunt in Ohm, 0.0005 to 1; it measures up to 80 mV on it. */
  shuntOhm?: number;
  /** Of `alphasense`: what the certificates of its two cells say. Without both it is not looked for. */
  no2?: AlphasenseCell;
  ox?: AlphasenseCell;
}

/** What the label and the certificate of one Alphasense cell with its board say. */
export interface AlphasenseCell {
  /** Electronic zero of the working electrode's channel. */
  readonly workingZeroMv: number;
  /** Electronic zero of the auxiliary electrode's channel. */
  readonly auxiliaryZeroMv: number;
  /** Sensitivity to the cell's own gas: NO2, or O3 for an OX cell. */
  readonly mvPerPpb: number;
  /** Sensitivity to NO2, of an OX cell. */
  readonly no2MvPerPpb?: number;
}

/** What a luminaire is like. */
export interface LampSettings {
  /** Below this the lamp should burn: well below the light at which photocells switch. */
  readonly darkLx: number;
  /** Above this it should not. */
  readonly brightLx: number;
  /** From this current on it burns. */
  readonly leastMa: number;
  /** Band of its power while it burns; 0 and 0 where it is not known. */
  readonly lowW: number;
  readonly highW: number;
}

/** Any part of the document, as it came from outside. */
export type ConfigDocument = JsonObject;

/** The section whose members are channels, and the one whose members are parts. */
const CHANNELS = "channels";
const SENSORS = "sensors";

/** Every section. Those after the first are numbered in flash by their places: append, never reorder. */
export const SECTIONS: string[] = [CHANNELS, "health", "release", "time", "noise", "lamp", SENSORS];

/**
 * Everything that is wrong with a document, each with its path; empty when it can be
 * applied. A document with a problem is refused as a whole.
 */
export function checkConfig(document: unknown): ChainProblem[] {
  const checker = new Checker(CONFIG_RULES);
  if (!isJsonObject(document)) checker.problem("", "must be an object");
  else {
    const parts = document as ConfigDocument;
    for (const section of Object.keys(parts)) {
      const part = parts[section];
      if (part === null) continue;
      if (SECTIONS.indexOf(section) < 0)
        checker.problem(section, "is not known; expected " + SECTIONS.join(", "));
      else if (section === CHANNELS || section === SENSORS) checkMembers(section, part, checker);
      else checker.object(section, withDefaults(section, part), section);
    }
  }
  return checker.problems;
}

/**
 * Everything that is wrong with the description of a chain, which is used as a whole or
 * not at all; empty when it is good.
 *
 * @param description parsed from JSON: anything at all.
 * @param path where it stands, for example `channels.pm25`; "" when it stands alone.
 */
export function checkChain(description: unknown, path: string): ChainProblem[] {
  const checker = new Checker(CONFIG_RULES);
  checker.object("chain", description, path);
  return checker.problems;
}

/** The channel of that metric with a document laid over its defaults. */
export function channelConfig(document: ConfigDocument, metric: string): ChannelConfig {
  const part = memberOf(document[CHANNELS], metric);
  const channel = withDefaults(metric, part) as unknown as ChannelConfig;
  if (channel.on === undefined) channel.on = true;
  return channel;
}

/** A section with a document laid over its defaults. */
export function sectionConfig<S extends keyof SectionConfigs>(
  document: ConfigDocument,
  section: S,
): SectionConfigs[S] {
  return withDefaults(section, document[section]) as unknown as SectionConfigs[S];
}

/** A sensor's part of the document laid over its defaults. */
export function sensorConfig(document: ConfigDocument, part: string): SensorConfig {
  return withDefaults(part, memberOf(document[SENSORS], part)) as SensorConfig;
}

function memberOf(section: unknown, name: string): unknown {
  return isJsonObject(section) ? (section as JsonObject)[name] : undefined;
}

/** A part of a document laid over the defaults of that metric or section; anything but an object as it is. */
function withDefaults(name: string, part: unknown): unknown {
  const defaults = (jsonLine(DEFAULTS, name) || {}) as JsonObject;
  if (part === undefined || part === null) return defaults;
  return isJsonObject(part) ? overDefaults(defaults, part as JsonObject) : part;
}

function checkMembers(section: string, part: unknown, checker: Checker): void {
  if (!isJsonObject(part)) {
    checker.problem(section, "must be an object");
    return;
  }
  const members = part as ConfigDocument;
  const channels = section === CHANNELS;
  for (const name of Object.keys(members)) {
    const path = section + "." + name;
    if ((channels ? metricIndex(name) : partIndex(name)) < 0)
      checker.problem(
        path,
        channels ? "is no metric of this node" : "is no sensor of this firmware",
      );
    else if (members[name] !== null)
      checker.object(
        channels ? "channel" : sensorRule(name),
        withDefaults(name, members[name]),
        path,
      );
  }
}

/** Parts that are known by more than their names have a rule of their own. */
function sensorRule(part: string): string {
  return jsonLine(CONFIG_RULES, part) ? part : "sensor";
}
