/**
 * Voltage of a DFRobot SEN0232 sound level meter to decibels (DFRobot wiki, "Gravity
 * Analog Sound Level Meter"): 0.6 V is 30 dBA, 2.6 V is 130 dBA, straight between.
 */
const DB_PER_VOLT = 50;

/** A-weighted level in dB, time weighting F (125 ms), of the meter's output voltage. */
export function sen0232Db(volts: number): number {
  return volts * DB_PER_VOLT;
}
