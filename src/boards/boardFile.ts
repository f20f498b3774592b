import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { InputError } from "../inputError";

/** How the name of a board's file ends; what stands before is the board's identifier. */
const SUFFIX = ".board.json";

/** A board file as it was found: of its content nothing is known yet. */
export interface BoardSource {
  /** Name of the file for messages. */
  readonly file: string;
  /** The board's identifier. */
  readonly id: string;
  readonly text: string;
}

/** A GPIO number, or a label of `pins`. */
export type PinName = number | string;

/** A board file that passed its check: the part that this project reads. */
export interface OwnBoard {
  readonly id: string;
  /** Chip: `esp32`, `esp32c3` or `esp32s3`. */
  readonly archId: string;
  /** What a node reports as its board. */
  readonly devName: string;
  readonly productId: number | string;
  readonly url: string;
  readonly i2c: { readonly pinSDA: PinName; readonly pinSCL: PinName };
  /** The status light. */
  readonly led: { readonly pin?: PinName; readonly rgb?: readonly { readonly pin: PinName }[] };
  /** Labels of pins; `PWR` is the one that switches the sensors' supply. */
  readonly pins?: Readonly<Record<string, number>>;
  readonly [member: string]: unknown;
}

/** The GPIO number of a pin of a checked board; NaN when it has none. */
export function gpioOf(board: OwnBoard, pin: PinName | undefined): number {
  return (typeof pin === "string" ? board.pins?.[pin] : pin) ?? NaN;
}

/** @throws InputError when the file cannot be read. */
export function readBoardFile(file: string): BoardSource {
  try {
    return { file, id: basename(file, SUFFIX), text: readFileSync(file, "utf8") };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new InputError(
      code === "ENOENT" ? `${file}: no such file` : `${file} cannot be read: ${code}`,
    );
  }
}

/** The project's own board files, by name. */
export function readOwnBoards(projectFolder: string): BoardSource[] {
  const folder = join(projectFolder, "boards");
  return readdirSync(folder)
    .filter((file) => file.endsWith(SUFFIX))
    .sort()
    .map((file) => ({ ...readBoardFile(join(folder, file)), file: `boards/${file}` }));
}
