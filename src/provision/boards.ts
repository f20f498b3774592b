import { readdirSync } from "node:fs";
import { join } from "node:path";
import { PROJECT_FOLDER } from "../projectFolder";

const SUFFIX = ".board.json";

/** The boards that the firmware knows: the names of the files in `boards/`. */
export function boardNames(): string[] {
  return readdirSync(join(PROJECT_FOLDER, "boards"))
    .filter((name) => name.endsWith(SUFFIX))
    .map((name) => name.slice(0, -SUFFIX.length))
    .sort();
}
