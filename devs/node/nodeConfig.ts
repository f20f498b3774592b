import { readSetting } from "@devicescript/settings";
import { ConfigDocument, checkConfig } from "../contract/config";

/**
 * Settings `config0`, `config1` and so on hold the document's JSON text in parts, each a
 * JSON string, since one setting takes at most 225 bytes.
 */
const PARTS_MAX = 32;

/**
 * Reads the configuration document from flash. One that is damaged or wrong is left
 * aside as a whole, and the console says why: the node then runs on its defaults.
 */
export async function loadConfig(): Promise<ConfigDocument> {
  let text = "";
  for (let i = 0; i < PARTS_MAX; i++) {
    const part = await readSetting<string>("config" + i, "");
    if (!part) break;
    text += part;
  }
  if (!text) return {};
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    console.error("configuration: not JSON, defaults in force");
    return {};
  }
  const problems = checkConfig(document);
  for (const problem of problems)
    console.error("configuration: " + problem.path + " " + problem.reason);
  if (problems.length === 0) return document as ConfigDocument;
  console.error("configuration: refused, defaults in force");
  return {};
}
