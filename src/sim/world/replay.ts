import { readFileSync } from "node:fs";
import { parse, CsvError } from "csv-parse/sync";
import { findMetric } from "../../../devs/contract/metrics";
import { InputError } from "../../inputError";
import { SENSED_METRICS, type Surroundings } from "./surroundings";

/** The column with the time of each row, in seconds from the start of the run. */
const TIME_COLUMN = "t_s";

/** Numbers by which data loggers say "no value"; no metric has such a one. */
const FAULT_MARKERS = [-200, -999, -9999];
/** Words by which programs write a missing value. */
const MISSING_WORDS = ["na", "nan", "null"];

/** `--replay metric=FILE:COLUMN`, taken apart. */
export interface ReplayOption {
  readonly metric: string;
  readonly file: string;
  readonly column: string;
}

/**
 * Takes `metric=FILE:COLUMN` apart. The column follows the last colon, so a file name
 * may hold one.
 *
 * @throws InputError when the form is wrong, or no chip senses such a metric
 */
export function parseReplayOption(text: string): ReplayOption {
  const equals = text.indexOf("=");
  const colon = text.lastIndexOf(":");
  const metric = text.slice(0, Math.max(0, equals));
  if (metric !== "" && !SENSED_METRICS.includes(metric))
    throw new InputError(
      `--replay ${text}: ${findMetric(metric) ? `'${metric}' is worked out from others` : `no metric '${metric}'`}; those that can be replayed are ${SENSED_METRICS.join(", ")}`,
    );
  if (metric === "" || colon < equals + 2 || colon === text.length - 1)
    throw new InputError(`--replay ${text}: expected metric=FILE:COLUMN`);
  return { metric, file: text.slice(equals + 1, colon), column: text.slice(colon + 1) };
}

/** One row of a recording; NaN where there is no value. */
interface Row {
  readonly timeMs: number;
  readonly value: number;
}

/**
 * A metric as it was recorded. Between two rows the value is interpolated on a straight
 * line. Where a row has no value, there is none between the good rows on both its
 * sides; at the good rows themselves there is. Before the first row its value holds, and
 * after the last one its value holds for as long as the step between the last two rows;
 * then the recording is over and there is no value. A recording with one row is a
 * constant.
 */
export class ReplayedMetric {
  readonly metric: string;
  readonly #rows: readonly Row[];
  readonly #endMs: number;

  /** `rows`: at least one, in ascending order of time. */
  constructor(metric: string, rows: readonly Row[]) {
    this.metric = metric;
    this.#rows = rows;
    const last = rows.at(-1)?.timeMs ?? 0;
    this.#endMs = last + (last - (rows.at(-2)?.timeMs ?? -Infinity));
  }

  /** The value at that time of the run, or undefined when there is none. */
  value(timeMs: number): number | undefined {
    if (timeMs > this.#endMs) return undefined;
    const next = this.#firstAfter(timeMs);
    const before = this.#rows[next - 1] ?? this.#rows[0];
    if (!before || Number.isNaN(before.value)) return undefined;
    const after = this.#rows[next];
    if (!after || timeMs <= before.timeMs) return before.value;
    if (Number.isNaN(after.value)) return undefined;
    const share = (timeMs - before.timeMs) / (after.timeMs - before.timeMs);
    return before.value + share * (after.value - before.value);
  }

  /** Index of the first row later than `timeMs`; the number of rows when there is none. */
  #firstAfter(timeMs: number): number {
    let low = 0;
    let high = this.#rows.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#rows[middle]?.timeMs ?? Infinity) <= timeMs) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/**
 * Reads the recording that `--replay` names: a CSV file with a header, a column `t_s`
 * (seconds, ascending) and a column of numbers. An empty cell, `NA`, `NaN`, `null`,
 * -200, -999 and -9999 say that there is no value.
 *
 * @throws InputError, one line that names the file and what is wrong with it
 */
export function loadReplay(option: ReplayOption): ReplayedMetric {
  const { metric, file, column } = option;
  const where = `--replay ${metric}: ${file}`;
  const lines = readCsv(file, where);
  const header = lines[0]?.record ?? [];
  const timeAt = header.indexOf(TIME_COLUMN);
  const valueAt = header.indexOf(column);
  if (timeAt < 0)
    throw new InputError(`${where} has no column '${TIME_COLUMN}'; it has ${header.join(", ")}`);
  if (valueAt < 0)
    throw new InputError(`${where} has no column '${column}'; it has ${header.join(", ")}`);
  const rows: Row[] = [];
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
  return new ReplayedMetric(metric, rows);
}

/** `base`, with the metrics that were recorded taken from their recordings. */
export function withReplay(base: Surroundings, replays: readonly ReplayedMetric[]): Surroundings {
  if (replays.length === 0) return base;
  const byMetric = new Map(replays.map((replay) => [replay.metric, replay]));
  return {
    value: (metric, timeMs) => {
      const replay = byMetric.get(metric);
      return replay ? replay.value(timeMs) : base.value(metric, timeMs);
    },
  };
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
