import { sleep } from "@devicescript/core";
import {
  ina226AmpsPerCount,
  ina226BusVolts,
  ina226CalibratedAmps,
  ina226Calibration,
  ina226Milliamps,
  ina226Watts,
  unsigned16,
} from "./ina226Conversion";
import { SensorChip, SensorChipOptions } from "./sensorChip";

// TI INA226 data sheet, SBOS547B, September 2024.
export const INA226_ADDRESS = 0x40;

/** Registers (section 7.1, table 7-1); 16 bits, the high byte first. */
const CONFIGURATION = 0x00;
const CALIBRATION = 0x05;
const READ_CONFIGURATION = hex`00`;
const READ_BUS_VOLTAGE = hex`02`;
const READ_POWER = hex`03`;
const READ_CURRENT = hex`04`;
const READ_MASK = hex`06`;
const READ_MANUFACTURER = hex`fe`;
const READ_DIE = hex`ff`;
const MANUFACTURER_TI = 0x5449;
const DIE_INA226 = 0x2260;

/** Sets every register to its default (section 7.1.1, bit 15). */
const RESET = 0x8000;
/**
 * Bus and shunt, continuously, 1.1 ms each, mean of 64 (section 7.1.1). The ripple of
 * a lamp driver at 100 Hz is averaged over 14 periods.
 */
const CONTINUOUS_MEAN_OF_64 = 0x4727;
const POWER_DOWN = 0x4720;
/** 64 x 2 x 1.1 ms, the longest 1.21 ms (section 5.5): 155 ms, and a margin. */
const CONVERSION_MS = 170;
/** Of the mask register (section 7.1.7): a conversion is ready, the arithmetic overflowed. */
const CONVERSION_READY = 0x0008;
const MATH_OVERFLOW = 0x0004;

/** Bus 0 to 36 V (section 5.3); current and power follow from shunt and calibration. */
const BUS_MAX_V = 36;

/** The largest current is the one with so much on the shunt, of 81.92 mV that it can measure (section 5.5). */
const SHUNT_V = 0.08;

/** Where it is, and its shunt. */
export interface Ina226Options extends SensorChipOptions {
  /** 0x40 (both address pins to ground) to 0x4F; the default is 0x40. */
  address?: number;
  /** Default 0.02 Ohm, which measures up to 4 A. */
  shuntOhm?: number;
}

/**
 * TI INA226 power monitor in the lamp's circuit.
 *
 * It sits on the DC side of the LED driver, between the driver and the LED modules, at
 * most 36 V: there is no mains voltage on a board that a crew opens, and a lamp that is
 * fed but dark is seen, which the mains side does not show. So the power is that of the
 * LED modules; the luminaire takes as much more as its driver loses, about a tenth. A
 * luminaire with a higher LED voltage needs another part or a divider.
 *
 * | metric | range | resolution | accuracy (section 5.5) |
 * |---|---|---|---|
 * | lampVoltage | 0 to 36 V | 1.25 mV | 0.1 % and 7.5 mV |
 * | lampCurrent | -4 to 4 A | 0.12 mA | 0.1 % and 0.5 mA, with an exact shunt |
 * | lampPower | 0 to 144 W | 3 mW | from both |
 */
export class Ina226 extends SensorChip {
  private readonly registerWrite = Buffer.alloc(3);
  private readonly calibration: number;
  private readonly ampsPerCount: number;
  private readonly maxMa: number;

  constructor(options: Ina226Options) {
    const shuntOhm = options.shuntOhm ?? 0.02;
    const maxCurrentA = SHUNT_V / shuntOhm;
    const metrics = "lampVoltage lampCurrent lampPower";
    super("ina226", options.address || INA226_ADDRESS, metrics, 0, options);
    this.calibration = ina226Calibration(shuntOhm, ina226AmpsPerCount(maxCurrentA));
    this.ampsPerCount = ina226CalibratedAmps(shuntOhm, this.calibration);
    this.maxMa = maxCurrentA * 1000;
  }

  override async probe(): Promise<void> {
    const manufacturer = await this.register(READ_MANUFACTURER);
    const die = await this.register(READ_DIE);
    // The low four bits of the die identity are its revision (section 7.1.10).
    if (manufacturer !== MANUFACTURER_TI || (die & 0xfff0) !== DIE_INA226)
      throw this.failure("wrong-chip", "has identity " + manufacturer + "/" + die);
  }

  override async start(): Promise<void> {
    this.clearValues();
    await this.probe();
    await this.writeRegister(CONFIGURATION, RESET);
    await this.writeRegister(CALIBRATION, this.calibration);
    await this.writeRegister(CONFIGURATION, CONTINUOUS_MEAN_OF_64);
    await sleep(CONVERSION_MS);
  }

  override async read(): Promise<void> {
    this.clearValues();
    await this.awaitConversion();
    this.values[0] = ina226BusVolts(await this.transfer(READ_BUS_VOLTAGE, 2));
    this.values[1] = ina226Milliamps(await this.transfer(READ_CURRENT, 2), this.ampsPerCount);
    this.values[2] = ina226Watts(await this.transfer(READ_POWER, 2), this.ampsPerCount);
    this.limit(0, 0, 0, BUS_MAX_V);
    this.limit(1, 1, -this.maxMa, this.maxMa);
    this.limit(2, 2, 0, (this.maxMa * BUS_MAX_V) / 1000);
    this.throwImpossible();
  }

  override async stop(): Promise<void> {
    await this.writeRegister(CONFIGURATION, POWER_DOWN);
  }

  private async awaitConversion(): Promise<void> {
    // After a dip of the supply the calibration is 0 and the current reads 0: a lamp
    // that burns would look dead.
    if ((await this.register(READ_CONFIGURATION)) !== CONTINUOUS_MEAN_OF_64)
      throw this.failure("not-ready", "lost its settings");
    let mask = await this.register(READ_MASK);
    if (!(mask & CONVERSION_READY)) {
      await sleep(CONVERSION_MS);
      mask = await this.register(READ_MASK);
    }
    if (!(mask & CONVERSION_READY)) throw this.failure("not-ready", "has no new conversion");
    if (mask & MATH_OVERFLOW)
      throw this.failure("out-of-range", "has more current than it can measure");
  }

  private async register(address: Buffer): Promise<number> {
    return unsigned16(await this.transfer(address, 2));
  }

  private async writeRegister(register: number, value: number): Promise<void> {
    this.registerWrite[0] = register;
    this.registerWrite[1] = value >> 8;
    this.registerWrite[2] = value & 0xff;
    await this.transfer(this.registerWrite, 0);
  }
}
