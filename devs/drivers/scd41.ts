import { scd41Values } from "./scd41Conversion";
import { SensirionChip } from "./sensirionChip";
import { hexOfWords, wordAt } from "./sensirionWords";
import { SensorChipOptions } from "./sensorChip";

// SCD4x data sheet, version 1.6, April 2024: section 3.5 for commands and their times.
export const SCD41_ADDRESS = 0x62;

const START_PERIODIC = hex`21b1`;
/** No time is given; a measurement comes 5 s later. */
const START_MS = 1;
const STOP_PERIODIC = hex`3f86`;
const STOP_MS = 500;
const READ_DATA_READY = hex`e4b8`;
/** "If the least significant 11 bits are 0, data not ready" (section 3.9.2). */
const DATA_READY = 0x07ff;
const READ_MEASUREMENT = hex`ec05`;
const READ_SERIAL_NUMBER = hex`3682`;
const READ_MS = 1;
/** perform_self_test (section 3.10.3); any answer but 0 is a malfunction. */
const SELF_TEST = hex`3639`;
const SELF_TEST_MS = 10000;
const SELF_TEST_BYTES = 3;
const VALUES_BYTES = 9;
const SERIAL_NUMBER_BYTES = 9;

/** A measurement is there every 5 s (section 3.6.1), plus a tenth for its clock. */
const MEASUREMENT_INTERVAL_MS = 5500;
const WARM_UP_MS = 6000;

/** Which metrics a board takes from the chip. */
export interface Scd41Options extends SensorChipOptions {
  /**
   * Also give temperature and humidity. The chip warms itself by some degrees, so where
   * there is another sensor of the air's temperature that one is better; the default is
   * false.
   */
  climate?: boolean;
}

/**
 * Sensirion SCD41 carbon dioxide sensor.
 *
 * | metric | range | resolution | accuracy (data sheet, section 1) |
 * |---|---|---|---|
 * | co2 | 400 to 5000 ppm | 1 ppm | 50 ppm and 2.5 % up to 1000 ppm |
 * | temperature | -10 to 60 Cel | 0.003 Cel | 0.8 Cel, typical |
 * | humidity | 0 to 100 % | 0.002 % | 6 %, typical |
 *
 * It keeps its calibration by itself in air that is fresh (400 ppm) at least once a
 * week, which is so on a pole (section 3.8).
 */
export class Scd41 extends SensirionChip {
  constructor(options?: Scd41Options) {
    const climate = options && options.climate;
    const metrics = climate ? "co2 temperature humidity" : "co2";
    super("scd41", SCD41_ADDRESS, metrics, WARM_UP_MS, options);
  }

  override async probe(): Promise<void> {
    // While it measures, the chip takes few other commands (section 3.5).
    await this.command(STOP_PERIODIC, STOP_MS);
    this.serialNumber = hexOfWords(
      await this.query(READ_SERIAL_NUMBER, READ_MS, SERIAL_NUMBER_BYTES),
    );
  }

  override async start(): Promise<void> {
    this.clearValues();
    await this.probe();
    await this.command(START_PERIODIC, START_MS);
  }

  override async read(): Promise<void> {
    this.clearValues();
    await this.awaitMeasurement(READ_DATA_READY, READ_MS, DATA_READY, MEASUREMENT_INTERVAL_MS);
    scd41Values(await this.query(READ_MEASUREMENT, READ_MS, VALUES_BYTES), this.values);
    // CO2 up to 40 000 ppm (section 1.1). Open air never has less than 400 ppm, the sensor may
    // read 50 ppm low; less still is a cell that lost its calibration. -10 to 60 Cel.
    this.limit(0, 0, 300, 40000);
    this.limit(1, 1, -10, 60);
    this.limit(2, 2, 0, 100);
    this.throwImpossible();
  }

  override async selfTest(): Promise<boolean> {
    await this.command(STOP_PERIODIC, STOP_MS);
    const result = await this.query(SELF_TEST, SELF_TEST_MS, SELF_TEST_BYTES);
    if (wordAt(result, 0) !== 0) throw this.failure("chip-error", "fails its self-test");
    return true;
  }

  override async stop(): Promise<void> {
    await this.command(STOP_PERIODIC, STOP_MS);
  }
}
