import { mkdirSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { Command } from "commander";
import { boardConfiguration, boardIds } from "../../flash/boardConfiguration";
import { FIRMWARE_FOLDER, loadFirmware } from "../../toolchain/firmware";

interface BuildOptions {
  readonly board?: string;
  readonly json?: true;
}

/**
 * `streetnode build`: compiles the firmware, which is the same for every board, and writes
 * each board's configuration beside it.
 */
export function buildCommand(): Command {
  return new Command("build")
    .description("compile the firmware to bytecode, with the configuration of every board")
    .option("--board <board>", "for this board only; streetnode boards lists them")
    .option("--json", "print the result as one JSON object")
    .addHelpText("after", "\nExample:\n  streetnode build --board streetnode_xiao_esp32c3 --json")
    .action((options: BuildOptions) => {
      const boards = (options.board === undefined ? boardIds() : [options.board]).map(
        boardConfiguration,
      );
      const { bytecode, debugInfo } = loadFirmware();
      mkdirSync(FIRMWARE_FOLDER, { recursive: true });
      for (const { board, dcfg } of boards)
        writeFileSync(join(FIRMWARE_FOLDER, `${board.id}.dcfg`), dcfg);
      const folder = relative(process.cwd(), FIRMWARE_FOLDER);
      if (options.json)
        console.log(
          JSON.stringify({
            bytecodeBytes: bytecode.length,
            folder,
            boards: boards.map(({ board, arch, dcfg }) => ({
              board: board.id,
              chip: arch.name,
              configurationBytes: dcfg.length,
            })),
            functions: debugInfo.functions
              .map(({ name, size }) => ({ name, bytes: size }))
              .sort((a, b) => b.bytes - a.bytes),
          }),
        );
      else
        console.log(
          `firmware: ${bytecode.length} bytes of bytecode in ${folder}, for ${boards.map(({ board }) => board.id).join(", ")}`,
        );
    });
}
