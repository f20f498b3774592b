import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

/** The only version whose bundle this project knows how to take apart. */
export const DEVICESCRIPT_VERSION = "2.16.4";

const require = createRequire(import.meta.url);

/** Folder of the installed `@devicescript/cli`. */
export function devicescriptCliFolder(): string {
  return dirname(require.resolve("@devicescript/cli/package.json"));
}

/** The folder that holds `node_modules`, in which DeviceScript's own packages are unpacked. */
export function modulesParentFolder(): string {
  return join(devicescriptCliFolder(), "..", "..", "..");
}

let bundleText: string | undefined;

function readBundle(): string {
  if (bundleText !== undefined) return bundleText;
  const folder = devicescriptCliFolder();
  const { version } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as {
    version: string;
  };
  if (version !== DEVICESCRIPT_VERSION)
    throw new Error(
      `@devicescript/cli ${version} is installed, Streetnode needs exactly ${DEVICESCRIPT_VERSION}: run npm ci`,
    );
  bundleText = readFileSync(join(folder, "built", "devicescript-cli.cjs"), "utf8");
  return bundleText;
}

/**
 * The body of one CommonJS module of the CLI's bundle. It reads `exports`,
 * `module2` and `require`. The CLI exports only its command line, so its compiler
 * and its VM are reached this way.
 */
export function bundledModule(path: string): string {
  const text = readBundle();
  const head = `  "${path}"(exports, module2) {\n`;
  const start = text.indexOf(head);
  const end = text.indexOf("\n  }\n});\n", start);
  if (start < 0 || end < 0)
    throw new Error(
      `@devicescript/cli ${DEVICESCRIPT_VERSION}: module ${path} is not in its bundle: run npm ci`,
    );
  return text.slice(start + head.length, end);
}

/** Frees the 28 MB of bundle text once its modules were taken out. */
export function forgetBundle(): void {
  bundleText = undefined;
}
