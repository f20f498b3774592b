import { millis } from "@devicescript/core";
import { SensirionChip } from "./sensirionChip";
import { textOfWords } from "./sensirionWords";
import { SensorChipOptions } from "./sensorChip";
import { sps30Defect, sps30Values } from "./sps30Conversion";

// SPS30 data sheet, version 1.0, March 2020: section 6.3 for commands and execution times.
export const SPS30_ADDRESS = 0x69;

/** Start, the answers as floating-point numbers (0x0300), and the CRC of that word. */
const START_MEASUREMENT = hex`00100300ac`;
const START_MS = 20;
const STOP_MEASUREMENT = hex`0104`;
const STOP_MS = 20;
const READ_DATA_READY = hex`0202`;
const DATA_READY = 0x0001;
const READ_VALUES = hex`0300`;
const READ_PRODUCT_TYPE = hex`d002`;
const READ_SERIAL_NUMBER = hex`d033`;
const READ_STATUS = hex`d206`;
/** The data sheet gives reading no time of its own; Sensirion's driver waits 5 ms. */
const READ_MS = 5;
const RESET = hex`d304`;
const RESET_MS = 100;

/** The four mass concentrations, which come first; the rest need not be read. */
const VALUES_BYTES = 24;
const STATUS_BYTES = 6;
const PRODUCT_TYPE = "00080000";
const PRODUCT_TYPE_BYTES = 12;
const SERIAL_NUMBER_BYTES = 24;

/** A measurement is there every second (section 1.1), plus a tenth for its clock. */
const MEASUREMENT_INTERVAL_MS = 1100;
/** Longest start-up time, in the cleanest air of the table (section 1.1). */
const START_UP_MS = 30000;
const WARM_UP_MS = 32000;

/**
 * Sensirion SPS30 particle sensor. It has the address of a SEN5x: a node has one or the
 * other.
 *
 * | metric | range | resolution | accuracy (data sheet, section 1.1) |
 * |---|---|---|---|
 * | pm1, pm25 | 0 to 1000 ug/m3 | 1 | 5 ug/m3 and 5 % up to 100 ug/m3, then 10 % |
 * | pm4, pm10 | 0 to 1000 ug/m3 | 1 | 25 ug/m3 up to 100 ug/m3, then 25 % |
 *
 * All values are NaN for the first 30 s after `start()`: not yet to specification.
 */
export class Sps30 extends SensirionChip {
  private startedMs = 0;

  constructor(options?: SensorChipOptions) {
    super("sps30", SPS30_ADDRESS, "pm1 pm25 pm4 pm10", WARM_UP_MS, options);
  }

  override async probe(): Promise<void> {
    // The chip may still measure from before the node's restart, or sleep.
    await this.command(RESET, RESET_MS);
    const type = textOfWords(await this.query(READ_PRODUCT_TYPE, READ_MS, PRODUCT_TYPE_BYTES));
    if (type !== PRODUCT_TYPE) throw this.failure("wrong-chip", "is of type '" + type + "'");
    this.serialNumber = textOfWords(
      await this.query(READ_SERIAL_NUMBER, READ_MS, SERIAL_NUMBER_BYTES),
    );
  }

  override async start(): Promise<void> {
    this.clearValues();
    await this.probe();
    await this.command(START_MEASUREMENT, START_MS);
    this.startedMs = millis();
  }

  override async read(): Promise<void> {
    this.clearValues();
    await this.awaitMeasurement(READ_DATA_READY, READ_MS, DATA_READY, MEASUREMENT_INTERVAL_MS);
    const answer = await this.query(READ_VALUES, READ_MS, VALUES_BYTES);
    const defect = sps30Defect(await this.query(READ_STATUS, READ_MS, STATUS_BYTES));
    if (defect) throw this.failure("chip-error", "reports a defect: " + defect);
    if (millis() - this.startedMs < START_UP_MS) return;
    sps30Values(answer, this.values);
    // Specified to 1000 ug/m3 (section 1.1); the chip gives more, less accurately, and in a
    // dust storm that is no fault.
    this.limit(0, 3, 0, 5000);
    this.throwImpossible();
  }

  override async stop(): Promise<void> {
    await this.command(STOP_MEASUREMENT, STOP_MS);
  }
}
