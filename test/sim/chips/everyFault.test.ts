import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { PROJECT_FOLDER } from "../../../src/projectFolder";
import { ALPHASENSE_CELLS } from "../../../src/sim/chips/alphasenseCells";
import { CHIP_FAULTS, type FaultName } from "../../../src/sim/chips/chipFaults";
import { SEN0232_METER, VirtualAds1115 } from "../../../src/sim/chips/virtualAds1115";
import { VirtualBh1750 } from "../../../src/sim/chips/virtualBh1750";
import { VirtualBme280 } from "../../../src/sim/chips/virtualBme280";
import { I2cStatus, VirtualI2cBus } from "../../../src/sim/chips/virtualBus";
import type { VirtualChip } from "../../../src/sim/chips/virtualChip";
import { VirtualDbmMeter } from "../../../src/sim/chips/virtualDbmMeter";
import { VirtualIna226 } from "../../../src/sim/chips/virtualIna226";
import { VirtualPmsa003i } from "../../../src/sim/chips/virtualPmsa003i";
import { VirtualScd41 } from "../../../src/sim/chips/virtualScd41";
import { VirtualSen5x } from "../../../src/sim/chips/virtualSen5x";
import { sensirionCrc } from "../../../src/sim/chips/virtualSensirion";
import { VirtualSht4x } from "../../../src/sim/chips/virtualSht4x";
import { VirtualSps30 } from "../../../src/sim/chips/virtualSps30";
import { VirtualVeml7700 } from "../../../src/sim/chips/virtualVeml7700";
import { StillWorld } from "../../support/chipScript";

const HOUR_MS = 3_600_000;
/** After its power came, every chip answers. */
const BOOTED_MS = 1000;
const SLOW = 10;

/** How one reading is got from a chip, on the level of its registers and commands. */
interface ChipUnderTest {
  readonly chip: (world: StillWorld) => VirtualChip;
  /** Starts its measurements, where that is needed once. */
  readonly begin?: (chip: VirtualChip, nowMs: number) => void;
  /** Asks for one reading, where each is asked for. */
  readonly ask?: (chip: VirtualChip, nowMs: number) => void;
  /** After so long the reading is there. */
  readonly readyMs: number;
  /** Takes the newest reading; undefined when there is none. */
  readonly take: (chip: VirtualChip, nowMs: number) => Uint8Array | undefined;
  /** A number that is proportional to what is sensed. */
  readonly value: (bytes: Uint8Array) => number;
  readonly checkSumIsGood?: (bytes: Uint8Array) => boolean;
}

const WORLD = {
  ...{ pm1: 80, pm25: 120, pm4: 150, pm10: 220, temperature: 24, humidity: 40, pressure: 800 },
  ...{ vocIndex: 105, noxIndex: 35, co2: 900, no2: 60, o3: 80, LAF: 60, illuminance: 5000 },
  ...{ lampVoltage: 20, lampCurrent: 1900 },
};

const send = (chip: VirtualChip, nowMs: number, ...bytes: number[]) =>
  chip.write(Uint8Array.from(bytes), nowMs);
const high = (bytes: Uint8Array, at: number) => ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
const wordsAreGood = (bytes: Uint8Array) =>
  Array.from(
    { length: bytes.length / 3 },
    (_, i) => sensirionCrc(bytes[3 * i] ?? 0, bytes[3 * i + 1] ?? 0) === bytes[3 * i + 2],
  ).every(Boolean);

/** A command of Sensirion's, then its answer. */
const query =
  (code: number[], executionMs: number, length: number) => (chip: VirtualChip, nowMs: number) =>
    send(chip, nowMs - executionMs, ...code) ? chip.read(length, nowMs) : undefined;
/** A register of a chip that is always read the same way. */
const register = (at: number, length: number) => (chip: VirtualChip, nowMs: number) =>
  send(chip, nowMs, at) ? chip.read(length, nowMs) : undefined;

const sen5x = (model: "SEN54" | "SEN55"): ChipUnderTest => ({
  chip: (world) => new VirtualSen5x(world, model),
  begin: (chip, nowMs) => send(chip, nowMs, 0x00, 0x21),
  readyMs: 1500,
  take: (chip, nowMs) => {
    const bytes = query([0x03, 0xc4], 200, 24)(chip, nowMs);
    return bytes && high(bytes, 0) !== 0xffff ? bytes : undefined;
  },
  value: (bytes) => high(bytes, 0),
  checkSumIsGood: wordsAreGood,
});

