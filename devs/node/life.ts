/**
 * What a node remembers of its own life in flash: why it restarted, and how often it
 * crashed. It is written only when something happened: a boot by itself costs no write.
 */
import * as ds from "@devicescript/core";
import { readSetting, writeSetting } from "@devicescript/settings";
import { patienceMs } from "../status/watchdog";

/** The program of a board that got its power runs within this time; the runtime starts one that crashed after five seconds. */
const POWER_ON_MS = 3000;
/** Crashes within this time, of the runtime's own clock, that put the node into safe mode. */
const CRASHES_WITHIN_MS = 600000;
const CRASHES_TO_SAFE_MODE = 3;

const KEY = "life";

/** What stands in flash; all of it may be missing. */
interface Stored {
  /** Reason of the restart that the program is about to make. */
  planned?: string;
  /** Crashes in a row, and when the first of them was seen, on the runtime's clock. */
  crashes?: number;
  sinceMs?: number;
  /** Restarts by the watchdog in a row. */
  watchdogs?: number;
}

/** When the program started, on the runtime's clock, which goes on over restarts. */
const startedMs = ds.millis();
let reason = "power-on";
let crashes = 0;
let crashesSinceMs = 0;
let watchdogs = 0;

/** Why the program started: see `HealthMessage.start`. */
export function startReason(): string {
  return reason;
}

/** How long the program has run, in milliseconds. */
export function ranMs(): number {
  return ds.millis() - startedMs;
}

/** Whether the program crashed so often that it had better do as little as possible. */
export function isSafeMode(): boolean {
  return crashes >= CRASHES_TO_SAFE_MODE;
}

/** Restarts by the watchdog in a row, before this run. */
export function watchdogRestarts(): number {
  return watchdogs;
}

/** Reads what the run before left, and takes note of a crash. To be called once, first. */
export async function openLife(): Promise<void> {
  const stored = ((await readSetting<Stored>(KEY)) || {}) as Stored;
  watchdogs = stored.watchdogs || 0;
  if (stored.planned) reason = stored.planned;
  else if (startedMs < POWER_ON_MS) {
    // What was before the power went is over.
    watchdogs = 0;
    if (!stored.crashes && !stored.watchdogs) return;
  } else {
    reason = "crash";
    const recent = stored.crashes && startedMs - (stored.sinceMs as number) < CRASHES_WITHIN_MS;
    crashes = recent ? (stored.crashes as number) + 1 : 1;
    crashesSinceMs = recent ? (stored.sinceMs as number) : startedMs;
  }
  await store(undefined);
}

/**
 * Once the run has lasted as long as it should: forgets the crashes before it, and the
 * watchdog's restarts, for which that is longer than the watchdog's patience.
 */
export async function forgetTroubles(): Promise<void> {
  const ran = ranMs();
  if (crashes > 0 && !isSafeMode() && ran >= CRASHES_WITHIN_MS) {
    crashes = 0;
    await store(undefined);
  }
  if (watchdogs > 0 && ran >= 2 * patienceMs(watchdogs)) {
    watchdogs = 0;
    await store(undefined);
  }
}

/** To be called before a restart that the program makes itself. */
export async function planRestart(why: string): Promise<void> {
  crashes = 0;
  watchdogs = why === "watchdog" ? watchdogs + 1 : 0;
  await store(why);
}

async function store(planned: string | undefined): Promise<void> {
  const stored: Stored = { crashes: crashes, sinceMs: crashesSinceMs, watchdogs: watchdogs };
  if (planned) stored.planned = planned;
  await writeSetting(KEY, stored);
}
