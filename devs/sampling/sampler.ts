import { millis, sleep } from "@devicescript/core";
import { SensorChip } from "../drivers/sensorChip";
import { SensorError } from "../drivers/sensorError";
import { frozenAfterMs, stillUpTo } from "./frozen";
import { SensorChange, SensorState, SensorStatus } from "./sensorState";

/** A bad read is tried again this much later, instead of a whole period. */
const RETRY_MS = 1000;

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

/** In place of a channel, for a metric that is off. */
export const NO_CHANNEL = 255;
const PERIOD_BYTES = 4;

/** Where samples go, and the news of the sensors themselves. */
export interface SampleSink {
  /** A sample of the channel with that index; it is never NaN. */
  addSample(channel: number, value: number, timeS: number): void;
  /** A sensor failed, for the reason in its state, or (no fault) came back. */
  sensorChanged(sampler: Sampler, fault: boolean, timeS: number): void;
}

/**
 * Reads one chip on its channels' periods, in a fiber of its own: a chip that hangs
 * or fails keeps no other one waiting.
 */
export class Sampler {
  readonly chip: SensorChip;
  /** Which part of the node it is, for its owner. */
  readonly part: number;
  readonly state = new SensorState();
  /** Whether the chip was started since boot. */
  answered = false;
  /** Whether its own test of itself failed, the last time. */
  testFailed = false;
  /** Whether its fault was told as its own. */
  told = false;
  /** Starts and reads that failed, and starts after the first, since boot. */
  errors = 0;
  restarts = 0;
  // Buffers hold small numbers in a fraction of the heap that arrays take.
  /** Index of the channel of each metric of the chip, `NO_CHANNEL` where it is off. */
  private readonly channels: Buffer;
  /** Sampling period of each metric of the chip, 32 bits each. */
  private readonly periods: Buffer;
  private readonly dueMs: number[] = [];
  private readonly sink: SampleSink;
  private started = false;
  /** Whether a fiber is at work with the chip. */
  private busy = false;
  private startedMs = 0;
  private lastSum = NaN;
  private changedMs = 0;
  private sameReads = 0;

  /**
   * @param started whether the chip was started just now.
   * A chip gives nothing before `configure` was called for a metric of it; a model of the
   * chip that turns out to lack the last metrics uses the first ones.
   */
  constructor(part: number, chip: SensorChip, started: boolean, sink: SampleSink) {
    this.part = part;
    this.chip = chip;
    const metrics = chip.metrics.length;
    this.channels = Buffer.alloc(metrics);
    this.channels.fillAt(0, metrics, NO_CHANNEL);
    this.periods = Buffer.alloc(PERIOD_BYTES * metrics);
    this.sink = sink;
    if (started) this.begin();
  }

  /** Starts and reads the chip for ever. */
  async run(): Promise<void> {
    let pauseMs = this.started ? this.untilDueMs() : this.part * PHASE_MS;
    while (true) {
      await sleep(pauseMs);
      pauseMs = this.busy ? RETRY_MS : await this.turn();
    }
  }

  /** Starts the chip, or reads it. Gives the pause until the next time, in milliseconds. */
  private async turn(): Promise<number> {
    let pauseMs = RETRY_MS;
    this.busy = true;
    try {
      if (!this.started) await this.restart();
      else await this.sample();
      if (this.started) pauseMs = this.untilDueMs();
    } catch (e) {
      if (!(e instanceof SensorError)) console.error((e as Error).message);
      this.errors++;
      this.fail(e instanceof SensorError ? e.code : "driver-error");
      // A chip that lost its settings to a dip of its supply answers, but is not ready.
      if (e instanceof SensorError && e.code === "not-ready") this.started = false;
      if (this.state.status === SensorStatus.Failed) {
        this.started = false;
        pauseMs = this.state.restartMs;
      }
    }
    this.busy = false;
    return pauseMs;
  }

  /**
   * Sets the channel and the period of the i-th metric; within a minute it counts.
   *
   * @param channel index of its channel, or `NO_CHANNEL` to switch it off.
   */
  configure(i: number, channel: number, periodMs: number): void {
    this.channels[i] = channel;
    this.periods.setAt(PERIOD_BYTES * i, "u32", periodMs);
    this.dueMs[i] = this.nextMs(i);
  }

