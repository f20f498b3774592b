import { millis, sleep } from "@devicescript/core";
import { SensorChip } from "../drivers/sensorChip";
import { SensorError } from "../drivers/sensorError";
import { frozenAfterMs, stillUpTo } from "./frozen";
import { RESTART_FIRST_MS, SensorChange, SensorState, SensorStatus } from "./sensorState";

/** A bad read is tried again this much later, instead of a whole period. */
const RETRY_MS = 1000;

/**
 * A chip that gives some of its values in spite of its fault is started anew at once, which may mend
 * it, and then each time that it has run for so long: every start costs the good values their warm-up.
 */
const STILL_GIVES_RESTART_MS = 3600000;

/** A chip of which no value is wanted is read so often, to know whether it works. */
const IDLE_MS = 60000;

/**
 * The parts of a node are due one after the other, so much apart: longer than most take to be
 * read, so that they neither wait for the bus nor hold memory all at once. All of them are due
 * within one second.
 */
export const PHASE_MS = 70;

/** A chip that is read seldom may say the same twice: it is frozen after so many reads at least. */
const LEAST_SAME_READS = 10;

/**
 * What is kept of the metrics of a chip, in one buffer, of which the heap needs a fraction of what
 * arrays take: when each is due, then their sampling periods, then the indexes of their channels.
 */
const DUE_BYTES = 8;
const PERIOD_BYTES = 4;
const METRIC_BYTES = DUE_BYTES + PERIOD_BYTES + 1;

/** Bits of what is true of a sampler: fields of their own would take eight bytes of the heap each. */
enum Fact {
  /** The chip is started. */
  Started = 1,
  /** The chip was started since boot. */
  Answered = 2,
  /** A fiber is at work with the chip. */
  Busy = 4,
  /** The chip's own test of itself failed, the last time. */
  TestFailed = 8,
  /** Its fault was told as its own. */
  Told = 16,
  /** The last read failed, but gave some values, or would have when the chip is warm. */
  StillGives = 32,
}

/** Where samples go, and the news of the sensors themselves. */
export interface SampleSink {
  /** A sample of the channel with that index; it is never NaN. */
  addSample(channel: number, value: number, timeS: number): void;
  /** A sensor failed, for the reason in its state, or (no fault) came back. */
  sensorChanged(sampler: Sampler, fault: boolean, timeS: number): void;
}

/**
 * Reads one chip on its channels' periods, in a fiber of its own: a chip that hangs
 * or fails keeps no other one waiting. It is the state of its sensor, too: an object of its own
 * for that would take 44 bytes more of the heap, of each of a dozen chips.
 */
export class Sampler extends SensorState {
  readonly chip: SensorChip;
  /** Which part of the node it is, for its owner. */
  readonly part: number;
  /** Starts and reads that failed, and starts after the first, since boot. */
  errors = 0;
  restarts = 0;
  /** Due times, periods and channels of the chip's metrics. */
  private readonly table: Buffer;
  private readonly sink: SampleSink;
  /** Bits of `Fact`. */
  private facts = 0;
  private startedMs = 0;
  private lastSum = NaN;
  private changedMs = 0;
  private sameReads = 0;

  /**
   * A chip gives nothing before `configure` was called for a metric of it; a model of the
   * chip that turns out to lack the last metrics uses the first ones.
   *
   * @param started whether the chip was started just now.
   */
  constructor(part: number, chip: SensorChip, started: boolean, sink: SampleSink) {
    super();
    this.part = part;
    this.chip = chip;
    this.table = Buffer.alloc(METRIC_BYTES * chip.values.length);
    this.sink = sink;
    if (started) this.begin();
  }

  /** Whether the chip was started since boot. */
  answered(): boolean {
    return this.has(Fact.Answered);
  }

  /** Whether its own test of itself failed, the last time. */
  testFailed(): boolean {
    return this.has(Fact.TestFailed);
  }

  /** Whether its fault was told as its own. */
  told(): boolean {
    return this.has(Fact.Told);
  }

  /** Its fault, or the end of it, was told. */
  setTold(fault: boolean): void {
    this.set(Fact.Told, fault);
  }

  /** How many metrics its chip has: at first as many as any model of it. */
  metrics(): number {
    return this.chip.values.length;
  }

  /** The channel of the i-th metric, as `configure` set it. */
  channel(i: number): number {
    return this.table[this.channelAt(i)];
  }

