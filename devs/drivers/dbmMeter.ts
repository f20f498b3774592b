import { sleep } from "@devicescript/core";
import { SensorChip, SensorChipOptions } from "./sensorChip";

// PCB Artists PCBA-DBM, "I2C Register Description" and "Acoustic Characteristics" of
// the revision r3 (pcbartists.com/wiki).
export const DBM_ADDRESS = 0x48;

/** Registers. */
const READ_VERSION_AND_ID = hex`00`;
const VERSION_AND_ID_BYTES = 5;
const READ_SETTINGS = hex`06`;
const READ_DECIBEL = hex`0a`;
/** High four bits of VERSION: the hardware, 3 in all modules of this kind. */
const HARDWARE = 3;

/** CONTROL: A-weighting, no interrupts, powered. */
const A_WEIGHTING = 0x02;
/** CONTROL: powered down; only a reset wakes the module. */
const POWER_DOWN = hex`0603`;
const WRITE_CONTROL = hex`0602`;
/** TAVG, high and low byte: 125 ms, the time constant of time weighting F. */
const AVERAGING_MS = 125;
const WRITE_AVERAGING = hex`07007d`;
/** RESET, bit 3: the whole module. */
const RESET = hex`0908`;
const RESET_MS = 20;
/** The first level after a reset, with its pop, has passed the averaging four times. */
const SETTLE_MS = 4 * AVERAGING_MS;

/** `address`: 0x48, unless another one was ordered. */
export interface DbmMeterOptions extends SensorChipOptions {
  address?: number;
}

/**
 * PCB Artists PCBA-DBM digital sound level meter. It has the address of an ADS1115.
 *
 * | metric | range | resolution | accuracy |
 * |---|---|---|---|
 * | LAF | 35 to 116 dBA, 20 Hz to 8 kHz | 1 dB | 2 dB at 94 dB, 1 kHz |
 *
 * The module averages decibels, not energy, so its level is that of time weighting F
 * (IEC 61672-1) only for steady sound, and some decibels lower for short events.
 */
export class DbmMeter extends SensorChip {
  constructor(options?: DbmMeterOptions) {
    const address = (options && options.address) || DBM_ADDRESS;
    super("dbm", address, "LAF", 0, options);
  }

  override async probe(): Promise<void> {
    const identity = await this.transfer(READ_VERSION_AND_ID, VERSION_AND_ID_BYTES);
    if (identity[0] >> 4 !== HARDWARE)
      throw this.failure("wrong-chip", "has version " + identity[0]);
    this.serialNumber = "";
    for (let i = 1; i < VERSION_AND_ID_BYTES; i++)
      this.serialNumber += (i > 1 ? "." : "") + identity[i];
  }

  override async start(): Promise<void> {
    this.clearValues();
    await this.probe();
    await this.transfer(RESET, 0);
    await sleep(RESET_MS);
    await this.transfer(WRITE_CONTROL, 0);
    await this.transfer(WRITE_AVERAGING, 0);
    await sleep(SETTLE_MS);
  }

  override async read(): Promise<void> {
    this.clearValues();
    // CONTROL and TAVG: after a dip of the supply the module averages over 1 s.
    const settings = await this.transfer(READ_SETTINGS, 3);
    if (settings[0] !== A_WEIGHTING || settings[1] !== 0 || settings[2] !== AVERAGING_MS)
      throw this.failure("not-ready", "lost its settings");
    const level = (await this.transfer(READ_DECIBEL, 1))[0];
    if (level === 0) throw this.failure("not-ready", "has no level yet");
    this.values[0] = level;
    // 35 to 116 dBA to 1 % linearity; the module gives values a little beyond.
    this.limit(0, 0, 30, 120);
    this.throwImpossible();
  }

  override async stop(): Promise<void> {
    await this.transfer(POWER_DOWN, 0);
  }
}
