import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, readdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PROJECT_FOLDER } from "../projectFolder";
import { compileProgram, type CompiledProgram } from "./compile";
import { DEVICESCRIPT_VERSION } from "./devicescriptBundle";

/** The firmware's entry point. */
const ENTRY = "devs/main.ts";

/** Where the compiled firmware is kept. */
export const FIRMWARE_FOLDER = join(PROJECT_FOLDER, "dist", "firmware");
const BYTECODE_FILE = join(FIRMWARE_FOLDER, "streetnode.devs");
/** The name that DeviceScript's own tools look for. */
const DEBUG_FILE = join(FIRMWARE_FOLDER, "streetnode-dbg.json");
const SOURCES_FILE = join(FIRMWARE_FOLDER, "sources.sha256");

/** The project's version, which the firmware reports. */
export function projectVersion(): string {
  const text = readFileSync(join(PROJECT_FOLDER, "package.json"), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}

/**
 * The firmware's bytecode: the stored one while no source has changed, a new
 * compilation otherwise.
 *
 * @throws CompileError when the firmware does not compile.
 */
export function loadFirmware(): CompiledProgram {
  const sources = hashSources();
  try {
    if (readFileSync(SOURCES_FILE, "utf8") === sources)
      return {
        bytecode: new Uint8Array(readFileSync(BYTECODE_FILE)),
        debugInfo: JSON.parse(readFileSync(DEBUG_FILE, "utf8")) as CompiledProgram["debugInfo"],
      };
  } catch {
    // Not built yet, or only in part: built below.
  }
  const program = compileProgram(ENTRY, {
    compact: true,
    projectFolder: PROJECT_FOLDER,
    version: projectVersion(),
  });
  mkdirSync(FIRMWARE_FOLDER, { recursive: true });
  writeWhole(BYTECODE_FILE, program.bytecode);
  writeWhole(DEBUG_FILE, JSON.stringify(program.debugInfo));
  writeWhole(SOURCES_FILE, sources);
  return program;
}

/** Writes a file so that a reader in another process sees all of it or the one before. */
function writeWhole(path: string, content: string | Uint8Array): void {
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, content);
  renameSync(draft, path);
}

function hashSources(): string {
  const hash = createHash("sha256").update(`${DEVICESCRIPT_VERSION}\n${projectVersion()}\n`);
  for (const folder of ["devs", "boards", "src/toolchain"]) {
    const files = readdirSync(join(PROJECT_FOLDER, folder), { recursive: true, encoding: "utf8" });
    for (const file of files.sort())
      if (/\.(ts|board\.json)$/.test(file))
        hash.update(`${folder}/${file}\n`).update(readFileSync(join(PROJECT_FOLDER, folder, file)));
  }
  return hash.digest("hex");
}