/** Every model of a chip, by its class; one that senses in several ways has several. */
const CHIPS: Readonly<Record<string, Readonly<Record<string, ChipUnderTest>>>> = {
  VirtualSen5x: { SEN55: sen5x("SEN55"), SEN54: sen5x("SEN54") },
  VirtualSps30: {
    SPS30: {
      chip: (world) => new VirtualSps30(world),
      begin: (chip, nowMs) => send(chip, nowMs, 0x00, 0x10, 0x03, 0x00, 0xac),
      readyMs: 1500,
      take: query([0x03, 0x00], 1, 6),
      value: (bytes) => {
        const words = Uint8Array.of(bytes[0] ?? 0, bytes[1] ?? 0, bytes[3] ?? 0, bytes[4] ?? 0);
        return new DataView(words.buffer).getFloat32(0);
      },
      checkSumIsGood: wordsAreGood,
    },
  },
  VirtualScd41: {
    SCD41: {
      chip: (world) => new VirtualScd41(world),
      begin: (chip, nowMs) => send(chip, nowMs, 0x21, 0xb1),
      readyMs: 5100,
      take: query([0xec, 0x05], 10, 3),
      value: (bytes) => high(bytes, 0),
      checkSumIsGood: wordsAreGood,
    },
  },
  VirtualSht4x: {
    SHT40: {
      chip: (world) => new VirtualSht4x(world),
      ask: (chip, nowMs) => send(chip, nowMs, 0xfd),
      readyMs: 9,
      take: (chip, nowMs) => chip.read(6, nowMs),
      value: (bytes) => (175 * high(bytes, 0)) / 65_535 - 45,
      checkSumIsGood: wordsAreGood,
    },
  },
  VirtualPmsa003i: {
    PMSA003I: {
      chip: (world) => new VirtualPmsa003i(world),
      begin: (chip, nowMs) => chip.powerCycle(nowMs),
      readyMs: 1500,
      take: (chip, nowMs) => {
        const bytes = register(0, 32)(chip, nowMs);
        return bytes && high(bytes, 16) > 0 ? bytes : undefined;
      },
      value: (bytes) => high(bytes, 10),
      checkSumIsGood: (bytes) =>
        bytes.subarray(0, 30).reduce((sum, byte) => sum + byte, 0) === high(bytes, 30),
    },
  },
  VirtualBme280: {
    BME280: {
      chip: (world) => new VirtualBme280(world),
      ask: (chip, nowMs) => send(chip, nowMs, 0xf2, 0x01, 0xf4, 0x25),
      readyMs: 12,
      take: (chip, nowMs) =>
        register(0xf3, 1)(chip, nowMs)?.[0] === 0 ? register(0xf7, 8)(chip, nowMs) : undefined,
      // Straight by its own constants: what 0 and 25.08 Cel are, of the data sheet's example.
      value: (bytes) => {
        const raw = ((bytes[3] ?? 0) << 12) | ((bytes[4] ?? 0) << 4) | ((bytes[5] ?? 0) >> 4);
        return (25.08 * (raw - 440_064)) / (519_888 - 440_064);
      },
    },
  },
  VirtualAds1115: {
    "ADS1115 of the SEN0232": {
      chip: (world) => new VirtualAds1115(world, { name: "sen0232", sensors: [SEN0232_METER] }),
      ask: (chip, nowMs) => send(chip, nowMs, 1, 0xc3, 0x83),
      readyMs: 9,
      take: (chip, nowMs) =>
        high(register(1, 2)(chip, nowMs) ?? Uint8Array.of(), 0) & 0x8000
          ? register(0, 2)(chip, nowMs)
          : undefined,
      value: (bytes) => high(bytes, 0),
    },
    "ADS1115 of the gas cells": {
      chip: (world) =>
        new VirtualAds1115(world, { name: "alphasense", sensors: ALPHASENSE_CELLS, address: 0x49 }),
      ask: (chip, nowMs) => send(chip, nowMs, 1, 0xc7, 0x83),
      readyMs: 9,
      take: (chip, nowMs) =>
        high(register(1, 2)(chip, nowMs) ?? Uint8Array.of(), 0) & 0x8000
          ? register(0, 2)(chip, nowMs)
          : undefined,
      // Above the board's electronic zero of 225 mV, which does not drift.
      value: (bytes) => (high(bytes, 0) * 1024) / 32_768 - 225,
    },
  },
  VirtualDbmMeter: {
    "PCBA-DBM": {
      chip: (world) => new VirtualDbmMeter(world),
      begin: (chip, nowMs) => chip.powerCycle(nowMs),
      readyMs: 60,
      take: (chip, nowMs) => {
        const bytes = register(0x0a, 1)(chip, nowMs);
        return bytes?.[0] ? bytes : undefined;
      },
      value: (bytes) => bytes[0] ?? 0,
    },
  },
  VirtualVeml7700: {
    VEML7700: {
      chip: (world) => new VirtualVeml7700(world),
      begin: (chip, nowMs) => send(chip, nowMs, 0, 0x00, 0x13),
      readyMs: 40,
      take: (chip, nowMs) => {
        const bytes = register(4, 2)(chip, nowMs);
        return bytes && (bytes[0] || bytes[1]) ? bytes : undefined;
      },
      value: (bytes) => ((bytes[1] ?? 0) << 8) | (bytes[0] ?? 0),
    },
  },
  VirtualBh1750: {
    BH1750: {
      chip: (world) => new VirtualBh1750(world),
      begin: (chip, nowMs) => {
        send(chip, nowMs, 0x01);
        send(chip, nowMs, 0x10);
      },
      readyMs: 130,
      take: (chip, nowMs) => {
        const bytes = chip.read(2, nowMs);
        return bytes && high(bytes, 0) > 0 ? bytes : undefined;
      },
      value: (bytes) => high(bytes, 0),
    },
  },
  VirtualIna226: {
    INA226: {
      chip: (world) => new VirtualIna226(world),
      begin: (chip, nowMs) => {
        send(chip, nowMs, 0, 0x80, 0x00);
        send(chip, nowMs, 0, 0x41, 0x27);
      },
      readyMs: 3,
      take: (chip, nowMs) => {
        const bytes = register(2, 2)(chip, nowMs);
        return bytes && high(bytes, 0) > 0 ? bytes : undefined;
      },
      value: (bytes) => high(bytes, 0),
    },
  },
};

