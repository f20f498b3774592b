import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, relative, resolve } from "node:path";
import { compileFunction } from "node:vm";
import { readOwnBoards, type OwnBoard } from "../boards/boardFile";
import { checkBoards, findingText } from "../boards/checkBoard";
import { InputError } from "../inputError";
import { Compaction, withCompaction } from "./compaction";
import { bundledModule, modulesParentFolder } from "./devicescriptBundle";

/** Bytecode and what a debugger needs of it. */
export interface CompiledProgram {
  readonly bytecode: Uint8Array;
  /** DeviceScript's debug information: turns program counters into source lines. */
  readonly debugInfo: DebugInfo;
}

/** DeviceScript's debug information, as its own tools read it. */
export interface DebugInfo {
  readonly sizes: Record<string, number>;
  readonly functions: { name: string; size: number }[];
  readonly globals: { name: string }[];
}

/** The program does not compile; the message holds the compiler's own, one a line. */
export class CompileError extends Error {
  override readonly name = "CompileError";
}

interface Diagnostic {
  messageText: unknown;
}

interface BuildConfig {
  boards: Record<string, BoardFile>;
  archs: Record<string, ArchFile>;
  hwInfo: Record<string, string>;
}

/** A board file as the compiler resolves it: the part that this project reads. */
export interface BoardFile {
  readonly id: string;
  /** Chip: `esp32`, `esp32c3`, `esp32s3`, … */
  readonly archId: string;
  readonly devName: string;
  readonly [key: string]: unknown;
}

/** What DeviceScript knows of a chip: the part that this project reads. Numbers may be written in hexadecimal. */
export interface ArchFile {
  readonly id: string;
  readonly name: string;
  /** Where a runtime image starts in flash. */
  readonly binFlashOffset: number | string;
  /** Where the board configuration lies in flash. */
  readonly dcfgOffset: number | string;
  /** Where program and settings lie in flash, and in how many pages. */
  readonly fstorOffset: number | string;
  readonly fstorPages: number;
  readonly flashPageSize: number;
  /** The official release of the runtime for a bare board. */
  readonly bareUrl?: string;
}

interface CompilerHost {
  write(file: string, content: string | Uint8Array): void;
  read(file: string): string;
  resolvePath(file: string): string;
  relativePath(file: string): string;
  log(line: string): void;
  isBasicOutput(): boolean;
  error(diagnostic: Diagnostic): void;
  getFlags(): Record<string, boolean>;
  getConfig(): BuildConfig;
  verifyBytecode(bytecode: Uint8Array): void;
}

interface Compiler {
  compileWithHost(
    file: string,
    host: CompilerHost,
  ): { success: boolean; binary?: Uint8Array; dbg: DebugInfo };
  resolveBuildConfig(local: {
    hwInfo: Record<string, string>;
    addBoards: unknown[];
    pkgJson?: object;
  }): BuildConfig;
  preludeFiles(config: BuildConfig): Record<string, string>;
  formatDiagnostics(diagnostics: Diagnostic[], basic: boolean): string;
  jsonToDcfg(board: object, interpretStrings: boolean): Record<string, unknown>;
  serializeDcfg(settings: Record<string, unknown>): Uint8Array;
  decodeDcfg(bytes: Uint8Array): { errors: string[]; settings: Record<string, unknown> };
  pinsInfo(
    arch: ArchFile,
    board: BoardFile,
  ): { errors: string[]; infos: { gpio: number; functions: string[] }[] };
}

let loaded: Compiler | undefined;
/** The compiler's own global object. */
const compilerGlobal = Object.create(globalThis) as { compaction: Compaction };

/** A program counter of the runtime has 16 bits: no code may lie beyond (`verify.c`, check 1051). */
const CODE_LIMIT_BYTES = 0x10000;
/** Where the image's header has start and length of the functions' code (`devs_img_header_t`). */
const CODE_SECTION_AT = 40;

/** Passes at most until every short jump is long enough. */
const PASSES_MAX = 8;