  /** Which metric has that channel; -1 for none. */
  indexOf(channel: number): number {
    for (let i = 0; i < this.metrics(); i++) if (this.channel(i) === channel) return i;
    return -1;
  }

  /** Starts and reads the chip for ever. */
  async run(): Promise<void> {
    let pauseMs = this.has(Fact.Started) ? this.untilDueMs() : this.part * PHASE_MS;
    while (true) {
      await sleep(pauseMs);
      pauseMs = this.has(Fact.Busy) ? RETRY_MS : await this.turn();
    }
  }

  /** Starts the chip, or reads it. Gives the pause until the next time, in milliseconds. */
  private async turn(): Promise<number> {
    let pauseMs = RETRY_MS;
    this.set(Fact.Busy, true);
    try {
      if (this.has(Fact.Started)) await this.sample();
      else await this.restart();
      if (this.has(Fact.Started)) pauseMs = this.untilDueMs();
    } catch (e) {
      if (!(e instanceof SensorError)) console.error((e as Error).message);
      this.errors++;
      this.failed(e instanceof SensorError ? e.code : "driver-error");
      // A chip that lost its settings to a dip of its supply answers, but is not ready.
      if (e instanceof SensorError && e.code === "not-ready") this.set(Fact.Started, false);
      if (this.status === SensorStatus.Failed) {
        const gives = this.has(Fact.StillGives);
        const isNew = this.restartMs === RESTART_FIRST_MS;
        if (gives && !isNew && millis() - this.startedMs < STILL_GIVES_RESTART_MS)
          pauseMs = this.untilDueMs();
        else {
          this.set(Fact.Started, false);
          if (!gives) pauseMs = this.restartMs;
        }
      }
    }
    this.set(Fact.Busy, false);
    return pauseMs;
  }

  /**
   * Sets the channel and the period of the i-th metric; within a minute it counts.
   *
   * @param periodMs 0 to switch it off.
   */
  configure(i: number, channel: number, periodMs: number): void {
    this.table[this.channelAt(i)] = channel;
    this.table.setAt(this.periodAt(i), "u32", periodMs);
    this.setDue(i);
  }

  /** Whether any of its metrics is sampled. */
  isOn(): boolean {
    for (let i = 0; i < this.metrics(); i++) if (this.periodMs(i) > 0) return true;
    return false;
  }

  /** Reads every metric now. A sensor at fault keeps its own time, unless it still gives values. */
  async sampleNow(): Promise<void> {
    if (!this.isIdle()) return;
    this.table.fillAt(0, this.periodAt(0), 0);
    await this.turn();
  }

  /** Has the chip test itself, where it can; it is started anew after that. */
  async selfTest(): Promise<void> {
    if (!this.isIdle()) return;
    this.set(Fact.Busy, true);
    this.set(Fact.TestFailed, false);
    try {
      if (await this.chip.selfTest()) this.set(Fact.Started, false);
    } catch {
      this.set(Fact.TestFailed, true);
      this.set(Fact.Started, false);
    }
    this.set(Fact.Busy, false);
  }

  private isIdle(): boolean {
    return this.has(Fact.Started) && !this.has(Fact.Busy);
  }

  private async restart(): Promise<void> {
    this.restarts++;
    this.set(Fact.StillGives, false);
    await this.chip.start();
    this.begin();
  }

  /** The chip was started just now. */
  private begin(): void {
    this.set(Fact.Started | Fact.Answered, true);
    this.startedMs = millis();
    // A frozen chip that is started anew has to show that it moves again.
    if (this.reason !== "frozen") this.changedMs = this.startedMs;
    for (let i = 0; i < this.metrics(); i++) this.setDue(i);
  }

