import { InputError } from "../inputError";
import { PROJECT_FOLDER } from "../projectFolder";
import {
  devicescriptCompiler,
  ownBoards,
  type ArchFile,
  type BoardFile,
} from "../toolchain/compile";

/** A board, the chip it carries, and its configuration as the runtime reads it from flash. */
export interface BoardConfiguration {
  readonly board: BoardFile;
  readonly arch: ArchFile;
  /** DeviceScript's `DCFG` block: pins, names, services. */
  readonly dcfg: Uint8Array;
}

/** Identifiers of the boards that this project supports. */
export function boardIds(): string[] {
  return ownBoards(PROJECT_FOLDER).map((board) => board.id);
}

/**
 * The configuration of one of the project's boards, made by DeviceScript's own code.
 *
 * @throws InputError when there is no such board, or its file asks for what its chip cannot do.
 */
export function boardConfiguration(boardId: string): BoardConfiguration {
  const own = ownBoards(PROJECT_FOLDER);
  const known = own.find((board) => board.id === boardId);
  if (!known)
    throw new InputError(
      `board ${boardId}: not known, expected one of ${own.map((board) => board.id).join(", ")}`,
    );
  const { resolveBuildConfig, jsonToDcfg, serializeDcfg, pinsInfo } = devicescriptCompiler();
  const config = resolveBuildConfig({ hwInfo: {}, addBoards: [known] });
  const board = config.boards[boardId] ?? known;
  const arch = config.archs[board.archId];
  if (!arch?.bareUrl)
    throw new InputError(`board ${boardId}: its chip ${board.archId} has no runtime`);
  const { errors } = pinsInfo(arch, board);
  if (errors.length > 0) throw new InputError(`board ${boardId}: ${errors.join("; ")}`);
  return { board, arch, dcfg: serializeDcfg(jsonToDcfg(board, true)) };
}
