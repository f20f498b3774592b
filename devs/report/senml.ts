/**
 * SenML packs as JSON text (RFC 8428 section 5), built piece by piece: names, units and
 * base name are the contract's own and need no escaping.
 */

import { metricDecimals, metricName, metricUnit } from "../contract/metrics";
import { RecordCursor, putUint32, uint32 } from "../outbox/records";

/** Records of a metric from which a base name of its own is shorter than a name in each. */
const OWN_BASE_NAME_FROM = 3;

/** `value` rounded to `decimals`, without the digits that floating point leaves behind. */
export function roundTo(value: number, decimals: number): number {
  let scale = 1;
  for (let i = 0; i < decimals; i++) scale *= 10;
  return Math.round(value * scale) / scale;
}

/**
 * A value that is kept in steps, as JSON: every digit of it, without zeros at its end.
 * DeviceScript itself prints seven digits.
 */
export function stepsText(scaled: number, decimals: number): string {
  let steps = scaled < 0 ? -scaled : scaled;
  let fraction = "";
  for (let i = 0; i < decimals; i++) {
    const digit = steps % 10;
    steps = (steps - digit) / 10;
    if (digit !== 0 || fraction !== "") fraction = digit + fraction;
  }
  return (scaled < 0 ? "-" : "") + steps + (fraction === "" ? "" : "." + fraction);
}

/** How the times of a pack are written. */
export enum PackTimes {
  /** UTC: a base time, and seconds after it. */
  Absolute,
  /** Seconds before the moment of sending, for want of a clock (RFC 8428 section 4.5.3). */
  Relative,
  /** Seconds before the last reading of the pack, marked `untimed`: nobody knows when that was. */
  Unknown,
}

/** What records have in common, and in what order they are written. */
enum Turn {
  /** Metrics without a unit: no base unit may stand before them. */
  WithoutUnit,
  /** Metrics with a record or two. */
  Few,
  /** Metrics with more: the base name ends in their name. */
  Many,
}

/** Bytes of a record while it is sorted. */
const RECORD_BYTES = 9;
/** Characters from which a piece of text is begun anew. */
const PIECE_LENGTH = 200;

/**
 * A pack of `count` records, the first of which the cursor stands before, in pieces of
 * ASCII bytes: texts of that length take the heap a second time when they become bytes. Boot and
 * sequence number together name it.
 *
 * What records share is said once: those of a metric stand together, in the order of
 * time, and those of metrics with one unit follow one base unit.
 *
 * @param baseName `{city}/{node}/`.
 * @param shiftS for absolute times the offset to UTC, for relative ones minus the moment of sending.
 */
export function packText(
  baseName: string,
  boot: number,
  seq: number,
  cursor: RecordCursor,
  count: number,
  times: PackTimes,
  shiftS: number,
): Buffer[] {
  /** Of each record its metric, its value (4 bytes) and its time (4). */
  const records = Buffer.alloc(count * RECORD_BYTES);
  /** The metrics in the order of their indexes, and how many records each has. */
  const metrics: number[] = [];
  const runs: number[] = [];
  let end = 0;
  let oldestS = 0;
  let newestS = 0;
  while (end < records.length && cursor.next()) {
    const timeS = cursor.timeS;
    if (end === 0 || timeS < oldestS) oldestS = timeS;
    if (end === 0 || timeS > newestS) newestS = timeS;
    records[end] = cursor.channel;
    end = putUint32(records, putUint32(records, end + 1, cursor.scaled), timeS);
    countMetric(metrics, runs, cursor.channel);
  }
  let zeroS = oldestS;
  if (times === PackTimes.Unknown) zeroS = newestS;
  else if (times === PackTimes.Relative) zeroS = -shiftS;
  // What holds for all records stands in the first one.
  let once = ',"boot":' + boot + ',"seq":' + seq;
  if (times === PackTimes.Absolute) once = ',"bt":' + Math.round(oldestS + shiftS) + once;
  if (times === PackTimes.Unknown) once += ',"untimed":true';
  let unit = "";
  const pieces: Buffer[] = [];
  let piece = "";
  let separator = "[{";
  for (let turn = Turn.WithoutUnit; turn <= Turn.Many; turn++) {
    for (let m = 0; m < metrics.length; m++) {
      const metric = metrics[m];
      const itsUnit = metricUnit(metric);
      const many = runs[m] >= OWN_BASE_NAME_FROM;
      if ((itsUnit === "" ? Turn.WithoutUnit : many ? Turn.Many : Turn.Few) !== turn) continue;
      const name = metricName(metric);
      const decimals = metricDecimals(metric);
      let firstOfMetric = true;
      for (let at = 0; at < end; at += RECORD_BYTES) {
        if (records[at] !== metric) continue;
        let text = "";
        if (turn === Turn.Many) {
          if (firstOfMetric) text = ',"bn":"' + baseName + name + '"' + once;
        } else {
          if (once !== "") text = ',"bn":"' + baseName + '"' + once;
          text += ',"n":"' + name + '"';
        }
        once = "";
        firstOfMetric = false;
        if (unit !== itsUnit) text += ',"bu":"' + itsUnit + '"';
        unit = itsUnit;
        text += ',"v":' + stepsText(uint32(records, at + 1) | 0, decimals);
        const timeS = Math.round(uint32(records, at + 5) - zeroS);
        if (timeS !== 0) text += ',"t":' + timeS;
        piece += separator + text.slice(1) + "}";
        separator = ",{";
        if (piece.length < PIECE_LENGTH) continue;
        pieces.push(Buffer.from(piece));
        piece = "";
      }
    }
  }
  pieces.push(Buffer.from(piece + "]"));
  return pieces;
}

/** Counts a record of that metric. */
function countMetric(metrics: number[], runs: number[], metric: number): void {
  let at = metrics.indexOf(metric);
  if (at < 0) {
    at = metrics.length;
    metrics.push(metric);
    runs.push(0);
    while (at > 0 && metrics[at - 1] > metric) {
      metrics[at] = metrics[at - 1];
      runs[at] = runs[at - 1];
      at--;
    }
    metrics[at] = metric;
    runs[at] = 0;
  }
  runs[at]++;
}
