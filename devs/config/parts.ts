/**
 * The parts in which a configuration is merged, checked and stored: one channel, or one
 * section. A part is small, so a document of any size is worked on a part at a time.
 */
import { SECTIONS } from "../contract/config";
import { METRIC_COUNT, metricIndex, metricName } from "../contract/metrics";
import type { JsonObject } from "../contract/overlay";

/** The section whose members are parts of their own. */
export const CHANNELS = "channels";
/** Numbers below are channels, by the index of their metric; the others are places in `SECTIONS`. */
const FIRST_SECTION = 64;

/** Number of the part, 0 to 127, or -1 where there is none such. `name` is empty but for a channel. */
export function partId(section: string, name: string): number {
  if (section === CHANNELS) return metricIndex(name);
  const at = SECTIONS.indexOf(section);
  return at < 0 ? -1 : FIRST_SECTION + at;
}

/** Whether a firmware of these sources knows a part of that number. */
export function isPart(id: number): boolean {
  return id < FIRST_SECTION ? id < METRIC_COUNT : id - FIRST_SECTION < SECTIONS.length;
}

/** Section of the part: `channels`, `health`, `release` and so on. */
export function partSection(id: number): string {
  return id < FIRST_SECTION ? CHANNELS : (SECTIONS[id - FIRST_SECTION] as string);
}

/** Name of the member that holds the part: the metric of a channel, or the section. */
export function partName(id: number): string {
  return id < FIRST_SECTION ? metricName(id) : partSection(id);
}

/** What a document may hold, for a message: `version, channels, health, release` and so on. */
export function sectionNames(): string {
  return "version, " + SECTIONS.join(", ");
}

/** A document that holds that part alone. */
export function documentOf(id: number, part: JsonObject): JsonObject {
  const document: JsonObject = {};
  if (id >= FIRST_SECTION) {
    document[partSection(id)] = part;
    return document;
  }
  const channels: JsonObject = {};
  channels[partName(id)] = part;
  document[CHANNELS] = channels;
  return document;
}
