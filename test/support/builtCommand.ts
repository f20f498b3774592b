import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { rolldown } from "rolldown";
import { PROJECT_FOLDER } from "../../src/projectFolder";

/** How a process ended, and all that it wrote. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly output: string;
}

/** Commands that were built for a test, to be run as processes of their own. */
export interface BuiltCommands {
  run(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<Ended>;
  remove(): void;
}

/**
 * Builds some commands from their sources as they are now: as the project's build does, but
 * without the parts that take long to load.
 *
 * @param modules file and exported function of each command, below `src/cli/commands/`
 * @param before code that each process runs first
 */
export async function buildCommands(
  modules: Readonly<Record<string, string>>,
  before = "",
): Promise<BuiltCommands> {
  // Within the project, so that the commands find its boards and its packages.
  const parent = join(PROJECT_FOLDER, "dist");
  mkdirSync(parent, { recursive: true });
  const folder = mkdtempSync(join(parent, "test-"));
  const commands = join(PROJECT_FOLDER, "src/cli/commands");
  const imports = Object.entries(modules).map(
    ([file, name]) => `import { ${name} } from ${JSON.stringify(join(commands, file))};`,
  );
  const entry = join(folder, "entry.ts");
  writeFileSync(
    entry,
    `${imports.join("\n")}
import { Command } from "commander";
const program = new Command("streetnode");
for (const make of [${Object.values(modules).join(", ")}]) program.addCommand(make());
program.parseAsync().catch((error) => {
  console.error(String(error.message));
  process.exitCode = 1;
});
`,
  );
  const bundle = await rolldown({
    input: { streetnode: entry },
    platform: "node",
    external: (id) => !id.startsWith(".") && !id.startsWith("/"),
  });
  await bundle.write({ dir: folder, format: "esm" });
  await bundle.close();
  const preload = join(folder, "before.mjs");
  writeFileSync(preload, before);
  return {
    run: (args, env = {}) =>
      new Promise((resolve, reject) => {
        const child = spawn(
          process.execPath,
          ["--import", preload, join(folder, "streetnode.js"), ...args],
          { env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"] },
        );
        let output = "";
        child.stdout.on("data", (data: Buffer) => (output += data.toString()));
        child.stderr.on("data", (data: Buffer) => (output += data.toString()));
        child.on("error", reject);
        child.on("close", (code, signal) => resolve({ code, signal, output }));
      }),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
