/** The drivers that the program `everyDriver` can run, with each model for itself. */
export const DRIVER_NAMES: string[] = [
  "sen55",
  "sen54",
  "sps30",
  "scd41",
  "sht4x",
  "pmsa003i",
  "bme280",
  "alphasense",
  "sen0232",
  "dbm",
  "veml7700",
  "bh1750",
  "ina226",
];