const ALL = Object.values(CHIPS).flatMap((models) => Object.entries(models));

function rig(row: ChipUnderTest) {
  const world = new StillWorld({ ...WORLD });
  const chip = row.chip(world);
  const neighbour = new VirtualVeml7700(new StillWorld({ illuminance: 1 }));
  const bus = new VirtualI2cBus().attach(chip);
  if (chip.address !== neighbour.address) bus.attach(neighbour);
  row.begin?.(chip, BOOTED_MS);
  const reading = (nowMs: number, readyMs = row.readyMs) => {
    row.ask?.(chip, nowMs);
    return row.take(chip, nowMs + readyMs);
  };
  const value = (nowMs: number) => {
    const bytes = reading(nowMs);
    return bytes ? row.value(bytes) : NaN;
  };
  return { world, chip, bus, reading, value };
}

/** What each fault must do to every chip. */
const EFFECTS: Readonly<Record<FaultName, (row: ChipUnderTest) => void>> = {
  noAnswer: (row) => {
    const { chip, bus, reading } = rig(row);
    chip.faults.set({ noAnswer: true }, 2000);
    expect(chip.write(Uint8Array.of(0), 2000)).toBe(false);
    expect(chip.read(2, 2000)).toBeUndefined();
    expect(bus.transaction(chip.address, Uint8Array.of(), 0, 2000).status).toBe(
      I2cStatus.addressNotAcknowledged,
    );
    chip.faults.clear();
    expect(reading(20_000)).toBeDefined();
  },
  badCrc: (row) => {
    const { chip, reading } = rig(row);
    const { checkSumIsGood } = row;
    if (!checkSumIsGood) {
      expect(() => chip.faults.set({ badCrc: true }, 2000)).toThrow("fault badCrc is not possible");
      return;
    }
    const bytes = reading(2000) ?? Uint8Array.of();
    expect(checkSumIsGood(bytes)).toBe(true);
    chip.faults.set({ badCrc: true }, 20_000);
    const wrong = reading(20_000) ?? Uint8Array.of();
    expect(checkSumIsGood(wrong)).toBe(false);
    expect(row.value(wrong)).toBe(row.value(bytes));
    chip.faults.clear();
    expect(checkSumIsGood(reading(40_000) ?? Uint8Array.of())).toBe(true);
  },
  frozen: (row) => {
    const { chip, world, value } = rig(row);
    const before = value(2000);
    chip.faults.set({ frozen: true }, 10_000);
    world.higherFromMs = 10_500;
    for (const nowMs of [20_000, HOUR_MS, 24 * HOUR_MS]) expect(value(nowMs)).toBe(before);
    chip.faults.clear();
    expect(value(25 * HOUR_MS)).toBeGreaterThan(before);
  },
  driftPctPerHour: (row) => {
    const { chip, value } = rig(row);
    const before = value(2000);
    chip.faults.set({ driftPctPerHour: 8 }, 10_000);
    const drifted = [1, 2].map((hours) => value(10_000 + hours * HOUR_MS) / before - 1);
    // Gas cells sense two metrics that both drift, and light bends: so only about.
    expect(drifted[0]).toBeGreaterThan(0.05);
    expect(drifted[0]).toBeLessThan(0.11);
    expect(drifted[1]).toBeGreaterThan(1.7 * (drifted[0] ?? NaN));
    chip.faults.clear();
    expect(value(5 * HOUR_MS)).toBe(before);
  },
  noisePct: (row) => {
    const { chip, value } = rig(row);
    const before = value(2000);
    chip.faults.set({ noisePct: 5 }, 10_000);
    const values = Array.from({ length: 300 }, (_, i) => value(20_000 + 10_000 * i) / before);
    const mean = values.reduce((sum, v) => sum + v, 0) / values.length;
    const variance = values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / values.length;
    expect(Math.abs(mean - 1)).toBeLessThan(0.02);
    expect(Math.sqrt(variance)).toBeGreaterThan(0.02);
    expect(Math.sqrt(variance)).toBeLessThan(0.08);
    chip.faults.clear();
    expect(value(2 * HOUR_MS)).toBe(before);
  },
  slowFactor: (row) => {
    const slow = rig(row);
    slow.chip.faults.set({ slowFactor: SLOW }, 2000);
    // Started anew, so that the first reading is a slow one.
    slow.chip.powerCycle(100_000);
    row.begin?.(slow.chip, 150_000);
    expect(slow.reading(150_000)).toBeUndefined();
    expect(slow.reading(300_000, SLOW * row.readyMs)).toBeDefined();
    const quick = rig(row);
    quick.chip.powerCycle(100_000);
    row.begin?.(quick.chip, 150_000);
    expect(quick.reading(150_000)).toBeDefined();
  },
  busStuck: (row) => {
    const { chip, bus, reading } = rig(row);
    chip.faults.set({ busStuck: true }, 2000);
    for (const { address } of bus.chips)
      expect(bus.transaction(address, Uint8Array.of(), 0, 2000)).toEqual({
        status: I2cStatus.noBus,
        data: Uint8Array.of(),
      });
    chip.faults.clear();
    for (const { address } of bus.chips)
      expect(bus.transaction(address, Uint8Array.of(), 0, 3000).status).toBe(I2cStatus.ok);
    expect(reading(20_000)).toBeDefined();
  },
};

describe("every fault of every virtual chip", () => {
  it("leaves no chip out", () => {
    const folder = join(PROJECT_FOLDER, "src", "sim", "chips");
    const classes = readdirSync(folder).flatMap((file) =>
      [...readFileSync(join(folder, file), "utf8").matchAll(/^export class (\w+) extends/gm)].map(
        (match) => match[1],
      ),
    );
    expect(classes.sort()).toEqual(Object.keys(CHIPS).sort());
  });

  for (const [name, row] of ALL)
    for (const fault of Object.keys(CHIP_FAULTS) as FaultName[])
      it(`${name}: ${fault}`, () => EFFECTS[fault](row));
});
