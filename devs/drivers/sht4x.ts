import { SensirionChip } from "./sensirionChip";
import { hexOfWords } from "./sensirionWords";
import { SensorChipOptions } from "./sensorChip";
import { sht4xValues } from "./sht4xConversion";

// SHT4x data sheet, version 6.6, April 2024: section 4.5 commands, 3.1 timing.
export const SHT4X_ADDRESS = 0x44;
/** Of parts whose names end in -B: the one in the housing. */
export const HOUSING_ADDRESS = 0x45;

const MEASURE_HIGH_PRECISION = hex`fd`;
/** 8.3 ms at most, and its answer is not acknowledged before. */
const MEASURE_MS = 10;
const READ_SERIAL_NUMBER = hex`89`;
const SOFT_RESET = hex`94`;
/** Also the time of a soft reset (section 3.1). */
const READ_MS = 1;
const ANSWER_BYTES = 6;

export interface Sht4xOptions extends SensorChipOptions {
  /** 0x44 (parts -A), 0x45 (-B) or 0x46 (-C); the default is 0x44, in the housing 0x45. */
  address?: number;
  /** Whether it is the one inside the node's housing. */
  housing?: boolean;
}

/**
 * Sensirion SHT40, SHT41 or SHT45 temperature and humidity sensor, of the air or inside the node's
 * housing.
 *
 * | metric | range | resolution | accuracy of the SHT40 (data sheet, section 2) |
 * |---|---|---|---|
 * | temperature, housingTemperature | -40 to 125 Cel | 0.01 Cel | 0.2 Cel, typical |
 * | humidity, housingHumidity | 0 to 100 % | 0.01 % | 1.8 %, typical |
 */
export class Sht4x extends SensirionChip {
  constructor(options?: Sht4xOptions) {
    const housing = options && options.housing;
    super(
      housing ? "housing" : "sht4x",
      (options && options.address) || (housing ? HOUSING_ADDRESS : SHT4X_ADDRESS),
      housing ? "housingTemperature housingHumidity" : "temperature humidity",
      0,
      options,
    );
  }

  override async probe(): Promise<void> {
    await this.command(SOFT_RESET, READ_MS);
    this.serialNumber = hexOfWords(await this.query(READ_SERIAL_NUMBER, READ_MS, ANSWER_BYTES));
  }

  override async start(): Promise<void> {
    this.clearValues();
    await this.probe();
  }

  /** Each measurement is asked for, so a chip that was reset needs no new start. */
  override async read(): Promise<void> {
    this.clearValues();
    sht4xValues(await this.query(MEASURE_HIGH_PRECISION, MEASURE_MS, ANSWER_BYTES), this.values);
    // Operating range (section 1.1), and a bit for rounding.
    this.limit(0, 0, -40.01, 125.01);
    this.limit(1, 1, 0, 100);
    this.throwImpossible();
  }

  /** The chip sleeps between measurements by itself. */
  override async stop(): Promise<void> {
    await this.command(SOFT_RESET, READ_MS);
  }
}
