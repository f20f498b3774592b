/**
 * What a user gave is wrong. The message is one line that names what it was and what
 * was expected; the command prints it and ends with exit code 2.
 */
export class InputError extends Error {
  override readonly name = "InputError";
}
