/**
 * Counts of a ROHM BH1750FVI to illuminance, and the choice of its range (technical
 * note 11046EDT01, 2011).
 */

/** A measurement mode with a sensitivity. */
export interface Bh1750Range {
  /** The command of a single measurement in this mode. */
  readonly opcode: number;
  /** Measurement time register, 31 to 254; 69 is the typical one. */
  readonly timeRegister: number;
  readonly luxPerCount: number;
  /** Longest measurement time: 180 ms at 69 (note, page 2), and in proportion (page 11). */
  readonly measurementMs: number;
}

const H_RESOLUTION = 0x20;
const H_RESOLUTION_2 = 0x21;

/** 1.2 counts a lux at 69 (note, page 2); the second mode counts twice (page 11). */
const COUNTS_PER_LUX = 1.2;
const TYPICAL_TIME = 69;

function range(opcode: number, timeRegister: number): Bh1750Range {
  const sensitivity = (opcode === H_RESOLUTION_2 ? 2 : 1) * (timeRegister / TYPICAL_TIME);
  return {
    opcode: opcode,
    timeRegister: timeRegister,
    luxPerCount: 1 / (COUNTS_PER_LUX * sensitivity),
    measurementMs: (180 * timeRegister) / TYPICAL_TIME,
  };
}

/** From full sun (up to 121 klx) to a street at night (steps of 0.11 lx). */
export const BH1750_RANGES: Bh1750Range[] = [
  range(H_RESOLUTION, 31),
  range(H_RESOLUTION_2, TYPICAL_TIME),
  range(H_RESOLUTION_2, 254),
];

const FEW_COUNTS = 1000;
const MANY_COUNTS = 60000;

/**
 * The range to measure in next, when `range` gave `counts`. Neighbours differ by a
 * factor of 4.5 at most and the window is 60 wide, so no light makes two ranges call for
 * each other.
 */
export function bh1750NextRange(range: number, counts: number): number {
  if (counts > MANY_COUNTS && range > 0) return range - 1;
  if (counts < FEW_COUNTS && range < BH1750_RANGES.length - 1) return range + 1;
  return range;
}

/** Illuminance in lx of `counts` measured in that range. */
export function bh1750Lux(range: number, counts: number): number {
  return counts * BH1750_RANGES[range].luxPerCount;
}
