import { sleep } from "@devicescript/core";
import { ADS1115_MAX_COUNTS, ads1115Counts, ads1115Volts } from "./ads1115Conversion";
import { SensorChip } from "./sensorChip";

// TI ADS1115 data sheet, SBAS444E, December 2024.
export const ADS1115_ADDRESS = 0x48;

/** Registers (section 8.1.1); 16 bits, the high byte first. */
const READ_CONVERSION = hex`00`;
const CONFIG = 0x01;
const READ_CONFIG = hex`01`;

/** Fields of the config register (section 8.1.3). */
const START_SINGLE = 0x8000;
const SINGLE_SHOT = 0x0100;
const RATE_128_PER_S = 0x0080;
const COMPARATOR_OFF = 0x0003;
/** Bit 15 reads as "no conversion is under way". */
const IDLE = 0x8000;

/** 7.8 ms at 128 a second, the rate good to 10 % (section 5.5), and 1 ms to spare. */
const CONVERSION_MS = 10;
/** Conversions read between two looks at the config register: 2 s of noise samples. */
const CHECK_EVERY = 16;

/** A sensor with a voltage output, on an ADS1115. */
export abstract class Ads1115Chip extends SensorChip {
  private readonly configWrite = Buffer.alloc(3);
  private conversions = 0;

  /** The chip has no identity register; that it keeps a setting tells it from others. */
  override async probe(): Promise<void> {
    await this.powerDown();
    if (!(await this.hasSettings())) throw this.failure("wrong-chip", "does not keep its settings");
  }

  /**
   * Converts one input again and again.
   *
   * @throws SensorError `no-answer`
   */
  protected async convertAlways(input: number, gain: number): Promise<void> {
    await this.configure(input | gain | RATE_128_PER_S | COMPARATOR_OFF);
    this.conversions = 0;
    await sleep(CONVERSION_MS);
  }

  /**
   * Volts of the newest conversion of `convertAlways`.
   *
   * @throws SensorError `no-answer`, `not-ready`, `out-of-range`
   */
  protected async newestVolts(gain: number): Promise<number> {
    // After a dip of the supply the chip sleeps, and its last value stays for ever.
    if (this.conversions++ % CHECK_EVERY === 0 && !(await this.hasSettings()))
      throw this.failure("not-ready", "lost its settings");
    return await this.volts(gain);
  }

  /**
   * Volts of one conversion of one input, after which the chip sleeps.
   *
   * @throws SensorError `no-answer`, `not-ready`, `out-of-range`
   */
  protected async convertOnce(input: number, gain: number): Promise<number> {
    await this.configure(
      START_SINGLE | SINGLE_SHOT | input | gain | RATE_128_PER_S | COMPARATOR_OFF,
    );
    await sleep(CONVERSION_MS);
    const config = await this.transfer(READ_CONFIG, 2);
    if (!(((config[0] << 8) | config[1]) & IDLE))
      throw this.failure("not-ready", "has not finished its conversion");
    return await this.volts(gain);
  }

  /** Lets the chip sleep. @throws SensorError `no-answer` */
  protected async powerDown(): Promise<void> {
    await this.configure(SINGLE_SHOT | RATE_128_PER_S | COMPARATOR_OFF);
  }

  private async volts(gain: number): Promise<number> {
    const counts = ads1115Counts(await this.transfer(READ_CONVERSION, 2));
    if (counts >= ADS1115_MAX_COUNTS)
      throw this.failure("out-of-range", "has more voltage than it can measure");
    return ads1115Volts(counts, gain);
  }

  private async configure(config: number): Promise<void> {
    this.configWrite[0] = CONFIG;
    this.configWrite[1] = config >> 8;
    this.configWrite[2] = config & 0xff;
    await this.transfer(this.configWrite, 0);
  }

  /**
   * Whether its power has been away since the last setting: it then has one that no driver makes,
   * with its comparator (section 8.1.3).
   */
  protected async lostPower(): Promise<boolean> {
    const config = await this.transfer(READ_CONFIG, 2);
    return (config[0] & 0x7f) === 0x05 && config[1] === 0x83;
  }

  /** Bit 15 is not kept: it reads as a state. */
  private async hasSettings(): Promise<boolean> {
    const config = await this.transfer(READ_CONFIG, 2);
    return (config[0] & 0x7f) === (this.configWrite[1] & 0x7f) && config[1] === this.configWrite[2];
  }
}
