import { findMetric } from "../../../devs/contract/metrics";
import { InputError } from "../../inputError";
import { readRecording, type RecordedRow } from "../../recording";
import { SENSED_METRICS, type Surroundings } from "./surroundings";

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
  readonly rows: readonly RecordedRow[];
  readonly #endMs: number;

  /** `rows`: at least one, in ascending order of time. */
  constructor(metric: string, rows: readonly RecordedRow[]) {
    this.metric = metric;
    this.rows = rows;
    const last = rows.at(-1)?.timeMs ?? 0;
    this.#endMs = last + (last - (rows.at(-2)?.timeMs ?? -Infinity));
  }

  /** The value at that time of the run, or undefined when there is none. */
  value(timeMs: number): number | undefined {
    if (timeMs > this.#endMs) return undefined;
    const next = this.#firstAfter(timeMs);
    const before = this.rows[next - 1] ?? this.rows[0];
    if (!before || Number.isNaN(before.value)) return undefined;
    const after = this.rows[next];
    if (!after || timeMs <= before.timeMs) return before.value;
    if (Number.isNaN(after.value)) return undefined;
    const share = (timeMs - before.timeMs) / (after.timeMs - before.timeMs);
    return before.value + share * (after.value - before.value);
  }

  /** Index of the first row later than `timeMs`; the number of rows when there is none. */
  #firstAfter(timeMs: number): number {
    let low = 0;
    let high = this.rows.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.rows[middle]?.timeMs ?? Infinity) <= timeMs) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/**
 * Reads the recording that `--replay` names.
 *
 * @throws InputError, one line that names the file and what is wrong with it
 */
export function loadReplay(option: ReplayOption): ReplayedMetric {
  const { metric, file, column } = option;
  return new ReplayedMetric(metric, readRecording(file, column, `--replay ${metric}: ${file}`));
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
