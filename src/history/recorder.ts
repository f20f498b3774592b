import type { Measured } from "../city/cityView";
import type {
  CityListener,
  ClockArrival,
  ConfigArrival,
  EventArrival,
  HealthArrival,
  NodeSequenceState,
  Reading,
  StateArrival,
} from "../city/receiver";
import type { History, HistoryBatch, NodeUpdate } from "./history";

/** What arrives is written so often. */
const WRITE_PERIOD_MS = 1000;
/** A big city's storage may be slow: this is too much to keep in memory meanwhile. */
const WAITING_MAX = 100_000;

export interface RecorderOptions {
  readonly city: string;
  readonly history: History;
  /** What is known of a node's sequence numbers now. */
  readonly sequences: (node: string) => NodeSequenceState | undefined;
  /** From when on a node's readings are of its present boot. */
  readonly measured: (node: string) => Measured | undefined;
  /** Called with one plain sentence when nothing can be stored, and with nothing when it can again. */
  readonly onProblem: (problem: string | undefined) => void;
  /** UTC in milliseconds. */
  readonly now: () => number;
}

/**
 * Gathers what arrives and writes it in batches. A message counts as taken, and is
 * acknowledged to the broker, only when its batch is on disk.
 */
export class Recorder implements CityListener {
  readonly #options: RecorderOptions;
  #next = new Batch();
  /** The batch that is being written, or could not be. */
  #current: Batch | undefined;
  #writing: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #failed = false;

  constructor(options: RecorderOptions) {
    this.#options = options;
  }

  /** False while too much waits: then messages are better left at the broker. */
  get hasRoom(): boolean {
    return this.#next.readings.length < WAITING_MAX;
  }

  reading(reading: Reading): void {
    if (reading.city !== this.#options.city) return;
    this.#next.readings.push(reading);
    this.#update(reading.node);
  }

  event(arrival: EventArrival): void {
    if (arrival.city !== this.#options.city) return;
    this.#next.events.push(arrival);
    this.#update(arrival.node);
  }

  state(arrival: StateArrival): void {
    if (arrival.city !== this.#options.city) return;
    this.#next.states.push(arrival);
    this.#update(arrival.node);
  }

  health({ city, node, health }: HealthArrival): void {
    if (city === this.#options.city) this.#update(node).health = health;
  }

  clock({ city, node, timed }: ClockArrival): void {
    if (city === this.#options.city) this.#update(node).timed = timed;
  }

  config({ city, node, report }: ConfigArrival): void {
    if (city === this.#options.city) this.#update(node).config = report;
  }

  /** Calls `acknowledge` once everything that has come so far is on disk. */
  afterWrite(acknowledge: () => void): void {
    this.#next.acknowledge.push(acknowledge);
    this.#timer ??= setTimeout(() => void this.flush(), WRITE_PERIOD_MS);
  }

  /** How many messages of the batch wait to be acknowledged. */
  get unacknowledged(): number {
    return this.#next.acknowledge.length;
  }

  /** Writes what has come, now. Never throws: what cannot be written is tried again. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    while (this.#writing) await this.#writing;
    this.#writing = this.#write().finally(() => (this.#writing = undefined));
    await this.#writing;
  }

  async #write(): Promise<void> {
    if (!this.#current) {
      if (this.#next.isEmpty) return;
      this.#current = this.#next;
      this.#next = new Batch();
      // Taken together with the readings: numbers of messages that come later are not in it.
      for (const [node, update] of this.#current.nodes) {
        const sequences = this.#options.sequences(node);
        if (sequences) update.sequences = sequences;
        const measured = this.#options.measured(node);
        if (measured) update.measured = measured;
      }
    }
    const { acknowledge } = this.#current;
    try {
      await this.#options.history.write(this.#current);
    } catch (error) {
      this.#failed = true;
      this.#timer ??= setTimeout(() => void this.flush(), WRITE_PERIOD_MS);
      return this.#options.onProblem(`nothing can be stored: ${(error as Error).message}`);
    }
    this.#current = undefined;
    for (const each of acknowledge) each();
    if (this.#failed) this.#options.onProblem(undefined);
    this.#failed = false;
    if (!this.#next.isEmpty) this.#timer ??= setTimeout(() => void this.flush(), WRITE_PERIOD_MS);
  }

  #update(node: string): NodeUpdate {
    let update = this.#next.nodes.get(node);
    if (!update) this.#next.nodes.set(node, (update = { heardMs: 0 }));
    update.heardMs = this.#options.now();
    return update;
  }
}

class Batch implements HistoryBatch {
  readonly readings: Reading[] = [];
  readonly events: EventArrival[] = [];
  readonly states: StateArrival[] = [];
  readonly nodes = new Map<string, NodeUpdate>();
  readonly acknowledge: (() => void)[] = [];

  get isEmpty(): boolean {
    return this.nodes.size === 0 && this.acknowledge.length === 0;
  }
}
