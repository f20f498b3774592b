/**
 * Counts of a ROHM BH1750FVI to illuminance, and the choice of its range (technical
 * note 11046EDT01, 2011).
 */

/** The ranges: 0 for full sun (up to 121 klx) to 2 for a street at night (steps of 0.11 lx). */
export const BH1750_RANGES = 3;

const H_RESOLUTION = 0x20;
const H_RESOLUTION_2 = 0x21;

/** 1.2 counts a lux at 69 (note, page 2); the second mode counts twice (page 11). */
const COUNTS_PER_LUX = 1.2;
const TYPICAL_TIME = 69;
/** Longest measurement time at 69 (note, page 2); it changes in proportion (page 11). */
const TYPICAL_MS = 180;

/** The command of a single measurement in a range. */
export function bh1750Opcode(range: number): number {
  return range === 0 ? H_RESOLUTION : H_RESOLUTION_2;
}

/** Measurement time register of a range: 31 to 254. */
export function bh1750TimeRegister(range: number): number {
  if (range === 0) return 31;
  return range === 1 ? TYPICAL_TIME : 254;
}

/** Longest measurement time of a range, in milliseconds. */
export function bh1750MeasurementMs(range: number): number {
  return (TYPICAL_MS * bh1750TimeRegister(range)) / TYPICAL_TIME;
}

/** Illuminance of one count in a range, in lx. */
export function bh1750LuxPerCount(range: number): number {
  const sensitivity = (range === 0 ? 1 : 2) * (bh1750TimeRegister(range) / TYPICAL_TIME);
  return 1 / (COUNTS_PER_LUX * sensitivity);
}

const FEW_COUNTS = 1000;
const MANY_COUNTS = 60000;

/**
 * The range to measure in next, when `range` gave `counts`. Neighbours differ by a
 * factor of 4.5 at most and the window is 60 wide, so no light makes two ranges call for
 * each other.
 */
export function bh1750NextRange(range: number, counts: number): number {
  if (counts > MANY_COUNTS && range > 0) return range - 1;
  if (counts < FEW_COUNTS && range < BH1750_RANGES - 1) return range + 1;
  return range;
}

/** Illuminance in lx of `counts` measured in that range. */
export function bh1750Lux(range: number, counts: number): number {
  return counts * bh1750LuxPerCount(range);
}
