import { BusError, I2cBus } from "./i2cBus";
import { SensorError, SensorErrorCode } from "./sensorError";
import { wordsOf } from "./words";

/** `NoI2C` of the runtime's I2C status: the bus itself does not work. */
const STATUS_NO_BUS = 3;
/**
 * Transactions that fail in a row, on more than one address, before the bus is to blame: a
 * line that is held low makes every chip silent, and not every port says so by its status.
 */
const SILENCE_OF_BUS = 6;

// What the transactions of all drivers have in common: there is one bus.
let silences = 0;
let silentAddress = 0;
let severalSilent = false;

/** Index of a value that `limit` refused and `throwImpossible` has to tell; no other fiber runs between. */
let impossible = -1;

/** Options that every driver takes; `client` is the bus. */
export interface SensorChipOptions {
  client?: I2cBus;
}

/**
 * What every driver of a sensor chip is. `start()` once, then `read()` on the chip's
 * period; after some failed reads `start()` again, which also re-configures a chip
 * that was reset. One fiber owns a chip: `start()`, `read()` and `stop()` must not
 * overlap.
 *
 * A driver gives one value for each of its metrics. NaN says that the metric has no
 * value at this moment, which is normal until `warmUpMs` after `start()`; a read that
 * failed throws a SensorError. So nothing that is not a measurement looks like one.
 *
 * It is no `I2CDriver` of `@devicescript/drivers`: that package brings 1.5 KB of code with
 * it, for displays and pins, of the 64 KB that a program can have.
 */
export abstract class SensorChip {
  /** Part name in lower case: `sen55`. A driver of several models learns it in `probe()`. */
  chipName: string;
  private readonly client: I2cBus;
  /** 7-bit I2C address. */
  readonly address: number;
  /**
   * Names of the metrics (`devs/contract/metrics.ts`) with a space between them, in the order
   * of `values`.
   */
  readonly metrics: string;
  /**
   * Values of the last `read()`, in the metrics' units; NaN where there is none. A driver of
   * several models drops the last ones in `probe()` when its chip does not have them.
   */
  readonly values: number[] = [];
  /**
   * For so long after `start()` a `not-ready` error or a NaN is no fault: the data
   * sheet's longest start-up time.
   */
  readonly warmUpMs: number;
  /** Serial number, for chips that have one, after `probe()`. */
  serialNumber = "";

  protected constructor(
    chipName: string,
    address: number,
    metrics: string,
    warmUpMs: number,
    options?: SensorChipOptions,
  ) {
    this.client = options?.client as I2cBus;
    this.chipName = chipName;
    this.address = address;
    this.metrics = metrics;
    this.warmUpMs = warmUpMs;
    // From the last one on: so the array gets no room for more.
    for (let i = wordsOf(metrics).length - 1; i >= 0; i--) this.values[i] = NaN;
  }

  /**
   * Finds the chip and checks that it is the right one: by its identity or serial number
   * where it has one, otherwise by what it answers. A measurement that goes on may end.
   *
   * @throws SensorError `no-answer`, `bad-crc`, `wrong-chip`
   */
  abstract probe(): Promise<void>;

  /**
   * Probes the chip, configures it and starts its measurement, from whatever state it is in.
   *
   * @throws SensorError `no-answer`, `bad-crc`, `wrong-chip`, `not-ready`, `chip-error`
   */
  abstract start(): Promise<void>;

  /**
   * Reads the newest measurement into `values`.
   *
   * @throws SensorError of any code. After `out-of-range` and `chip-error` the
   *   metrics concerned are NaN and the others hold good values; after any other code,
   *   all are NaN.
   */
  abstract read(): Promise<void>;

  /**
   * Ends the measurement and lets the chip save power.
   *
   * @throws SensorError `no-answer`
   */
  abstract stop(): Promise<void>;

  /**
   * The chip's own test of itself, which ends its measurement: `start()` it again. True
   * when it passed; false when the chip has no such test.
   *
   * @throws SensorError `chip-error` when it failed, `no-answer`, `bad-crc`
   */
  async selfTest(): Promise<boolean> {
    return false;
  }

  /**
   * One I2C transaction: writes, then reads `readCount` bytes after a repeated start.
   *
   * @throws SensorError `no-answer`, `bus-stuck`
   */
  protected async transfer(write: Buffer, readCount: number): Promise<Buffer> {
    try {
      const answer = await this.client.xfer(this.address, write, readCount);
      silences = 0;
      severalSilent = false;
      return answer;
    } catch (e) {
      if (silences > 0 && silentAddress !== this.address) severalSilent = true;
      silences++;
      silentAddress = this.address;
      const stuck = e instanceof BusError && e.status === STATUS_NO_BUS;
      if (stuck || (severalSilent && silences >= SILENCE_OF_BUS))
        throw this.failure("bus-stuck", "cannot answer: the bus is stuck");
      throw this.failure("no-answer", "does not answer");
    }
  }

  /** The error to throw; `detail` follows the chip's name in its message. */
  protected failure(code: SensorErrorCode, detail: string): SensorError {
    return new SensorError(code, this.chipName + " " + detail);
  }

  /** Makes every value NaN: the first thing that `read()` does. */
  protected clearValues(): void {
    for (let i = 0; i < this.values.length; i++) this.values[i] = NaN;
  }

  /**
   * Makes each of the values `from` to `to` that is not between `lowest` and `highest` NaN, for
   * `throwImpossible` to tell.
   */
  protected limit(from: number, to: number, lowest: number, highest: number): void {
    for (let i = from; i <= to; i++) {
      const value = this.values[i];
      if (value < lowest || value > highest) {
        impossible = i;
        this.values[i] = NaN;
      }
    }
  }

  /**
   * Throws when a value was outside its limits since the last time.
   *
   * @throws SensorError `out-of-range`
   */
  protected throwImpossible(): void {
    const worst = impossible;
    impossible = -1;
    if (worst >= 0)
      throw this.failure("out-of-range", "gives an impossible " + wordsOf(this.metrics)[worst]);
  }
}
