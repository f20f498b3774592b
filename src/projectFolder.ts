import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/**
 * The folder that holds package.json, `devs/` and `dist/`: found upwards from this
 * code, which runs from `src/` in the tests and from `dist/` when it was built.
 */
export const PROJECT_FOLDER = findUpwards(dirname(fileURLToPath(import.meta.url)));

function findUpwards(from: string): string {
  for (let folder = from; ; folder = dirname(folder)) {
    if (existsSync(join(folder, "devsconfig.json"))) return folder;
    if (folder === dirname(folder)) throw new Error(`Streetnode's own folder is not above ${from}`);
  }
}
