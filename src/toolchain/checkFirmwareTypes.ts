import { join } from "node:path";
import ts from "typescript";
import { PROJECT_FOLDER } from "../projectFolder";
import { unpackPackages } from "./compile";

/**
 * Checks the firmware's types as strictly as TypeScript can. DeviceScript's own
 * compiler checks without `strictNullChecks`, and its own packages do not pass with
 * it: so only what is found in this project's files counts.
 */
unpackPackages();
const configFile = join(PROJECT_FOLDER, "devs", "tsconfig.json");
const config = ts.getParsedCommandLineOfConfigFile(
  configFile,
  {},
  {
    ...ts.sys,
    onUnRecoverableConfigFileDiagnostic: (diagnostic) => {
      throw new Error(ts.flattenDiagnosticMessageText(diagnostic.messageText, "\n"));
    },
  },
);
if (!config) throw new Error(`${configFile} cannot be read`);
const program = ts.createProgram(config.fileNames, config.options);
const diagnostics = ts
  .getPreEmitDiagnostics(program)
  .filter(({ file }) => !file?.fileName.includes("/node_modules/"));
if (diagnostics.length > 0) {
  console.error(
    ts.formatDiagnosticsWithColorAndContext(diagnostics, {
      getCanonicalFileName: (file) => file,
      getCurrentDirectory: () => PROJECT_FOLDER,
      getNewLine: () => "\n",
    }),
  );
  process.exitCode = 1;
} else console.log(`firmware: ${config.fileNames.length} files, no type errors`);