  private async sample(): Promise<void> {
    let failure: SensorError | undefined;
    this.set(Fact.StillGives, false);
    try {
      await this.chip.read();
    } catch (e) {
      // After these two the chip's other values are good and go their way.
      if (!(e instanceof SensorError)) throw e;
      if (!this.warmingUp(e)) {
        if (e.code !== "out-of-range" && e.code !== "chip-error") throw e;
        failure = e;
      }
    }
    const nowMs = millis();
    const warm = nowMs - this.startedMs >= this.chip.warmUpMs;
    let sum = 0;
    for (const value of this.chip.values) if (!failure || !isNaN(value)) sum += value;
    // A chip that was started anew for a fault, or because it was not ready, is well when all of
    // its values are there: after the first ones the same may follow.
    const known =
      warm || !isNaN(sum) || (this.status !== SensorStatus.Failed && this.reason !== "not-ready");
    if (this.frozen(sum, nowMs))
      failure = new SensorError("frozen", this.chip.chipName + " is frozen");
    else if (failure) this.set(Fact.StillGives, !warm || this.givesAny());
    const timeS = nowMs / 1000;
    for (let i = 0; i < this.metrics(); i++) {
      if (this.periodMs(i) === 0 || nowMs < this.dueMs(i)) continue;
      this.setDue(i);
      const value = this.chip.values[i];
      if (isNaN(value)) {
        if (!failure && warm)
          failure = new SensorError("not-ready", this.chip.chipName + " gives no value");
      } else if (failure ? failure.code !== "frozen" : known)
        this.sink.addSample(this.channel(i), value, timeS);
    }
    if (failure) throw failure;
    if (known && this.succeed() === SensorChange.Recovery)
      this.sink.sensorChanged(this, false, timeS);
  }

  /** Whether any value is there that is wanted of this chip. */
  private givesAny(): boolean {
    for (let i = 0; i < this.metrics(); i++)
      if (this.periodMs(i) > 0 && !isNaN(this.chip.values[i])) return true;
    return false;
  }

  /** Whether a chip that is not ready is so because it was started just now, and not for that. */
  private warmingUp(e: SensorError): boolean {
    return (
      e.code === "not-ready" &&
      this.failures === 0 &&
      millis() - this.startedMs < this.chip.warmUpMs
    );
  }

  private failed(reason: string): void {
    if (this.fail(reason) === SensorChange.Fault)
      this.sink.sensorChanged(this, true, millis() / 1000);
  }

  /** Where the period of the i-th metric lies. */
  private periodAt(i: number): number {
    return (DUE_BYTES * this.table.length) / METRIC_BYTES + PERIOD_BYTES * i;
  }

  /** Where the channel of the i-th metric lies. */
  private channelAt(i: number): number {
    return ((METRIC_BYTES - 1) * this.table.length) / METRIC_BYTES + i;
  }

  private dueMs(i: number): number {
    return this.table.getAt(DUE_BYTES * i, "f64");
  }

  /** Sampling period of the i-th metric; 0 when it is off. */
  private periodMs(i: number): number {
    return this.table.getAt(this.periodAt(i), "u32");
  }

  /**
   * Sets the next due time of a metric: a multiple of its period and the part's phase, so that what
   * has the same period is due in the same second and goes out in one pack.
   */
  private setDue(i: number): void {
    const periodMs = this.periodMs(i);
    if (periodMs === 0) return;
    const phaseMs = this.part * PHASE_MS;
    const dueMs = (Math.floor((millis() - phaseMs) / periodMs) + 1) * periodMs + phaseMs;
    this.table.setAt(DUE_BYTES * i, "f64", dueMs);
  }

  private untilDueMs(): number {
    let earliestMs = Infinity;
    for (let i = 0; i < this.metrics(); i++)
      if (this.periodMs(i) > 0) earliestMs = Math.min(earliestMs, this.dueMs(i));
    return Math.max(0, Math.min(IDLE_MS, earliestMs - millis()));
  }

  private has(fact: Fact): boolean {
    return (this.facts & fact) !== 0;
  }

  private set(fact: Fact, on: boolean): void {
    this.facts = on ? this.facts | fact : this.facts & ~fact;
  }

  /**
   * Whether nothing has moved for too long. `sum` stands for all values: it moves with each, and
   * is NaN while one is missing, which proves nothing; of a chip that says itself that it is
   * broken, for those that it still gives.
   */
  private frozen(sum: number, nowMs: number): boolean {
    if (isNaN(sum)) return false;
    if (sum !== this.lastSum || sum <= stillUpTo(this.part)) {
      this.changedMs = nowMs;
      this.sameReads = 0;
    }
    this.lastSum = sum;
    this.sameReads++;
    return this.sameReads > LEAST_SAME_READS && nowMs - this.changedMs > frozenAfterMs(this.part);
  }
}

/** Runs a sampler, in a fiber of its own: `runSampler.start(sampler)`. */
export async function runSampler(sampler: Sampler): Promise<void> {
  await sampler.run();
}
