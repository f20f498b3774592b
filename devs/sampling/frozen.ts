/**
 * For how long a chip may say the same. A sensor that hangs with its last value in its
 * registers answers every read, and its driver sees nothing wrong; but what is measured, and
 * the noise of its measurement, never stand still to the last digit for so long.
 *
 * Two bytes a part, in the order of `contract/parts.ts`: minutes without any change of a value, and
 * the sum of its values (in the metrics' units) up to which it may rightly say the same for hours:
 * darkness, no load, clean air in whole numbers. The times are our choice, many times what
 * noise and street need to move the last digit.
 */
const LIMITS = Buffer.from([
  // sht4x: steps of 0.003 Cel, repeatability 0.04 Cel (data sheet, section 2).
  10, 0,
  // bme280: steps of 0.003 hPa, noise 0.033 hPa (section 3.5.1).
  10, 0,
  // sen55: seven or eight values, of which the climate has noise in its last digit.
  10, 0,
  // sps30: four floating-point numbers, which are all 0 in the cleanest air.
  10, 4,
  // pmsa003i: three whole numbers, counted: from 10 ug/m3 on none stays for an hour.
  60, 30,
  // scd41: steps of 1 ppm, repeatability 10 ppm (section 1.1).
  60, 0,
  // veml7700, bh1750: above 100 lx daylight moves by more than a step of 0.5 lx.
  60, 100, 60, 100,
  // ina226: V, mA and W together; a lamp that is off may stand still, one that burns does not.
  60, 255,
  // sen0232: steps of 0.006 dB, eight times a second.
  2, 0,
  // dbm: steps of 1 dB, eight times a second; its own noise ends at 35 dB.
  30, 40,
  // alphasense: steps of 0.03 mV, the cells' noise is a hundred times that.
  10, 0,
  // housing: as sht4x.
  10, 0,
]);

/** After so long without any change of a value, the part with that index is frozen. */
export function frozenAfterMs(part: number): number {
  return (LIMITS[2 * part] as number) * 60000;
}

/** A part whose values come to this sum at the most may say the same for hours. */
export function stillUpTo(part: number): number {
  return LIMITS[2 * part + 1] as number;
}
