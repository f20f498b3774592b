import { ALPHASENSE_CELLS } from "../../src/sim/chips/alphasenseCells";
import {
  SEN0232_METER,
  VirtualAds1115,
  type AnalogSensor,
} from "../../src/sim/chips/virtualAds1115";
import { VirtualBh1750 } from "../../src/sim/chips/virtualBh1750";
import { VirtualBme280 } from "../../src/sim/chips/virtualBme280";
import type { VirtualChip } from "../../src/sim/chips/virtualChip";
import { VirtualDbmMeter } from "../../src/sim/chips/virtualDbmMeter";
import { VirtualIna226 } from "../../src/sim/chips/virtualIna226";
import { VirtualPmsa003i } from "../../src/sim/chips/virtualPmsa003i";
import { VirtualScd41 } from "../../src/sim/chips/virtualScd41";
import { VirtualSen5x } from "../../src/sim/chips/virtualSen5x";
import { VirtualSht4x } from "../../src/sim/chips/virtualSht4x";
import { VirtualSps30 } from "../../src/sim/chips/virtualSps30";
import { VirtualVeml7700 } from "../../src/sim/chips/virtualVeml7700";
import type { StillWorld } from "./chipScript";

type Air = Readonly<Record<string, number>>;

/** A world, and what the driver must read in it. */
interface Reading {
  readonly world: Air;
  readonly values: readonly number[];
  /** Largest difference of each value; that of the row where left out. */
  readonly tolerance?: readonly number[];
}

/** One driver with its chip, and everything that it must do. */
export interface DriverRow {
  /** Class of the driver in `devs/drivers/`. */
  readonly driver: string;
  readonly chip: (world: StillWorld) => VirtualChip;
  /** Chips that the driver needs beside its own, in a world that no fault's case changes. */
  readonly others?: (world: StillWorld) => readonly VirtualChip[];
  /** Serial number that it must find; empty for a chip without one. */
  readonly serialNumber: string;
  readonly selfTest: "passed" | "none";
  /** After so long it has all its values. */
  readonly warmUpMs: number;
  /** Largest difference of each value from what is expected: half a step, and rounding. */
  readonly tolerance: readonly number[];
  readonly normal: Reading;
  readonly lowest: Reading;
  readonly highest: Reading;
  /** A world that it cannot measure: it must say `out-of-range`. */
  readonly beyond: Air;
  readonly hasCheckSum: boolean;
  /**
   * A chip that takes so many times longer: the code of the next read. Empty where it is not
   * to be seen, since the chip's last value stands in its register until the next one.
   */
  readonly slow: { readonly factor: number; readonly code: string };
  /** Codes that the reads after a dip of its supply may have; empty where one may do no harm. */
  readonly afterDip: readonly string[];
  /** Between which multiples a drift of 10 % brings a value; 1.05 to 1.25 where left out. */
  readonly drift?: readonly [number, number];
}

const PARTICLES = { pm1: 8.1, pm25: 12.4, pm4: 15.2, pm10: 21.7 };
const allParticles = (pm: number) => ({ pm1: pm, pm25: pm, pm4: pm, pm10: pm });

function sen5x(model: "SEN54" | "SEN55"): DriverRow {
  const cut = (values: number[]) => (model === "SEN54" ? values.slice(0, 7) : values);
  const still = { temperature: 23.45, humidity: 48.6, vocIndex: 105, noxIndex: 3.5 };
  return {
    driver: "Sen5x",
    chip: (world) => new VirtualSen5x(world, model),
    serialNumber: "A1B2C3D4E5F60718",
    selfTest: "none",
    warmUpMs: 60_000,
    tolerance: cut([1e-5, 1e-5, 1e-5, 1e-5, 1e-5, 1e-5, 1e-4, 1e-5]),
    normal: {
      world: { ...PARTICLES, ...still },
      values: cut([8.1, 12.4, 15.2, 21.7, 23.45, 48.6, 105, 3.5]),
    },
    lowest: {
      world: { ...allParticles(0), temperature: -40, humidity: 0, vocIndex: 1, noxIndex: 1 },
      values: cut([0, 0, 0, 0, -40, 0, 1, 1]),
    },
    highest: {
      world: {
        ...allParticles(1000),
        temperature: 85,
        humidity: 100,
        vocIndex: 500,
        noxIndex: 500,
      },
      values: cut([1000, 1000, 1000, 1000, 85, 100, 500, 500]),
    },
    beyond: { ...PARTICLES, ...still, pm10: 5000.2 },
    hasCheckSum: true,
    slow: { factor: 3, code: "no-answer" },
    afterDip: ["no-answer", "not-ready"],
  };
}

