/** What a scheduler calls when its time has come. */
export type Task = () => void;

interface Entry {
  timeMs: number;
  /** Ties are run in the order in which they were made, so that a run repeats exactly. */
  order: number;
  task: Task | undefined;
}

/** A task that was scheduled, to cancel it with. */
export interface ScheduledTask {
  cancel(): void;
}

/**
 * One queue of timed tasks for the whole simulated city: it steps many VMs, so
 * that no VM needs a timer of its own. Time is in milliseconds from the start of
 * the run and moves only when a task is taken from the queue.
 */
export class Scheduler {
  #nowMs = 0;
  #order = 0;
  /** Binary heap by time, then by order. */
  readonly #heap: Entry[] = [];
  #due: (() => void) | undefined;

  /** Virtual milliseconds since the start of the run. */
  get nowMs(): number {
    return this.#nowMs;
  }

  /** Runs `task` at `timeMs`, or as soon as possible where that has passed. */
  at(timeMs: number, task: Task): ScheduledTask {
    const entry: Entry = { timeMs: Math.max(timeMs, this.#nowMs), order: this.#order++, task };
    this.#push(entry);
    if (this.#heap[0] === entry) this.#due?.();
    return {
      cancel: () => {
        entry.task = undefined;
      },
    };
  }

  /** Runs `task` after `delayMs`. */
  after(delayMs: number, task: Task): ScheduledTask {
    return this.at(this.#nowMs + delayMs, task);
  }

  /** The time of the next task, or undefined when there is none. */
  nextTimeMs(): number | undefined {
    for (;;) {
      const first = this.#heap[0];
      if (!first) return undefined;
      if (first.task) return first.timeMs;
      this.#pop();
    }
  }

  /** Runs every task that is due up to and at `timeMs`, and moves the time there. */
  runUntil(timeMs: number): void {
    for (;;) {
      const next = this.nextTimeMs();
      if (next === undefined || next > timeMs) break;
      this.runNext();
    }
    this.#nowMs = Math.max(this.#nowMs, timeMs);
  }

  /** Runs the next task; false when there is none. */
  runNext(): boolean {
    if (this.nextTimeMs() === undefined) return false;
    const entry = this.#pop();
    this.#nowMs = entry.timeMs;
    entry.task?.();
    return true;
  }

  /** Called whenever a task was put before all the others: a real-time loop wakes up by it. */
  onEarlier(callback: (() => void) | undefined): void {
    this.#due = callback;
  }

  #push(entry: Entry): void {
    const heap = this.#heap;
    let i = heap.length;
    heap.push(entry);
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (!before(entry, heap[parent] as Entry)) break;
      heap[i] = heap[parent] as Entry;
      i = parent;
    }
    heap[i] = entry;
  }

  #pop(): Entry {
    const heap = this.#heap;
    const first = heap[0] as Entry;
    const last = heap.pop() as Entry;
    if (heap.length === 0) return first;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1] as Entry, heap[child] as Entry))
        child++;
      if (!before(heap[child] as Entry, last)) break;
      heap[i] = heap[child] as Entry;
      i = child;
    }
    heap[i] = last;
    return first;
  }
}

function before(a: Entry, b: Entry): boolean {
  return a.timeMs < b.timeMs || (a.timeMs === b.timeMs && a.order < b.order);
}
