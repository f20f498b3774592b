/**
 * Whether the node stands still: a part that ought to make progress has made none for a
 * quarter of an hour. Each restart in a row doubles the patience, up to eight hours, so
 * that a fault which no restart mends does not keep a node restarting.
 */

/** Patience before the first restart. */
export const STANDSTILL_MS = 900000;
const DOUBLINGS_MAX = 5;

/**
 * Whether a part has stood still for too long.
 *
 * @param watch what is known of the part: its counter, and when that last moved.
 * @param count counter of the part that grows while it works.
 * @param expected whether it ought to work at all: a node without sensors samples nothing.
 * @param restarts of the watchdog in a row, before this run.
 */
export function standsStill(
  watch: number[],
  count: number,
  expected: boolean,
  restarts: number,
  nowMs: number,
): boolean {
  if (!expected || count !== watch[0]) {
    watch[0] = count;
    watch[1] = nowMs;
  }
  return nowMs - (watch[1] as number) >= patienceMs(restarts);
}

/** How long a part may stand still after so many restarts of the watchdog in a row, in milliseconds. */
export function patienceMs(restarts: number): number {
  return STANDSTILL_MS * Math.pow(2, Math.min(restarts, DOUBLINGS_MAX));
}