  /** Whether any of its metrics is sampled. */
  isOn(): boolean {
    for (let i = 0; i < this.channels.length; i++) if (this.channels[i] !== NO_CHANNEL) return true;
    return false;
  }

  /** Reads every metric now. A sensor at fault keeps its own time. */
  async sampleNow(): Promise<void> {
    if (this.busy || !this.started) return;
    for (let i = 0; i < this.dueMs.length; i++) this.dueMs[i] = 0;
    await this.turn();
  }

  /** Has the chip test itself, where it can; it is started anew after that. */
  async selfTest(): Promise<void> {
    if (this.busy || !this.started) return;
    this.busy = true;
    this.testFailed = false;
    try {
      if (await this.chip.selfTest()) this.started = false;
    } catch {
      this.testFailed = true;
      this.started = false;
    }
    this.busy = false;
  }

  private async restart(): Promise<void> {
    this.restarts++;
    await this.chip.start();
    this.begin();
  }

  /** The chip was started just now. */
  private begin(): void {
    this.started = true;
    this.answered = true;
    this.startedMs = millis();
    // A frozen chip that is started anew has to show that it moves again.
    if (this.state.reason !== "frozen") this.changedMs = this.startedMs;
    for (let i = 0; i < this.chip.metrics.length; i++) this.dueMs[i] = this.nextMs(i);
  }

  private async sample(): Promise<void> {
    let failure: SensorError | undefined;
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
    for (const value of this.chip.values) sum += value;
    // A chip that was started anew for a fault, or because it was not ready, is well when all of
    // its values are there: after the first ones the same may follow.
    const { status, reason } = this.state;
    const known = warm || !isNaN(sum) || (status !== SensorStatus.Failed && reason !== "not-ready");
    if (this.frozen(sum, nowMs))
      failure = new SensorError("frozen", this.chip.chipName + " is frozen");
    const timeS = nowMs / 1000;
    for (let i = 0; i < this.chip.metrics.length; i++) {
      if (this.channels[i] === NO_CHANNEL || nowMs < this.dueMs[i]) continue;
      this.dueMs[i] = this.nextMs(i);
      const value = this.chip.values[i];
      if (isNaN(value)) {
        if (!failure && warm)
          failure = new SensorError("not-ready", this.chip.chipName + " gives no value");
      } else if (known && (!failure || failure.code !== "frozen"))
        this.sink.addSample(this.channels[i], value, timeS);
    }
    if (failure) throw failure;
    if (known && this.state.succeed() === SensorChange.Recovery)
      this.sink.sensorChanged(this, false, timeS);
  }

  /** Whether a chip that is not ready is so because it was started just now, and not for that. */
  private warmingUp(e: SensorError): boolean {
    return (
      e.code === "not-ready" &&
      this.state.failures === 0 &&
      millis() - this.startedMs < this.chip.warmUpMs
    );
  }

  private fail(reason: string): void {
    if (this.state.fail(reason) === SensorChange.Fault)
      this.sink.sensorChanged(this, true, millis() / 1000);
  }

  /**
   * The next due time of a metric: a multiple of its period and the part's phase, so that what
   * has the same period is due in the same second and goes out in one pack.
   */
  private nextMs(i: number): number {
    const phaseMs = this.part * PHASE_MS;
    const periodMs = this.periods.getAt(PERIOD_BYTES * i, "u32");
    return (Math.floor((millis() - phaseMs) / periodMs) + 1) * periodMs + phaseMs;
  }

  private untilDueMs(): number {
    let earliestMs = Infinity;
    for (let i = 0; i < this.chip.metrics.length; i++)
      if (this.channels[i] !== NO_CHANNEL && this.dueMs[i] < earliestMs) earliestMs = this.dueMs[i];
    return Math.max(0, Math.min(IDLE_MS, earliestMs - millis()));
  }

  /**
   * Whether nothing has moved for too long. `sum` stands for all values: it moves with each, and
   * is NaN while one is missing, which proves nothing.
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
