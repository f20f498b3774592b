import { sleep } from "@devicescript/core";
import {
  BH1750_RANGES,
  bh1750Lux,
  bh1750MeasurementMs,
  bh1750NextRange,
  bh1750Opcode,
  bh1750TimeRegister,
} from "./bh1750Conversion";
import { SensorChip, SensorChipOptions } from "./sensorChip";

// ROHM BH1750FVI technical note 11046EDT01, 2011: page 5 for the commands.
export const BH1750_ADDRESS = 0x23;

const NOTHING = hex``;
const POWER_ON = hex`01`;
const POWER_DOWN = hex`00`;
/** The time register's high three and low five bits are two commands. */
const TIME_HIGH = 0x40;
const TIME_LOW = 0x60;
const MARGIN_MS = 2;
const FULL_COUNTS = 65535;

/** `address`: 0x23 (pin ADDR low, the default) or 0x5C. */
export interface Bh1750Options extends SensorChipOptions {
  address?: number;
}

/**
 * ROHM BH1750FVI ambient light sensor.
 *
 * | metric | range | resolution | accuracy (technical note, page 2) |
 * |---|---|---|---|
 * | illuminance | 0 to 121 klx | 0.11 lx dark, 1.9 lx bright | 20 % |
 *
 * Each read sends the whole setting and measures once: the chip has no register from
 * which one could learn that a dip of its supply reset it. A read takes 80 ms in the
 * sun and 670 ms at night; after a change of the light up to twice more.
 */
export class Bh1750 extends SensorChip {
  private readonly command = Buffer.alloc(1);
  private range = 0;

  constructor(options?: Bh1750Options) {
    const address = (options && options.address) || BH1750_ADDRESS;
    super("bh1750", address, "illuminance", 0, options);
  }

  /** The chip has no identity: only that one answers can be told. */
  override async probe(): Promise<void> {
    await this.transfer(POWER_ON, 0);
  }

  override async start(): Promise<void> {
    this.clearValues();
    await this.probe();
  }

  override async read(): Promise<void> {
    this.clearValues();
    let counts = await this.measure();
    for (let step = 1; step < BH1750_RANGES; step++) {
      const next = bh1750NextRange(this.range, counts);
      if (next === this.range) break;
      this.range = next;
      const before = counts;
      counts = await this.measure();
      // Another range gives other counts; the same ones are the old measurement still.
      if (counts === before && counts > 0 && counts < FULL_COUNTS)
        throw this.failure("not-ready", "has no new measurement");
    }
    if (counts === FULL_COUNTS)
      throw this.failure("out-of-range", "has more light than it can measure");
    this.values[0] = bh1750Lux(this.range, counts);
    // The register is full at 121 557 lx in the least sensitive range.
    this.limit(0, 0, 0, 121500);
    this.throwImpossible();
  }

  override async stop(): Promise<void> {
    await this.transfer(POWER_DOWN, 0);
  }

  private async measure(): Promise<number> {
    const time = bh1750TimeRegister(this.range);
    await this.transfer(POWER_ON, 0);
    await this.send(TIME_HIGH | (time >> 5));
    await this.send(TIME_LOW | (time & 0x1f));
    await this.send(bh1750Opcode(this.range));
    await sleep(bh1750MeasurementMs(this.range) + MARGIN_MS);
    const data = await this.transfer(NOTHING, 2);
    return (data[0] << 8) | data[1];
  }

  private async send(command: number): Promise<void> {
    this.command[0] = command;
    await this.transfer(this.command, 0);
  }
}
