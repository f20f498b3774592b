import { readFileSync } from "node:fs";
import { CsvError, parse } from "csv-parse/sync";
import { InputError } from "../inputError";
import type { NewNode } from "../inventory/inventory";
import type { Conflict } from "../inventory/inventoryError";
import { boardNames, NODE_FIELDS, nodeOfFields, nodeProblems, type NodeField } from "./checkNode";

/** What a spreadsheet may put between cells; where the comma is in numbers, it is ';'. */
const DELIMITERS = [",", ";", "\t"];
/** More would only scroll the first ones away. */
const PROBLEMS_SHOWN = 20;

/** Values for cells that are empty and columns that are missing. */
export type NodeDefaults = Partial<Record<NodeField, string>>;

/** Nodes from a file, each with the line that it stands in. */
export interface NodesFile {
  readonly file: string;
  readonly nodes: readonly NewNode[];
  readonly lines: ReadonlyMap<string, number>;
}

/** Something wrong in a line. */
interface LineProblem {
  readonly line: number;
  readonly column: string;
  readonly reason: string;
}

/**
 * Reads nodes from a CSV file in UTF-8 with a header. Columns: `name`, `city`, `board` and
 * `pole`, in any order; all but `name` may be missing when `defaults` has them, or, as the
 * pole, are not known yet.
 *
 * @throws InputError that names every bad cell by line and column
 */
export function readNodes(file: string, defaults: NodeDefaults): NodesFile {
  const [header, ...rows] = readRows(file);
  const columns = header?.cells.map((cell) => cell.toLowerCase()) ?? [];
  checkHeader(file, columns);
  const boards = boardNames();
  const problems: LineProblem[] = [];
  const nodes: NewNode[] = [];
  const lines = new Map<string, number>();
  for (const { cells, line } of rows) {
    if (cells.length > columns.length)
      problems.push({
        line,
        column: String(columns.length + 1),
        reason: `is one cell more than the header has; a text with a separator needs quotes`,
      });
    const fields = Object.fromEntries(
      NODE_FIELDS.map((field) => [field, cells[columns.indexOf(field)] || (defaults[field] ?? "")]),
    ) as Record<NodeField, string>;
    for (const { field, reason } of nodeProblems(fields, boards))
      problems.push({ line, column: field, reason });
    const before = lines.get(fields.name);
    if (before !== undefined)
      problems.push({ line, column: "name", reason: `'${fields.name}' is in line ${before}, too` });
    lines.set(fields.name, before ?? line);
    nodes.push(nodeOfFields(fields));
  }
  if (problems.length > 0) throw problemsIn(file, problems);
  if (nodes.length === 0) throw new InputError(`${file} has a header and no nodes`);
  return { file, nodes, lines };
}

/** What the inventory has against nodes of a file, by line. */
export function conflictsIn(
  { file, lines }: NodesFile,
  conflicts: readonly Conflict[],
): InputError {
  return problemsIn(
    file,
    conflicts.map(({ name, reason }) => ({
      line: lines.get(name) ?? 0,
      column: "name",
      reason: `'${name}' ${reason}`,
    })),
  );
}

function problemsIn(file: string, problems: readonly LineProblem[]): InputError {
  const shown = problems
    .slice(0, PROBLEMS_SHOWN)
    .map(({ line, column, reason }) => `\n  line ${line}, column ${column}: ${reason}`);
  const more = problems.length - shown.length;
  return new InputError(
    `${file}: ${problems.length === 1 ? "one cell is" : `${problems.length} cells are`} wrong, nothing was added${shown.join("")}${more > 0 ? `\n  and ${more} more` : ""}`,
  );
}

function checkHeader(file: string, columns: readonly string[]): void {
  const known: readonly string[] = NODE_FIELDS;
  const strange = columns.filter((column) => !known.includes(column));
  if (strange.length > 0)
    throw new InputError(
      `${file} line 1: unknown column ${strange.map((column) => `'${column}'`).join(", ")}; the columns are ${known.join(", ")}`,
    );
  const twice = columns.find((column, i) => columns.indexOf(column) !== i);
  if (twice !== undefined)
    throw new InputError(`${file} line 1: two columns are called '${twice}'`);
  if (!columns.includes("name")) throw new InputError(`${file} line 1: there is no column 'name'`);
}

function readRows(file: string): { cells: string[]; line: number }[] {
  const text = readText(file);
  const firstLine = text.slice(0, text.search(/[\r\n]|$/));
  const delimiter = DELIMITERS.find((character) => firstLine.includes(character)) ?? ",";
  try {
    const parsed = parse(text, {
      bom: true,
      delimiter,
      info: true,
      relax_column_count: true,
      skip_empty_lines: true,
      skip_records_with_empty_values: true,
      trim: true,
    }) as unknown as { record: string[]; info: { lines: number } }[];
    if (parsed.length === 0) throw new InputError(`${file} is empty`);
    return parsed.map(({ record, info }) => ({ cells: record, line: info.lines }));
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    throw new InputError(`${file} is no CSV file: ${error.message.split("\n")[0]}`);
  }
}

function readText(file: string): string {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new InputError(
      code === "ENOENT" ? `${file}: no such file` : `${file} cannot be read: ${code}`,
    );
  }
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new InputError(`${file} is not in UTF-8: save it as "CSV UTF-8"`);
  }
}
