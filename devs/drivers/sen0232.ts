import { ADS1115_ADDRESS, Ads1115Chip } from "./ads1115";
import { ADS1115_4V, ADS1115_AIN0 } from "./ads1115Conversion";
import { sen0232Db } from "./sen0232Conversion";
import { SensorChipOptions } from "./sensorChip";

/** `address`: of the ADS1115, 0x48 (the default) to 0x4B. */
export interface Sen0232Options extends SensorChipOptions {
  address?: number;
}

/**
 * DFRobot SEN0232 analog sound level meter on input AIN0 of a TI ADS1115.
 *
 * | metric | range | resolution | accuracy (DFRobot wiki) |
 * |---|---|---|---|
 * | LAF | 30 to 130 dBA, 31.5 Hz to 8.5 kHz | 0.006 dB | 1.5 dB |
 *
 * The meter weights by F (125 ms), so sampling it every 125 ms misses nothing.
 */
export class Sen0232 extends Ads1115Chip {
  constructor(options?: Sen0232Options) {
    const address = (options && options.address) || ADS1115_ADDRESS;
    super("sen0232", address, "LAF", 0, options);
  }

  override async start(): Promise<void> {
    this.clearValues();
    await this.probe();
    await this.convertAlways(ADS1115_AIN0, ADS1115_4V);
  }

  override async read(): Promise<void> {
    this.clearValues();
    this.values[0] = sen0232Db(await this.newestVolts(ADS1115_4V));
    // 30 to 130 dBA, and the meter's own error of 1.5 dB at both ends. Less is a cable that is
    // off: the input then floats near 0 V.
    this.limit(0, 0, 28.5, 131.5);
    this.throwImpossible();
  }

  override async stop(): Promise<void> {
    await this.powerDown();
  }
}
