import { accessSync, constants, statSync } from "node:fs";
import { dirname } from "node:path";
import { InputError } from "../inputError";

/**
 * Whether a file can be written, to be asked before the work that fills it.
 *
 * @param option how messages call it: `--html`
 * @throws InputError when it cannot
 */
export function checkOutputFile(option: string, file: string): void {
  try {
    const there = statSync(file, { throwIfNoEntry: false });
    if (there?.isDirectory()) throw new InputError(`${option} ${file}: is a folder, not a file`);
    accessSync(there ? file : dirname(file), constants.W_OK);
  } catch (error) {
    if (error instanceof InputError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    throw new InputError(
      `${option} ${file}: ${code === "ENOENT" ? `no folder ${dirname(file)}` : `cannot be written: ${code ?? String(error)}`}`,
    );
  }
}
