/** How long to wait before the next attempt to connect. */

/** Highest delay before the first attempt, in milliseconds. */
export const BACKOFF_FIRST_MS = 1000;
/** Highest delay of all, in milliseconds. */
export const BACKOFF_LONGEST_MS = 120000;
/**
 * Lowest delay, in milliseconds: the ESP32 runtime may hand the end of the last
 * connection to the next one where that is opened at once.
 */
export const BACKOFF_SHORTEST_MS = 100;
/**
 * Growth of the highest delay from one attempt to the next. With full jitter half of
 * the nodes are back within 3.5 s of the end of an outage of 20 s; doubling takes 10 s.
 */
const BACKOFF_FACTOR = 1.3;

/**
 * Highest delay at the start and after a connection that stood was lost, in milliseconds:
 * a power cut and a broker's restart meet all nodes at once, and they are not to come
 * back in one second.
 */
export const BACKOFF_TOGETHER_MS = 5000;

/** Wait after the server refused this client by name or password, in milliseconds. */
export const REFUSED_SHORTEST_MS = 300000;
export const REFUSED_LONGEST_MS = 600000;

/**
 * Delay in milliseconds before an attempt, after `failures` attempts that failed:
 * exponential with full jitter, evenly spread between the shortest delay and a limit
 * that grows from a second to two minutes. Full jitter, because a limit with a little
 * jitter on top keeps a hundred nodes in step. `random` is uniform in 0..1.
 */
export function backoffDelayMs(failures: number, random: number): number {
  return spread(BACKOFF_SHORTEST_MS, backoffLimitMs(failures), random);
}

/** The same at the start and after a connection that stood was lost. */
export function togetherDelayMs(failures: number, random: number): number {
  return spread(
    BACKOFF_SHORTEST_MS,
    Math.max(BACKOFF_TOGETHER_MS, backoffLimitMs(failures)),
    random,
  );
}

function backoffLimitMs(failures: number): number {
  let limitMs = BACKOFF_FIRST_MS;
  for (let i = 0; i < failures && limitMs < BACKOFF_LONGEST_MS; i++) limitMs *= BACKOFF_FACTOR;
  return Math.min(limitMs, BACKOFF_LONGEST_MS);
}

/** Delay in milliseconds after a refusal that only a person can end. */
export function refusedDelayMs(random: number): number {
  return spread(REFUSED_SHORTEST_MS, REFUSED_LONGEST_MS, random);
}

function spread(shortestMs: number, longestMs: number, random: number): number {
  return Math.floor(shortestMs + random * (longestMs - shortestMs));
}
