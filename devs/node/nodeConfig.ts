import { ConfigStore } from "../config/configStore";
import { CHANNELS, partName, partSection } from "../config/parts";
import { ConfigDocument, checkConfig } from "../contract/config";

/**
 * The configuration in force as one document. What was stored by a firmware that took
 * more than this one does is left aside part by part, and the console says why.
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
    const target = partSection(id) === CHANNELS ? channels : document;
    target[partName(id)] = part;
    const problems = checkConfig(document);
    for (const problem of problems)
      console.error("configuration: " + problem.path + ": " + problem.reason);
    if (problems.length > 0) target[partName(id)] = {};
  }
  return document;
}
