import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { InputError } from "../inputError";
import { replaceFile } from "../replaceFile";

/**
 * Writes files into a folder, which is made when it is missing, each in one step.
 *
 * @returns the names of those that changed
 * @throws InputError that names the folder, when it cannot be written
 */
export function writeFiles(folder: string, files: ReadonlyMap<string, string>): string[] {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const changed = [...files].filter(([name, text]) => replaceFile(join(folder, name), text));
    return changed.map(([name]) => name);
  } catch (error) {
    const { code, path } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    throw new InputError(`${path ?? folder} cannot be written: ${code}`);
  }
}
