/**
 * The configuration of a node: one JSON document, every part of which may be left out.
 * What is there is laid over the built-in defaults; `null` stands for the default.
 */
import type { ChainDescription, ChainProblem } from "./chain";
import { overDefaults } from "./overlay";
import { checkChain } from "../filter/check";
import { defaultChannel } from "./defaults";
import { metricIndex } from "./metrics";
import { checkSensingSection } from "./sensingConfig";

/** One channel: the way of one metric from its sensor to the broker. */
export interface ChannelConfig extends ChainDescription {
  /** Whether the metric is sampled at all. */
  on: boolean;
  /** Sampling period in seconds, 0.1 to 86400. */
  periodS: number;
}

/** Any part of the document, as it came from outside. */
export type ConfigDocument = Record<string, unknown>;

/**
 * Longest wait of a reading for others to share its message with, in seconds, 1 to 3600.
 * Alarms and other events never wait.
 */
export const DEFAULT_RELEASE_PERIOD_S = 60;

/** Period of the health message in seconds, 10 to 86400. */
export const DEFAULT_HEALTH_PERIOD_S = 300;

/**
 * What local time is ahead of UTC, in minutes: that of Morocco, but for Ramadan, when it is
 * 0. It decides when the day, the evening and the night of an alarm begin.
 */
export const DEFAULT_UTC_OFFSET_MIN = 60;

/** From the westernmost to the easternmost zone. */
const UTC_OFFSET_LEAST_MIN = -720;
const UTC_OFFSET_MOST_MIN = 840;

const PERIOD_MIN_S = 0.1;
const PERIOD_MAX_S = 86400;
const HEALTH_PERIOD_MIN_S = 10;
const RELEASE_PERIOD_MIN_S = 1;
const RELEASE_PERIOD_MAX_S = 3600;

/** The members of the sections that hold one number. */
const PERIOD = "periodS";
const UTC_OFFSET = "utcOffsetMin";

/**
 * Everything that is wrong with a document, each with its path; empty when it can be
 * applied. A document with a problem is refused as a whole.
 */
export function checkConfig(document: unknown): ChainProblem[] {
  const problems: ChainProblem[] = [];
  if (!isObject(document)) return [{ path: "", reason: "must be an object" }];
  const parts = document as ConfigDocument;
  for (const key of Object.keys(parts)) {
    const part = parts[key];
    if (part === null) continue;
    if (key === "channels") checkChannels(part, problems);
    else if (key === "health")
      checkSection(key, part, PERIOD, HEALTH_PERIOD_MIN_S, PERIOD_MAX_S, problems);
    else if (key === "release")
      checkSection(key, part, PERIOD, RELEASE_PERIOD_MIN_S, RELEASE_PERIOD_MAX_S, problems);
    else if (key === "time")
      checkSection(key, part, UTC_OFFSET, UTC_OFFSET_LEAST_MIN, UTC_OFFSET_MOST_MIN, problems);
    else if (!checkSensingSection(key, part, problems))
      problems.push({
        path: key,
        reason: "is not known; expected channels, health, release, time, noise, lamp or sensors",
      });
  }
  return problems;
}

/** The channel of that metric with a document laid over its defaults. */
export function channelConfig(document: ConfigDocument, metric: string): ChannelConfig {
  const defaults = defaultChannel(metric);
  const base: ConfigDocument = (defaults ? defaults.chain : {}) as ConfigDocument;
  base["on"] = !(defaults && defaults.off);
  base["periodS"] = defaults ? defaults.periodS : PERIOD_MAX_S;
  const channels = document["channels"] as ConfigDocument | null | undefined;
  const part = channels ? channels[metric] : undefined;
  return (part ? overDefaults(base, part as ConfigDocument) : base) as unknown as ChannelConfig;
}

/** The health period of a document, in seconds. */
export function healthPeriodS(document: ConfigDocument): number {
  return numberIn(document["health"], PERIOD, DEFAULT_HEALTH_PERIOD_S);
}

/** Longest wait of a reading of a document, in seconds. */
export function releasePeriodS(document: ConfigDocument): number {
  return numberIn(document["release"], PERIOD, DEFAULT_RELEASE_PERIOD_S);
}

/** What local time is ahead of UTC, in minutes. */
export function utcOffsetMin(document: ConfigDocument): number {
  return numberIn(document["time"], UTC_OFFSET, DEFAULT_UTC_OFFSET_MIN);
}

function numberIn(section: unknown, member: string, otherwise: number): number {
  const number = section ? (section as ConfigDocument)[member] : undefined;
  return typeof number === "number" ? number : otherwise;
}

function checkChannels(channels: unknown, problems: ChainProblem[]): void {
  if (!isObject(channels)) {
    problems.push({ path: "channels", reason: "must be an object of channels by metric" });
    return;
  }
  for (const metric of Object.keys(channels as ConfigDocument)) {
    const part = (channels as ConfigDocument)[metric];
    const path = "channels." + metric;
    if (metricIndex(metric) < 0) problems.push({ path: path, reason: "is no metric of this node" });
    else if (part === null) continue;
    else if (!isObject(part)) problems.push({ path: path, reason: "must be an object" });
    else checkChannel(metric, part as ConfigDocument, path, problems);
  }
}

function checkChannel(
  metric: string,
  part: ConfigDocument,
  path: string,
  problems: ChainProblem[],
): void {
  const onlyThis: ConfigDocument = {};
  onlyThis[metric] = part;
  const merged = channelConfig({ channels: onlyThis }, metric) as unknown as ConfigDocument;
  if (typeof merged["on"] !== "boolean")
    problems.push({ path: path + ".on", reason: "must be true or false" });
  checkNumber(merged["periodS"], PERIOD_MIN_S, PERIOD_MAX_S, path + ".periodS", problems);
  const chain: ConfigDocument = {};
  for (const key of Object.keys(merged))
    if (key !== "on" && key !== "periodS") chain[key] = merged[key];
  for (const problem of checkChain(chain, path)) problems.push(problem);
}

/** Checks a section that holds one number and nothing else. */
function checkSection(
  name: string,
  part: unknown,
  member: string,
  least: number,
  most: number,
  problems: ChainProblem[],
): void {
  if (!isObject(part)) {
    problems.push({ path: name, reason: "must be an object" });
    return;
  }
  const parts = part as ConfigDocument;
  for (const key of Object.keys(parts)) {
    const path = name + "." + key;
    if (key !== member) problems.push({ path: path, reason: "is not known; expected " + member });
    else if (parts[key] !== null) checkNumber(parts[key], least, most, path, problems);
  }
}

function checkNumber(
  value: unknown,
  least: number,
  most: number,
  path: string,
  problems: ChainProblem[],
): void {
  if (typeof value === "number" && value >= least && value <= most) return;
  problems.push({ path: path, reason: "must be a number from " + least + " to " + most });
}

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
