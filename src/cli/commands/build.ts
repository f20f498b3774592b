import { Command } from "commander";
import { FIRMWARE_FOLDER, loadFirmware } from "../../toolchain/firmware";
import { relative } from "node:path";

/** `streetnode build`: compiles the firmware. */
export function buildCommand(): Command {
  return new Command("build")
    .description("compile the firmware to bytecode")
    .option("--json", "print the result as one JSON object")
    .addHelpText("after", "\nExample:\n  streetnode build --json")
    .action((options: { json?: boolean }) => {
      const { bytecode, debugInfo } = loadFirmware();
      const folder = relative(process.cwd(), FIRMWARE_FOLDER);
      if (options.json)
        console.log(
          JSON.stringify({
            bytecodeBytes: bytecode.length,
            folder,
            functions: debugInfo.functions
              .map(({ name, size }) => ({ name, bytes: size }))
              .sort((a, b) => b.bytes - a.bytes),
          }),
        );
      else console.log(`firmware: ${bytecode.length} bytes of bytecode in ${folder}`);
    });
}
