/**
 * The sensor parts that a node looks for when it boots: their names, in events, in the
 * list of chips of `up/state`, and in the section `sensors` of the configuration.
 */

/**
 * The order is that of the search. The indexes stand in flash: append, never reorder. */
const PARTS: string[] = [
  "sht4x",
  "bme280",
  "sen55",
  "sps30",
  "pmsa003i",
  "scd41",
  "veml7700",
  "bh1750",
  "ina226",
  // Before the module at the same address: this one is told by settings that it keeps.
  "sen0232",
  "dbm",
  // After all that measure a temperature, which it needs.
  "alphasense",
  // An SHT4x inside the node's housing, at another address than the one outside.
  "housing",
];

/** How many parts there are; at most 24, a bit each in one number. */
export const PART_COUNT = PARTS.length;

/** Subject of an event about the whole I2C bus, in place of the index of a part. */
export const PART_BUS = 255;

/** Name of the part with that index: `sen55`, which may be a SEN54; of the bus: `i2c`. */
export function partName(index: number): string {
  return index === PART_BUS ? "i2c" : (PARTS[index] as string);
}

/** Index of the part of that name, or -1. */
export function partIndex(name: string): number {
  return PARTS.indexOf(name);
}