/** A meter whose cable is off beyond 500 dB. */
const PLUGGED_METER: AnalogSensor = {
  metrics: ["LAF"],
  volts: (sense) => (sense("LAF") > 500 ? 0 : SEN0232_METER.volts(sense)),
};

/** Every driver and model, by the names of `test/vm/drivers/driverNames.ts`. */
export const DRIVER_TABLE: Readonly<Record<string, DriverRow>> = {
  sen55: sen5x("SEN55"),
  sen54: sen5x("SEN54"),
  sps30: {
    driver: "Sps30",
    chip: (world) => new VirtualSps30(world),
    serialNumber: "8F3A5D0C71E24B96",
    selfTest: "none",
    warmUpMs: 32_000,
    tolerance: [1e-5, 1e-5, 1e-5, 1e-5],
    normal: {
      world: { pm1: 8.125, pm25: 12.5, pm4: 15.25, pm10: 21.75 },
      values: [8.125, 12.5, 15.25, 21.75],
    },
    lowest: { world: allParticles(0), values: [0, 0, 0, 0] },
    highest: { world: allParticles(1000), values: [1000, 1000, 1000, 1000] },
    beyond: allParticles(5001),
    hasCheckSum: true,
    slow: { factor: 10, code: "not-ready" },
    afterDip: ["no-answer", "not-ready"],
  },
  scd41: {
    driver: "Scd41",
    chip: (world) => new VirtualScd41(world),
    serialNumber: "F8969F073BBE",
    selfTest: "passed",
    warmUpMs: 6000,
    tolerance: [0, 0.003, 0.002],
    normal: { world: { co2: 500, temperature: 25, humidity: 37 }, values: [500, 25, 37] },
    lowest: { world: { co2: 400, temperature: -10, humidity: 0 }, values: [400, -10, 0] },
    highest: { world: { co2: 40_000, temperature: 60, humidity: 100 }, values: [40_000, 60, 100] },
    beyond: { co2: 0, temperature: 25, humidity: 37 },
    hasCheckSum: true,
    slow: { factor: 2, code: "not-ready" },
    afterDip: ["no-answer", "not-ready"],
  },
  sht4x: {
    driver: "Sht4x",
    chip: (world) => new VirtualSht4x(world),
    serialNumber: "0F4A91C3",
    selfTest: "none",
    warmUpMs: 0,
    tolerance: [0.002, 0.002],
    normal: { world: { temperature: 31.25, humidity: 62.5 }, values: [31.25, 62.5] },
    // Humidity is cut off where its scale reaches beyond what is possible.
    lowest: { world: { temperature: -40, humidity: -3 }, values: [-40, 0] },
    highest: { world: { temperature: 125, humidity: 104 }, values: [125, 100] },
    beyond: { temperature: 130, humidity: 50 },
    hasCheckSum: true,
    slow: { factor: 3, code: "no-answer" },
    afterDip: [""],
  },
  pmsa003i: {
    driver: "Pmsa003i",
    chip: (world) => new VirtualPmsa003i(world),
    serialNumber: "",
    selfTest: "none",
    warmUpMs: 32_000,
    tolerance: [0, 0, 0],
    normal: { world: { pm1: 60, pm25: 110, pm10: 240 }, values: [60, 110, 240] },
    lowest: { world: { pm1: 0, pm25: 0, pm10: 0 }, values: [0, 0, 0] },
    highest: { world: { pm1: 1000, pm25: 1000, pm10: 1000 }, values: [1000, 1000, 1000] },
    beyond: { pm1: 60, pm25: 110, pm10: 5001 },
    hasCheckSum: true,
    slow: { factor: 5, code: "" },
    afterDip: ["not-ready", ""],
  },
  bme280: {
    driver: "Bme280",
    chip: (world) => new VirtualBme280(world),
    serialNumber: "",
    selfTest: "none",
    warmUpMs: 0,
    tolerance: [0.011, 0.02, 0.02],
    normal: {
      world: { temperature: 21.5, humidity: 55, pressure: 1003.25 },
      values: [21.5, 55, 1003.25],
    },
    lowest: {
      world: { temperature: -39.9, humidity: 0.5, pressure: 300.5 },
      values: [-39.9, 0.5, 300.5],
      tolerance: [0.011, 0.05, 0.03],
    },
    highest: {
      world: { temperature: 84.9, humidity: 90, pressure: 1099 },
      values: [84.9, 90, 1099],
      tolerance: [0.011, 0.05, 0.03],
    },
    beyond: { temperature: 20, humidity: 50, pressure: 1150 },
    hasCheckSum: false,
    slow: { factor: 3, code: "not-ready" },
    afterDip: [""],
  },
  alphasense: {
    driver: "AlphasenseNo2O3",
    chip: (world) =>
      new VirtualAds1115(world, { name: "alphasense", address: 0x49, sensors: ALPHASENSE_CELLS }),
    others: (world) => [new VirtualSht4x(world)],
    serialNumber: "",
    selfTest: "none",
    warmUpMs: 61_000,
    // Half a count of each electrode, and what the thermometer rounds.
    tolerance: [0.6, 0.8],
    normal: {
      world: { no2: 62.5, o3: 81.3, temperature: 24.5, humidity: 50 },
      values: [62.5, 81.3],
    },
    lowest: { world: { no2: 0, o3: 0, temperature: -20, humidity: 50 }, values: [0, 0] },
    highest: {
      world: { no2: 3000, o3: 1000, temperature: 45, humidity: 50 },
      values: [3000, 1000],
      tolerance: [1.5, 2],
    },
    beyond: { no2: 50_000, o3: 81.3, temperature: 24.5, humidity: 50 },
    hasCheckSum: false,
    slow: { factor: 3, code: "not-ready" },
    afterDip: [""],
    // What drifts is both the cell's temperature, which is corrected for, and its gas.
    drift: [1.01, 1.5],
  },
  sen0232: {
    driver: "Sen0232",
    chip: (world) => new VirtualAds1115(world, { name: "sen0232", sensors: [PLUGGED_METER] }),
    serialNumber: "",
    selfTest: "none",
    warmUpMs: 0,
    tolerance: [0.01],
    normal: { world: { LAF: 57.3 }, values: [57.3] },
    lowest: { world: { LAF: 30 }, values: [30] },
    highest: { world: { LAF: 130 }, values: [130] },
    beyond: { LAF: 999 },
    hasCheckSum: false,
    slow: { factor: 20, code: "" },
    // Every sixteenth read looks at the settings; until then it meets 0 V, which is no level.
    afterDip: ["not-ready", "out-of-range"],
  },
  dbm: {
    driver: "DbmMeter",
    chip: (world) => new VirtualDbmMeter(world),
    serialNumber: "93.2.231.25",
    selfTest: "none",
    warmUpMs: 0,
    tolerance: [0],
    normal: { world: { LAF: 62 }, values: [62] },
    lowest: { world: { LAF: 35 }, values: [35] },
    highest: { world: { LAF: 116 }, values: [116] },
    beyond: { LAF: 140 },
    hasCheckSum: false,
    slow: { factor: 5, code: "" },
    afterDip: ["no-answer", "not-ready"],
  },
  veml7700: {
    driver: "Veml7700",
    chip: (world) => new VirtualVeml7700(world),
    serialNumber: "",
    selfTest: "none",
    warmUpMs: 0,
    // Half a count of the range in which it stays when it comes from brighter light.
    tolerance: [1.08],
    normal: { world: { illuminance: 250 }, values: [250] },
    lowest: { world: { illuminance: 0 }, values: [0], tolerance: [0] },
    highest: { world: { illuminance: 120_000 }, values: [120_000], tolerance: [60] },
    beyond: { illuminance: 150_000 },
    hasCheckSum: false,
    slow: { factor: 4, code: "" },
    afterDip: ["not-ready"],
  },
  bh1750: {
    driver: "Bh1750",
    chip: (world) => new VirtualBh1750(world),
    serialNumber: "",
    selfTest: "none",
    warmUpMs: 0,
    tolerance: [0.12],
    normal: { world: { illuminance: 250 }, values: [250] },
    lowest: { world: { illuminance: 0 }, values: [0] },
    highest: { world: { illuminance: 121_000 }, values: [121_000], tolerance: [2] },
    beyond: { illuminance: 130_000 },
    hasCheckSum: false,
    slow: { factor: 4, code: "" },
    afterDip: [""],
  },
  ina226: {
    driver: "Ina226",
    chip: (world) => new VirtualIna226(world),
    serialNumber: "",
    selfTest: "none",
    warmUpMs: 0,
    tolerance: [0.002, 0.13, 0.005],
    normal: { world: { lampVoltage: 30.5, lampCurrent: 1950 }, values: [30.5, 1950, 59.475] },
    lowest: { world: { lampVoltage: 0, lampCurrent: -4000 }, values: [0, -4000, 0] },
    highest: {
      world: { lampVoltage: 36, lampCurrent: 3999 },
      values: [36, 3999, 143.964],
      tolerance: [0.002, 0.13, 0.02],
    },
    beyond: { lampVoltage: 39, lampCurrent: 1950 },
    hasCheckSum: false,
    slow: { factor: 20, code: "not-ready" },
    afterDip: ["not-ready"],
  },
};
