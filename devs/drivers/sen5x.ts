import { millis } from "@devicescript/core";
import { clearDefective, sen5xDefect, sen5xValues } from "./sen5xConversion";
import { SensirionChip } from "./sensirionChip";
import { textOfWords } from "./sensirionWords";
import { SensorChipOptions } from "./sensorChip";

// All from the SEN5x data sheet, version 2, March 2022: section 6.1 for commands and
// execution times.
export const SEN5X_ADDRESS = 0x69;

const START_MEASUREMENT = hex`0021`;
const START_MS = 50;
const STOP_MEASUREMENT = hex`0104`;
const STOP_MS = 200;
const READ_DATA_READY = hex`0202`;
const READ_VALUES = hex`03c4`;
const READ_PRODUCT_NAME = hex`d014`;
const READ_SERIAL_NUMBER = hex`d033`;
const READ_STATUS = hex`d206`;
const READ_MS = 20;
const RESET = hex`d304`;
const RESET_MS = 100;

const DATA_READY = 0x0001;
const VALUES_BYTES = 24;
const STATUS_BYTES = 6;
/** The answers are longer (48 bytes); the rest is zero and need not be read. */
const PRODUCT_NAME_BYTES = 9;
const SERIAL_NUMBER_BYTES = 24;

/** The SEN54 has all but the last. */
const SEN54_METRICS = 7;

/** A measurement is there every second (section 1.1), plus a tenth for its clock. */
const MEASUREMENT_INTERVAL_MS = 1100;

/** PM values are as accurate as specified from here on (section 1.1, start-up time). */
const PM_START_UP_MS = 30000;
/** The NOx and VOC indexes have their first value after 45 s; a margin of 15 s. */
const WARM_UP_MS = 60000;

/**
 * Sensirion SEN54 and SEN55 environmental nodes. Which one it is, the chip says itself; a
 * SEN54 has no `noxIndex`.
 *
 * | metric | range | resolution | accuracy (data sheet, section 1) |
 * |---|---|---|---|
 * | pm1, pm25 | 0 to 1000 ug/m3 | 0.1 | 5 ug/m3 and 5 % up to 100 ug/m3, then 10 % |
 * | pm4, pm10 | 0 to 1000 ug/m3 | 0.1 | 25 ug/m3 up to 100 ug/m3, then 25 % |
 * | temperature | -10 to 50 Cel | 0.005 | 0.45 Cel, typical |
 * | humidity | 0 to 90 % | 0.01 | 4.5 %, typical |
 * | vocIndex, noxIndex | 1 to 500 | 0.1 | 15 points or 15 %; NOx 50 or 50 % |
 *
 * Warm-up: PM values are NaN for the first 30 s after `start()`, since the chip gives
 * numbers from the first second but not yet to its specification. The indexes are NaN
 * until the chip gives them.
 */
export class Sen5x extends SensirionChip {
  private startedMs = 0;

  constructor(options?: SensorChipOptions) {
    const metrics = "pm1 pm25 pm4 pm10 temperature humidity vocIndex noxIndex";
    super("sen55", SEN5X_ADDRESS, metrics, WARM_UP_MS, options);
  }

  override async probe(): Promise<void> {
    // A chip that kept measuring while the node restarted refuses to start again.
    await this.command(RESET, RESET_MS);
    const name = textOfWords(await this.query(READ_PRODUCT_NAME, READ_MS, PRODUCT_NAME_BYTES));
    if (name !== "SEN55" && name !== "SEN54")
      throw this.failure("wrong-chip", "is a '" + name + "'");
    this.chipName = name.toLowerCase();
    if (name === "SEN54" && this.values.length > SEN54_METRICS) this.values.pop();
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
    const defect = sen5xDefect(await this.query(READ_STATUS, READ_MS, STATUS_BYTES));
    sen5xValues(answer, this.values);
    if (millis() - this.startedMs < PM_START_UP_MS)
      for (let i = 0; i < 4; i++) this.values[i] = NaN;
    if (defect) {
      clearDefective(defect, this.values);
      throw this.failure("chip-error", "reports a defect: " + defect);
    }
    // -40 to 85 Cel, 0 to 100 %, indexes 1 to 500 (section 1). PM is specified to 1000 ug/m3;
    // the chip gives more, less accurately, and in a dust storm that is no fault.
    this.limit(0, 3, 0, 5000);
    this.limit(4, 4, -40, 85);
    this.limit(5, 5, 0, 100);
    this.limit(6, 7, 1, 500);
    this.throwImpossible();
  }

  override async stop(): Promise<void> {
    await this.command(STOP_MEASUREMENT, STOP_MS);
  }
}
