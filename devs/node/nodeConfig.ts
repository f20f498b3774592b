import { ConfigStore } from "../config/configStore";
import { CHANNELS, partName, partSection } from "../config/parts";
import { ConfigDocument, checkConfig } from "../contract/config";

/**
 * The configuration in force as one document. What was stored by a firmware that took
 * more than this one does is left aside part by part: the console says why, and `up/config` names
 * what is wrong with the first such part.
 */
export async function loadConfig(store: ConfigStore): Promise<ConfigDocument> {
  const document: ConfigDocument = {};
  const channels: ConfigDocument = {};
  document[CHANNELS] = channels;
  for (const id of store.parts()) {
    const part = await store.part(id);
    if (!part) {
      console.error("configuration: part " + id + " cannot be read, defaults in force");
      continue;
    }
    const inChannels = partSection(id) === CHANNELS;
    // Each part by itself: all of a long document at once would take more steps than a fiber has.
    const section: ConfigDocument = {};
    section[partName(id)] = part;
    const problems = checkConfig(inChannels ? { channels: section } : section);
    for (const problem of problems)
      console.error("configuration: " + problem.path + ": " + problem.reason);
    if (problems.length > 0 && !store.leftAside) store.leftAside = problems;
    const target = inChannels ? channels : document;
    target[partName(id)] = problems.length > 0 ? {} : part;
  }
  return document;
}
