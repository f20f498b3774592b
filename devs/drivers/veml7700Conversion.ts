/**
 * Counts of a Vishay VEML7700 to illuminance, and the choice of its range.
 * Data sheet: document 84286, revision 1.8, 28-Nov-2024. Application note: "Designing
 * the VEML7700 Into an Application", document 84323.
 */

/** The ranges: 0 for full sun to 3 for a street at night. */
export const VEML7700_RANGES = 4;

const GAIN_1 = 0x0000;
const GAIN_2 = 0x0800;
const GAIN_EIGHTH = 0x1000;
const INTEGRATION_25_MS = 0x0300;
const INTEGRATION_100_MS = 0x0000;
const INTEGRATION_400_MS = 0x0080;

/** Bits of the register ALS_CONF of a range (data sheet, table 1), the chip powered on. */
export function veml7700Config(range: number): number {
  if (range === 0) return GAIN_EIGHTH | INTEGRATION_25_MS;
  if (range === 1) return GAIN_EIGHTH | INTEGRATION_100_MS;
  if (range === 2) return GAIN_1 | INTEGRATION_100_MS;
  return GAIN_2 | INTEGRATION_400_MS;
}

/** Integration time of a range, in milliseconds. */
export function veml7700IntegrationMs(range: number): number {
  if (range === 0) return 25;
  return range === 3 ? 400 : 100;
}

/**
 * Illuminance of one count in a range, in lx; each is four or eight times as sensitive as the
 * one before. 0.0042 lx a count at gain 2 and 800 ms is the best resolution (data sheet since
 * revision 1.7; before it said 0.0036; application note, table of resolutions), the others
 * follow from gain and time. Gains 1 and 2 are for dim light only, since they bend early
 * (application note): here they end at 672 lx and 84 lx.
 */
export function veml7700LuxPerCount(range: number): number {
  if (range === 0) return 2.1504;
  if (range === 1) return 0.5376;
  return range === 2 ? 0.0672 : 0.0084;
}

/** Below, a more sensitive range is better; above, a less sensitive one (application note). */
const FEW_COUNTS = 100;
const MANY_COUNTS = 10000;
/** The register is full: nothing is known but that there is more light. */
const FULL_COUNTS = 65535;

/**
 * The range to measure in next, when `range` gave `counts`; the same when it is right.
 * Since a step changes the counts by at most 8 and the window is 100 wide, no light
 * makes two ranges call for each other.
 */
export function nextRange(range: number, counts: number): number {
  if (counts >= FULL_COUNTS) return 0;
  if (counts > MANY_COUNTS && range > 0) return range - 1;
  if (counts < FEW_COUNTS && range < VEML7700_RANGES - 1) return range + 1;
  return range;
}

/** The chip is linear up to here, and bends above (application note). */
const LINEAR_UP_TO_LX = 1000;
/**
 * From here on the note's formula holds as printed. At 1000 lx it gives 1075 lx, so
 * that between the two a straight line must lead to it: a jump would be reported as a
 * change of the light.
 */
const FORMULA_FROM_LX = 1100;

function formula(linearLux: number): number {
  return (
    (((6.0135e-13 * linearLux - 9.3924e-9) * linearLux + 8.1488e-5) * linearLux + 1.0023) *
    linearLux
  );
}

/**
 * Illuminance in lx of a linear reading, corrected above 1000 lx by the polynomial of
 * the application note ("for illuminations > 1000 lx a correction formula needs to be
 * applied"): 21.9 klx linear is 100 klx.
 */
export function correctedLux(linearLux: number): number {
  if (linearLux <= LINEAR_UP_TO_LX) return linearLux;
  if (linearLux >= FORMULA_FROM_LX) return formula(linearLux);
  const share = (linearLux - LINEAR_UP_TO_LX) / (FORMULA_FROM_LX - LINEAR_UP_TO_LX);
  return LINEAR_UP_TO_LX + share * (formula(FORMULA_FROM_LX) - LINEAR_UP_TO_LX);
}

/** Illuminance in lx of `counts` measured in that range. */
export function veml7700Lux(range: number, counts: number): number {
  return correctedLux(counts * veml7700LuxPerCount(range));
}
