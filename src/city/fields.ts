/** A message cannot be used: the text names the field and what was expected in it. */
export class FieldProblem extends Error {
  override readonly name = "FieldProblem";

  constructor(
    readonly field: string,
    expected: string,
    got?: unknown,
  ) {
    super(`${field}: expected ${expected}${got === undefined ? "" : `, got ${shown(got)}`}`);
  }
}

/** A JSON object whose members are not checked yet. */
export type Fields = Readonly<Record<string, unknown>>;

/** Longest text that a member may hold, in UTF-16 units. */
const TEXT_MAX_LENGTH = 64;
/** Longest part of a wrong value that a problem repeats. */
const SHOWN_MAX_LENGTH = 40;

/**
 * Reads a payload as JSON.
 *
 * @throws FieldProblem when it is too long, no UTF-8 (RFC 8259 section 8.1) or no JSON.
 */
export function parseJson(payload: Uint8Array, maxBytes: number): unknown {
  if (payload.length > maxBytes)
    throw new FieldProblem("payload", `at most ${maxBytes} bytes`, payload.length);
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(payload);
  } catch {
    throw new FieldProblem("payload", "UTF-8");
  }
  try {
    return JSON.parse(text);
  } catch {
    throw new FieldProblem("payload", "JSON", text);
  }
}

/** The value as an object. */
export function asObject(value: unknown, field: string): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new FieldProblem(field, "an object", value);
  return value as Fields;
}

/** A member that must be a finite number. */
export function numberField(fields: Fields, name: string, path = ""): number {
  const value = own(fields, name);
  if (typeof value !== "number" || !Number.isFinite(value))
    throw new FieldProblem(path + name, "a number", value ?? null);
  return value;
}

/** A member that must be a finite number when it is there. */
export function optionalNumber(fields: Fields, name: string, path = ""): number | undefined {
  return own(fields, name) === undefined ? undefined : numberField(fields, name, path);
}

/** A member that must be a whole number from `least` up. */
export function countField(fields: Fields, name: string, least: number, path = ""): number {
  const value = own(fields, name);
  if (!Number.isSafeInteger(value) || (value as number) < least)
    throw new FieldProblem(path + name, `a whole number from ${least} up`, value ?? null);
  return value as number;
}

/** A member that must be a text of 1 to 64 characters, all of them visible. */
export function textField(fields: Fields, name: string, path = ""): string {
  return asText(own(fields, name), path + name);
}

/** A member that must be such a text, or one of another length, when it is there. */
export function optionalText(
  fields: Fields,
  name: string,
  path = "",
  maxLength = TEXT_MAX_LENGTH,
): string | undefined {
  const value = own(fields, name);
  return value === undefined ? undefined : asText(value, path + name, maxLength);
}

/** The value as a text of visible characters, at least one and 64 at most, or as many as allowed. */
export function asText(value: unknown, field: string, maxLength = TEXT_MAX_LENGTH): string {
  if (typeof value !== "string" || value.length < 1 || value.length > maxLength)
    throw new FieldProblem(field, `a text of 1 to ${maxLength} characters`, value ?? null);
  // Texts end up on terminals, where control and direction characters rewrite what stands there.
  if (/[\p{Cc}\p{Cf}]/u.test(value)) throw new FieldProblem(field, "visible characters", value);
  return value;
}

/** A member of the object itself, never one that it inherits. */
export function own(fields: Fields, name: string): unknown {
  return Object.hasOwn(fields, name) ? fields[name] : undefined;
}

function shown(value: unknown): string {
  const text = typeof value === "string" ? JSON.stringify(value.slice(0, 80)) : plain(value);
  return text.length > SHOWN_MAX_LENGTH ? `${text.slice(0, SHOWN_MAX_LENGTH)}...` : text;
}

function plain(value: unknown): string {
  if (value === null) return "nothing";
  if (Array.isArray(value)) return "an array";
  return typeof value === "object" ? "an object" : String(value);
}
