import { sleep } from "@devicescript/core";
import {
  bme280Calibration,
  bme280Celsius,
  bme280Fine,
  bme280HasMeasured,
  bme280Hpa,
  bme280Pct,
  bme280Raw20,
} from "./bme280Conversion";
import { SensorChip, SensorChipOptions } from "./sensorChip";

// Bosch BME280 data sheet, BST-BME280-DS002, revision 1.6: section 5.3 registers.
export const BME280_ADDRESS = 0x76;

const READ_ID = hex`d0`;
const ID_BME280 = 0x60;
const RESET = hex`e0b6`;
/** Start-up time, 2 ms (section 1.1), which also a reset takes. */
const START_UP_MS = 3;
const READ_STATUS = hex`f3`;
const MEASURING = 0x08;
const READ_CALIBRATION_LOW = hex`88`;
const CALIBRATION_LOW_BYTES = 26;
const READ_CALIBRATION_HIGH = hex`e1`;
const CALIBRATION_HIGH_BYTES = 7;
/** ctrl_hum: humidity once. It takes effect with the next write of ctrl_meas. */
const HUMIDITY_ONCE = hex`f201`;
/** ctrl_meas: temperature and pressure once, forced mode (section 3.5.1, "weather monitoring"). */
const MEASURE_ONCE = hex`f425`;
/** 1.25 + 2.3 + 2.875 + 2.875 ms at most (section 9.1), and 1 ms to spare. */
const MEASUREMENT_MS = 11;
const READ_DATA = hex`f7`;
const DATA_BYTES = 8;

/** `address`: 0x76 (pin SDO to ground, the default) or 0x77. */
export interface Bme280Options extends SensorChipOptions {
  address?: number;
}

/**
 * Bosch BME280 temperature, humidity and pressure sensor.
 *
 * | metric | range | resolution | accuracy (data sheet, section 1) |
 * |---|---|---|---|
 * | temperature | -40 to 85 Cel | 0.01 Cel | 1 Cel from 0 to 65 Cel |
 * | humidity | 0 to 100 % | 0.008 % | 3 % |
 * | pressure | 300 to 1100 hPa | 0.003 hPa | 1 hPa from 0 to 65 Cel |
 *
 * Each read is one forced measurement: between reads the chip sleeps and stays cool.
 */
export class Bme280 extends SensorChip {
  private calibration: Buffer | undefined;

  constructor(options?: Bme280Options) {
    const address = (options && options.address) || BME280_ADDRESS;
    super("bme280", address, "temperature humidity pressure", 0, options);
  }

  override async probe(): Promise<void> {
    const id = await this.transfer(READ_ID, 1);
    if (id[0] !== ID_BME280) throw this.failure("wrong-chip", "has identity " + id[0]);
  }

  override async start(): Promise<void> {
    this.clearValues();
    await this.probe();
    await this.transfer(RESET, 0);
    await sleep(START_UP_MS);
    const low = await this.transfer(READ_CALIBRATION_LOW, CALIBRATION_LOW_BYTES);
    const high = await this.transfer(READ_CALIBRATION_HIGH, CALIBRATION_HIGH_BYTES);
    this.calibration = bme280Calibration(low, high);
    if (!this.calibration) throw this.failure("chip-error", "has no calibration");
  }

  override async read(): Promise<void> {
    this.clearValues();
    const calibration = this.calibration;
    if (!calibration) throw this.failure("not-ready", "is not started");
    // Sent each time, so that a chip which was reset measures as well as before.
    await this.transfer(HUMIDITY_ONCE, 0);
    await this.transfer(MEASURE_ONCE, 0);
    await sleep(MEASUREMENT_MS);
    const status = await this.transfer(READ_STATUS, 1);
    const data = await this.transfer(READ_DATA, DATA_BYTES);
    if (status[0] & MEASURING || !bme280HasMeasured(data))
      throw this.failure("not-ready", "has not finished its measurement");
    const fine = bme280Fine(calibration, bme280Raw20(data, 3));
    this.values[0] = bme280Celsius(fine);
    this.values[1] = bme280Pct(calibration, fine, (data[6] << 8) | data[7]);
    this.values[2] = bme280Hpa(calibration, fine, bme280Raw20(data, 0));
    // Operating ranges (section 1).
    this.limit(0, 0, -40, 85);
    this.limit(1, 1, 0, 100);
    this.limit(2, 2, 300, 1100);
    this.throwImpossible();
  }

  /** The chip sleeps between forced measurements by itself. */
  override async stop(): Promise<void> {
    await this.transfer(RESET, 0);
  }
}