/** The compiler of `@devicescript/cli`, which also knows boards and their configuration. */
export function devicescriptCompiler(): Compiler {
  if (loaded) return loaded;
  const module = { exports: {} };
  const body = withCompaction(bundledModule("compiler/built/devicescript-compiler.node.cjs"));
  // The module leaves a global behind; a shadow keeps it out of this process's own.
  const load = compileFunction(body, [
    "exports",
    "module2",
    "require",
    "globalThis",
    "__filename",
    "__dirname",
  ]);
  load(
    module.exports,
    module,
    createRequire(import.meta.url),
    compilerGlobal,
    join(modulesParentFolder(), "compiler.cjs"),
    modulesParentFolder(),
  );
  loaded = module.exports as Compiler;
  return loaded;
}

/** Options of a compilation. */
export interface CompileOptions {
  /** The project's folder, which holds `boards/`. */
  readonly projectFolder: string;
  /** Version that the program reports. */
  readonly version: string;
  /** Whether to take the time to make the code short; false when left out. */
  readonly compact?: boolean;
}

/**
 * The project's own board files, each with its identifier.
 *
 * @throws InputError when one of them has an error.
 */
export function ownBoards(projectFolder: string): OwnBoard[] {
  const sources = readOwnBoards(projectFolder);
  const errors = checkBoards(sources).filter(({ severity }) => severity === "error");
  if (errors.length > 0) throw new InputError(errors.map(findingText).join("; "));
  return sources.map(({ id, text }) => ({ ...(JSON.parse(text) as OwnBoard), id }));
}

/**
 * Writes DeviceScript's own packages into node_modules (they are not on npm: the
 * compiler carries them). Files that are there and right are left alone.
 */
export function unpackPackages(): void {
  const parent = modulesParentFolder();
  const compiler = devicescriptCompiler();
  const files = compiler.preludeFiles(compiler.resolveBuildConfig({ hwInfo: {}, addBoards: [] }));
  for (const [file, content] of Object.entries(files)) {
    const path = join(parent, file);
    if (readIfThere(path) === content) continue;
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
  }
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

/**
 * Compiles a DeviceScript program, with the compiler of `@devicescript/cli`.
 *
 * @throws CompileError when the program has errors.
 */
export function compileProgram(entry: string, options: CompileOptions): CompiledProgram {
  unpackPackages();
  const { compileWithHost, resolveBuildConfig, formatDiagnostics } = devicescriptCompiler();
  const folder = resolve(options.projectFolder);
  const config = resolveBuildConfig({
    hwInfo: { "@name": "streetnode", "@version": options.version },
    addBoards: ownBoards(folder),
  });
  const errors: string[] = [];
  const host: CompilerHost = {
    write: () => {},
    read: (file) => readFileSync(resolve(folder, file), "utf8"),
    resolvePath: (file) => resolve(folder, file),
    relativePath: (file) => relative(folder, file),
    log: () => {},
    isBasicOutput: () => true,
    error: (diagnostic) => errors.push(formatDiagnostics([diagnostic], true).trim()),
    getFlags: () => ({}),
    getConfig: () => config,
    // The VM refuses bad bytecode itself when it is deployed.
    verifyBytecode: () => {},
  };
  const compaction = new Compaction(
    options.compact === true,
    (file) => !file.includes("node_modules"),
  );
  compilerGlobal.compaction = compaction;
  const pass = () => {
    compaction.begin();
    return compileWithHost(relative(folder, resolve(folder, entry)), host);
  };
  let result = pass();
  for (let passes = 2; options.compact && errors.length === 0; passes++) {
    result = pass();
    if (compaction.fits) break;
    if (passes === PASSES_MAX) throw new CompileError(`${entry} cannot be made short`);
  }
  if (!result.success || !result.binary || errors.length)
    throw new CompileError(errors.join("\n") || `${entry} does not compile`);
  const codeEnd = endOfCode(result.binary);
  if (codeEnd >= CODE_LIMIT_BYTES)
    throw new CompileError(
      `${entry}: its functions reach to byte ${codeEnd}, the runtime takes less than ${CODE_LIMIT_BYTES}`,
    );
  return { bytecode: result.binary, debugInfo: result.dbg };
}

/** Where the code of a program ends, in bytes from the start of its image. */
export function endOfCode(image: Uint8Array): number {
  const view = new DataView(image.buffer, image.byteOffset);
  return view.getUint32(CODE_SECTION_AT, true) + view.getUint32(CODE_SECTION_AT + 4, true);
}
