import { sleep } from "@devicescript/core";
import { SensorChip, SensorChipOptions } from "./sensorChip";
import {
  nextRange,
  VEML7700_RANGES,
  veml7700Config,
  veml7700IntegrationMs,
  veml7700Lux,
} from "./veml7700Conversion";

// Vishay VEML7700 data sheet, document 84286, revision 1.8, 28-Nov-2024.
export const VEML7700_ADDRESS = 0x10;

/** Registers (table "Command register format"); 16 bits, the low byte first. */
const ALS_CONF = 0x00;
const READ_ALS_CONF = hex`00`;
const READ_ALS = hex`04`;
const READ_ID = hex`07`;
const SHUT_DOWN = 0x0001;
/** Low byte of register 7; the high one tells the address option. */
const DEVICE_ID = 0x81;

/** From shut-down to measuring (application note 84323: "wait >= 2.5 ms"). */
const POWER_UP_MS = 3;
/** The integration time is that of an oscillator on the chip: a tenth and 5 ms more. */
const INTEGRATION_MARGIN = 1.1;
const INTEGRATION_MARGIN_MS = 5;

const FULL_COUNTS = 65535;

/**
 * Vishay VEML7700 ambient light sensor.
 *
 * | metric | range | resolution | accuracy |
 * |---|---|---|---|
 * | illuminance | 0 to 140 klx | 0.0084 lx dark, 2 lx at 1 klx, 35 lx at 100 klx | 10 %, typical (application note) |
 *
 * Range and integration time follow the light: a read in unchanged light takes two
 * transactions; after a change, up to three more measurements of 25 to 400 ms.
 */
export class Veml7700 extends SensorChip {
  private readonly settings = Buffer.alloc(3);
  private range = 1;

  constructor(options?: SensorChipOptions) {
    super("veml7700", VEML7700_ADDRESS, "illuminance", 0, options);
    this.settings[0] = ALS_CONF;
  }

  override async probe(): Promise<void> {
    const id = await this.transfer(READ_ID, 2);
    if (id[0] !== DEVICE_ID) throw this.failure("wrong-chip", "has identity " + id[0]);
  }

  override async start(): Promise<void> {
    this.clearValues();
    await this.probe();
    await this.configure(SHUT_DOWN);
    await this.measureIn(1);
  }

  override async read(): Promise<void> {
    this.clearValues();
    await this.checkSettings();
    let counts = await this.counts();
    for (let step = 1; step < VEML7700_RANGES; step++) {
      const next = nextRange(this.range, counts);
      if (next === this.range) break;
      const before = counts;
      await this.measureIn(next);
      counts = await this.counts();
      // Another range gives other counts; the same ones are the old measurement still.
      if (counts === before && counts > 0 && counts < FULL_COUNTS)
        throw this.failure("not-ready", "has no new measurement");
    }
    this.values[0] = veml7700Lux(this.range, counts);
    // Full sun is 100 klx to 120 klx; the data sheet's range ends at 140 klx.
    this.limit(0, 0, 0, 140000);
    this.throwImpossible();
  }

  override async stop(): Promise<void> {
    await this.configure(SHUT_DOWN);
  }

  /** A chip that lost its supply for a moment is shut down, and would report darkness. */
  private async checkSettings(): Promise<void> {
    const settings = await this.transfer(READ_ALS_CONF, 2);
    if (settings[0] !== this.settings[1] || settings[1] !== this.settings[2])
      throw this.failure("not-ready", "lost its settings");
  }

  private async counts(): Promise<number> {
    const data = await this.transfer(READ_ALS, 2);
    return data[0] | (data[1] << 8);
  }

  /** Switches to a range and waits for its first measurement. */
  private async measureIn(range: number): Promise<void> {
    await this.configure(veml7700Config(range));
    this.range = range;
    const integrationMs = veml7700IntegrationMs(range);
    await sleep(POWER_UP_MS + integrationMs * INTEGRATION_MARGIN + INTEGRATION_MARGIN_MS);
  }

  private async configure(settings: number): Promise<void> {
    this.settings[1] = settings & 0xff;
    this.settings[2] = settings >> 8;
    await this.transfer(this.settings, 0);
  }
}
