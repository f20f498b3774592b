import { millis } from "@devicescript/core";
import type { AlphasenseCell } from "../contract/config";
import { Ads1115Chip } from "./ads1115";
import {
  ADS1115_1V,
  ADS1115_AIN0,
  ADS1115_AIN1,
  ADS1115_AIN2,
  ADS1115_AIN3,
} from "./ads1115Conversion";
import {
  correctedMv,
  NO2_B43F_FACTORS,
  no2Ppb,
  no2Ugm3,
  o3Ppb,
  o3Ugm3,
  OX_B431_FACTORS,
  temperatureFactor,
} from "./alphasenseConversion";
import { SensorChip, SensorChipOptions } from "./sensorChip";
import { wordsOf } from "./words";

/** Pin ADDR of the ADS1115 to its supply; at 0x48 is the one of the sound level meter. */
export const ALPHASENSE_ADDRESS = 0x49;

/**
 * The cells settle for hours after power-on. No data sheet gives a number for this; two
 * hours are our choice. On a pole whose feeder is switched off by day they never settle.
 */
const SETTLE_MS = 7200000;
/** An older temperature is no longer that of the cells. */
const TEMPERATURE_VALID_MS = 600000;

/** The cells on the board, and who measures the temperature beside them. */
export interface AlphasenseOptions extends SensorChipOptions {
  no2: AlphasenseCell;
  ox: AlphasenseCell;
  /** A chip with the metric `temperature`, read by its own fiber at least every 10 min. */
  thermometer: SensorChip;
  /** Of the ADS1115; the default is 0x49. */
  address?: number;
  /** How long the cells settle; the default is two hours. */
  settleMs?: number;
}

/**
 * Alphasense NO2-B43F and OX-B431 cells, each on its Individual Sensor Board, on a TI
 * ADS1115: AIN0 and AIN1 working and auxiliary electrode of the NO2 cell, AIN2 and AIN3
 * those of the OX cell.
 *
 * | metric | range | resolution | accuracy |
 * |---|---|---|---|
 * | no2 | 0 to 3000 ug/m3 | 0.3 ug/m3 | noise 15 ppb (two standard deviations) |
 * | o3 | 0 to 1000 ug/m3 | 0.3 ug/m3 | noise 15 ppb, and that of NO2 |
 *
 * The cells reach to 20 ppm (data sheets NO2-B43F and OX-B431); the range here ends where a
 * board's output passes the converter's 1.024 V, in warm air and with both gases at once.
 *
 * Values are NaN for two hours (`settleMs`) after the first `start()`, and after one before which
 * the power had been away. Without a temperature of the last ten minutes there is no value: the
 * correction would be a guess.
 */
export class AlphasenseNo2O3 extends Ads1115Chip {
  private readonly no2: AlphasenseCell;
  private readonly ox: AlphasenseCell;
  private readonly thermometer: SensorChip;
  private readonly thermometerIndex: number;
  private temperatureCel = NaN;
  private temperatureMs = 0;
  private startedMs = 0;

  constructor(options: AlphasenseOptions) {
    const address = options.address || ALPHASENSE_ADDRESS;
    super("alphasense", address, "no2 o3", options.settleMs || SETTLE_MS, options);
    this.no2 = options.no2;
    this.ox = options.ox;
    this.thermometer = options.thermometer;
    this.thermometerIndex = wordsOf(this.thermometer.metrics).indexOf("temperature");
  }

  override async start(): Promise<void> {
    this.clearValues();
    // The cells had power all the time where their converter had it.
    if (this.startedMs > 0 && (await this.lostPower())) this.startedMs = 0;
    await this.probe();
    await this.convertOnce(ADS1115_AIN0, ADS1115_1V);
    if (this.startedMs === 0) this.startedMs = millis();
  }

  override async read(): Promise<void> {
    this.clearValues();
    this.takeTemperature();
    const no2Mv = await this.cellMv(this.no2, ADS1115_AIN0, ADS1115_AIN1, NO2_B43F_FACTORS);
    const oxMv = await this.cellMv(this.ox, ADS1115_AIN2, ADS1115_AIN3, OX_B431_FACTORS);
    if (isNaN(this.temperatureCel))
      throw this.failure("not-ready", "has no temperature for its correction");
    if (millis() - this.startedMs < this.warmUpMs) return;
    const no2 = no2Ppb(this.no2, no2Mv);
    this.values[0] = no2Ugm3(no2);
    this.values[1] = o3Ugm3(o3Ppb(this.ox, oxMv, no2));
    // To 20 ppm (data sheets NO2-B43F and OX-B431); noise and drift may lead below zero.
    this.limit(0, 0, -100, 38000);
    // The OX cell senses NO2 as well: without that nothing is known of O3.
    if (isNaN(this.values[0])) this.values[1] = NaN;
    this.limit(1, 1, -100, 40000);
    this.throwImpossible();
  }

  override async stop(): Promise<void> {
    await this.powerDown();
  }

  private async cellMv(
    cell: AlphasenseCell,
    workingInput: number,
    auxiliaryInput: number,
    factors: Buffer,
  ): Promise<number> {
    const workingMv = 1000 * (await this.convertOnce(workingInput, ADS1115_1V));
    const auxiliaryMv = 1000 * (await this.convertOnce(auxiliaryInput, ADS1115_1V));
    return correctedMv(
      cell,
      workingMv,
      auxiliaryMv,
      temperatureFactor(factors, this.temperatureCel),
    );
  }

  /** The thermometer's value is NaN while its own driver reads it: then the last one holds. */
  private takeTemperature(): void {
    const cel = this.thermometer.values[this.thermometerIndex];
    if (!isNaN(cel)) {
      this.temperatureCel = cel;
      this.temperatureMs = millis();
    } else if (millis() - this.temperatureMs > TEMPERATURE_VALID_MS) this.temperatureCel = NaN;
  }
}
