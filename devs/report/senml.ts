/**
 * SenML records as JSON text (RFC 8428 section 5), built piece by piece: names, units
 * and base name are the contract's own and need no escaping.
 */

/** `value` rounded to `decimals`, without the digits that floating point leaves behind. */
export function roundTo(value: number, decimals: number): number {
  let scale = 1;
  for (let i = 0; i < decimals; i++) scale *= 10;
  return Math.round(value * scale) / scale;
}

/**
 * The opening of a pack: `[` and the base fields of the first record, which is left
 * open for `recordFields`. Boot and sequence number together name the pack.
 *
 * @param baseTime UTC in whole seconds, or NaN while the node has no clock: then the
 *   records' times are relative to the moment of sending (RFC 8428 section 4.5.3).
 */
export function packHead(baseName: string, boot: number, seq: number, baseTime: number): string {
  let head = '[{"bn":"' + baseName + '",';
  if (!isNaN(baseTime)) head += '"bt":' + baseTime + ",";
  return head + '"boot":' + boot + ',"seq":' + seq + ",";
}

/**
 * One record's own fields and its closing brace.
 *
 * @param unit empty for an index without one.
 * @param timeS seconds after the base time, or before sending (negative); 0 is left out.
 */
export function recordFields(
  name: string,
  unit: string,
  value: number,
  decimals: number,
  timeS: number,
): string {
  let text = '"n":"' + name + '",';
  if (unit) text += '"u":"' + unit + '",';
  text += '"v":' + roundTo(value, decimals);
  if (timeS !== 0) text += ',"t":' + timeS;
  return text + "}";
}
