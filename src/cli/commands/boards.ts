import { Command } from "commander";
import { gpioOf, readBoardFile, readOwnBoards, type OwnBoard } from "../../boards/boardFile";
import { checkBoards, findingText, productId } from "../../boards/checkBoard";
import { CHIP_PINS } from "../../boards/chipPins";
import { PROJECT_FOLDER } from "../../projectFolder";
import { devicescriptCompiler, ownBoards } from "../../toolchain/compile";
import { table } from "../table";

interface BoardsOptions {
  readonly check?: true | string[];
  readonly json?: true;
}

/** One supported board, as `--json` prints it. Pins are GPIO numbers. */
interface BoardSummary {
  readonly board: string;
  readonly name: string;
  readonly chip: string;
  readonly pinSda: number;
  readonly pinScl: number;
  readonly pinLed: number;
  /** Pin that switches the sensors' supply, where there is one. */
  readonly pinPower?: number;
  readonly productId: string;
  readonly url: string;
}

/** `streetnode boards`: lists the supported boards, or checks board files. */
export function boardsCommand(): Command {
  return new Command("boards")
    .description("list the supported boards, or check board files")
    .option("--check [files...]", "check these board files; without a file, all of boards/")
    .option("--json", "print the result as one JSON object")
    .addHelpText(
      "after",
      `
A check ends with exit code 1 when a board was refused. Warnings refuse nothing.

Examples:
  streetnode boards
  streetnode boards --check my_pole.board.json`,
    )
    .action((options: BoardsOptions) => {
      if (options.check === undefined) list(options.json === true);
      else check(options.check === true ? [] : options.check, options.json === true);
    });
}

function list(json: boolean): void {
  const boards = ownBoards(PROJECT_FOLDER).map(summary);
  if (json) console.log(JSON.stringify({ boards }));
  else
    console.log(
      table(
        ["board", "chip", "SDA", "SCL", "LED", "sensor power", "name"],
        boards.map(({ board, chip, pinSda, pinScl, pinLed, pinPower, name }) => [
          board,
          chip,
          pinSda,
          pinScl,
          pinLed,
          pinPower ?? "-",
          name,
        ]),
      ),
    );
}

function check(files: readonly string[], json: boolean): void {
  const own = readOwnBoards(PROJECT_FOLDER);
  const sources = files.length > 0 ? files.map(readBoardFile) : own;
  // A file with the name of one of the project's boards is a new version of it.
  const others = own.filter(({ id }) => !sources.some((source) => source.id === id));
  const named = new Set(sources.map(({ file }) => file));
  const findings = checkBoards([...others, ...sources], devicescriptProductIds()).filter(
    ({ file }) => named.has(file),
  );
  const refused = new Set(
    findings.filter(({ severity }) => severity === "error").map(({ file }) => file),
  );
  if (json) console.log(JSON.stringify({ boards: [...named], findings }));
  else {
    for (const finding of findings) console.log(findingText(finding));
    console.log(`${sources.length} checked, ${refused.size} refused`);
  }
  if (refused.size > 0) process.exitCode = 1;
}

/** The product identifiers of the boards that DeviceScript brings, with their names. */
function devicescriptProductIds(): Map<number, string> {
  const { boards } = devicescriptCompiler().resolveBuildConfig({ hwInfo: {}, addBoards: [] });
  const taken = new Map<number, string>();
  for (const board of Object.values(boards)) {
    const id = productId(board["productId"]);
    if (id !== undefined) taken.set(id, `DeviceScript's ${board.id}`);
  }
  return taken;
}

function summary(board: OwnBoard): BoardSummary {
  const { id, archId, devName, i2c, led } = board;
  const power = board.pins?.["PWR"];
  return {
    board: id,
    name: devName,
    chip: CHIP_PINS[archId]?.name ?? archId,
    pinSda: gpioOf(board, i2c.pinSDA),
    pinScl: gpioOf(board, i2c.pinSCL),
    pinLed: gpioOf(board, led.pin ?? led.rgb?.[0]?.pin),
    ...(power === undefined ? {} : { pinPower: power }),
    productId: String(board.productId),
    url: board.url,
  };
}
