import { readFileSync } from "node:fs";
import { parse, CsvError } from "csv-parse/sync";
import { InputError } from "./inputError";

/** The column with the time of each row, in seconds from the start of the run. */
const TIME_COLUMN = "t_s";

/** Numbers by which data loggers say "no value"; no metric has such a one. */
const FAULT_MARKERS = [-200, -999, -9999];
/** Words by which programs write a missing value. */
const MISSING_WORDS = ["na", "nan", "null"];

/** One row of a recording; NaN where there is no value. */
export interface RecordedRow {
  readonly timeMs: number;
  readonly value: number;
}

/**
 * Reads a recording: a CSV file with a header, a column `t_s` (seconds, ascending) and a
 * column of numbers. An empty cell, `NA`, `NaN`, `null`, -200, -999 and -9999 say that
 * there is no value.
 *
 * @param where how messages name the file
 * @returns at least one row with a value, in ascending order of time
 * @throws InputError, one line that names the file and what is wrong with it
 */
export function readRecording(file: string, column: string, where: string): RecordedRow[] {
  const lines = readCsv(file, where);
  const header = lines[0]?.record ?? [];
  const timeAt = header.indexOf(TIME_COLUMN);
  const valueAt = header.indexOf(column);
  if (timeAt < 0)
    throw new InputError(`${where} has no column '${TIME_COLUMN}'; it has ${header.join(", ")}`);
  if (valueAt < 0)
    throw new InputError(`${where} has no column '${column}'; it has ${header.join(", ")}`);
  const rows: RecordedRow[] = [];
  for (const { record, line } of lines.slice(1)) {
    const timeMs = 1000 * cellNumber(record[timeAt] ?? "", TIME_COLUMN, where, line);
    if (Number.isNaN(timeMs))
      throw new InputError(`${where} line ${line}: no time in column '${TIME_COLUMN}'`);
    const previous = rows.at(-1);
    if (previous && timeMs <= previous.timeMs)
      throw new InputError(
        `${where} line ${line}: the time ${timeMs / 1000} s does not come after ${previous.timeMs / 1000} s`,
      );
    const value = cellNumber(record[valueAt] ?? "", column, where, line);
    rows.push({ timeMs, value: FAULT_MARKERS.includes(value) ? NaN : value });
  }
  if (rows.length === 0) throw new InputError(`${where} has no rows`);
  if (rows.every((row) => Number.isNaN(row.value)))
    throw new InputError(`${where} has no value in column '${column}'`);
  return rows;
}

interface CsvLine {
  readonly record: string[];
  readonly line: number;
}

function readCsv(file: string, where: string): CsvLine[] {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "ENOENT") throw new InputError(`${where}: no such file`);
    throw new InputError(`${where} cannot be read: ${code ?? String(error)}`);
  }
  try {
    const parsed = parse(text, {
      bom: true,
      info: true,
      relax_column_count: true,
      skip_empty_lines: true,
      trim: true,
    }) as unknown as { record: string[]; info: { lines: number } }[];
    if (parsed.length === 0) throw new InputError(`${where} is empty`);
    return parsed.map(({ record, info }) => ({ record, line: info.lines }));
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    throw new InputError(`${where} is no CSV file: ${error.message.split("\n")[0]}`);
  }
}

/** The number in a cell, NaN when it says that there is none. */
function cellNumber(cell: string, column: string, where: string, line: number): number {
  if (cell === "" || MISSING_WORDS.includes(cell.toLowerCase())) return NaN;
  const value = Number(cell);
  if (!Number.isFinite(value))
    throw new InputError(`${where} line ${line}: '${cell}' in column '${column}' is no number`);
  return value;
}
