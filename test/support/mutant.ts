import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PROJECT_FOLDER } from "../../src/projectFolder";
import { compileProgram } from "../../src/toolchain/compile";
import { modulesParentFolder } from "../../src/toolchain/devicescriptBundle";

/** The firmware with a fault put into one of its files. */
export function mutant(file: string, healthy: string, broken: string, more = ""): Uint8Array {
  const folder = mkdtempSync(join(tmpdir(), "streetnode-mutant-"));
  try {
    for (const part of ["devs", "boards", "package.json", "devsconfig.json"])
      cpSync(join(PROJECT_FOLDER, part), join(folder, part), { recursive: true });
    symlinkSync(join(modulesParentFolder(), "node_modules"), join(folder, "node_modules"));
    const path = join(folder, file);
    const text = readFileSync(path, "utf8");
    if (!text.includes(healthy))
      throw new Error(`${file} has changed: this mutant needs a new place than ${healthy}`);
    writeFileSync(path, text.replace(healthy, broken) + more);
    const options = { projectFolder: folder, version: "0.0.0", compact: true };
    return compileProgram("devs/main.ts", options).bytecode;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
