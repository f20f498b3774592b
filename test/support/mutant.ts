import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PROJECT_FOLDER } from "../../src/projectFolder";
import { compileProgram, type CompiledProgram } from "../../src/toolchain/compile";
import { modulesParentFolder } from "../../src/toolchain/devicescriptBundle";

/** A fault to put into one file of the firmware. */
export interface Fault {
  readonly file: string;
  /** Text of the file, and what takes its place. */
  readonly healthy: string;
  readonly broken: string;
  /** What is added at the end of the file. */
  readonly more?: string;
}

/** The firmware with faults put into its files. */
export function mutant(...faults: readonly Fault[]): CompiledProgram {
  const folder = mkdtempSync(join(tmpdir(), "streetnode-mutant-"));
  try {
    for (const part of ["devs", "boards", "package.json", "devsconfig.json"])
      cpSync(join(PROJECT_FOLDER, part), join(folder, part), { recursive: true });
    symlinkSync(join(modulesParentFolder(), "node_modules"), join(folder, "node_modules"));
    for (const { file, healthy, broken, more = "" } of faults) {
      const path = join(folder, file);
      const text = readFileSync(path, "utf8");
      if (!text.includes(healthy))
        throw new Error(`${file} has changed: this mutant needs a new place than ${healthy}`);
      writeFileSync(path, text.replace(healthy, broken) + more);
    }
    const options = { projectFolder: folder, version: "0.0.0", compact: true };
    return compileProgram("devs/main.ts", options);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
