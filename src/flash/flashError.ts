/** Why a board could not be flashed: one word for programs, and for the inventory. */
export type FlashErrorCode =
  | "no-port"
  | "port-in-use"
  | "no-answer"
  | "wrong-chip"
  | "flash-too-small"
  | "secure-boot"
  | "line-noise"
  | "unplugged"
  | "write-failed"
  | "verify-failed"
  | "no-boot"
  | "no-verdict"
  | "wrong-node"
  | "cannot-start"
  | "self-test-failed"
  | "interrupted";

/** A board could not be flashed. The message is one line that says what to do. */
export class FlashError extends Error {
  override readonly name = "FlashError";
  readonly code: FlashErrorCode;

  constructor(code: FlashErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
