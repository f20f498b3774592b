import type { Scheduler } from "./scheduler";

/** Tasks in one go before the process's own events (sockets, signals, timers) get a turn. */
const TASKS_PER_TURN = 2000;

/** Longest sleep of a run in real time that has nothing to do. */
const LONGEST_PAUSE_MS = 1000;

/** How a run is driven. */
export interface RunOptions {
  /** Virtual milliseconds per real millisecond, or Infinity for as fast as it goes. */
  readonly speed: number;
  /** Virtual time at which the run ends. */
  readonly untilMs: number;
  /** Ends the run early. */
  readonly signal?: AbortSignal;
  /**
   * In step with the wall clock: which virtual time belongs to which time of the process
   * (`performance.now()`). What goes before the drive then counts; by default they meet now.
   */
  readonly origin?: { readonly virtualMs: number; readonly wallMs: number };
  /** In step with the wall clock: told by how many real milliseconds a task was late. */
  readonly onLate?: (lateMs: number) => void;
}

/** Drives the scheduler until `untilMs`: as fast as it goes, or in step with the wall clock. */
export async function drive(scheduler: Scheduler, options: RunOptions): Promise<void> {
  if (options.speed === Infinity) await driveFreely(scheduler, options);
  else await driveInStep(scheduler, options);
}

async function driveFreely(scheduler: Scheduler, options: RunOptions): Promise<void> {
  const { signal, untilMs } = options;
  let tasks = 0;
  while (!signal?.aborted) {
    const next = scheduler.nextTimeMs();
    if (next === undefined || next > untilMs) break;
    scheduler.runNext();
    if (++tasks % TASKS_PER_TURN === 0) await new Promise<void>((resolve) => setImmediate(resolve));
  }
  if (!signal?.aborted) scheduler.runUntil(untilMs);
}

async function driveInStep(scheduler: Scheduler, options: RunOptions): Promise<void> {
  const { signal, speed, untilMs, onLate } = options;
  const { virtualMs: startMs, wallMs: startWallMs } = options.origin ?? {
    virtualMs: scheduler.nowMs,
    wallMs: performance.now(),
  };
  let wake: (() => void) | undefined;
  scheduler.onEarlier(() => wake?.());
  const onAbort = () => wake?.();
  signal?.addEventListener("abort", onAbort, { once: true });
  while (!signal?.aborted) {
    const dueMs = Math.min(untilMs, startMs + (performance.now() - startWallMs) * speed);
    const lateMs = (dueMs - (scheduler.nextTimeMs() ?? dueMs)) / speed;
    if (lateMs > 0) onLate?.(lateMs);
    scheduler.runUntil(dueMs);
    if (scheduler.nowMs >= untilMs) break;
    const next = Math.min(scheduler.nextTimeMs() ?? untilMs, untilMs);
    const pauseMs = (next - startMs) / speed - (performance.now() - startWallMs);
    await new Promise<void>((resolve) => {
      const timer = setTimeout(done, Math.min(LONGEST_PAUSE_MS, Math.max(0, pauseMs)));
      function done() {
        clearTimeout(timer);
        wake = undefined;
        resolve();
      }
      wake = done;
    });
  }
  scheduler.onEarlier(undefined);
  signal?.removeEventListener("abort", onAbort);
}
