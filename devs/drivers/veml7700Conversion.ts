/**
 * Counts of a Vishay VEML7700 to illuminance, and the choice of its range.
 * Data sheet: document 84286, revision 1.8, 28-Nov-2024. Application note: "Designing
 * the VEML7700 Into an Application", document 84323.
 */

/** A setting of gain and integration time. */
export interface Veml7700Range {
  /** Bits of the register ALS_CONF (data sheet, table 1), the chip powered on. */
  readonly config: number;
  readonly integrationMs: number;
  /** Illuminance of one count (application note, table of resolutions). */
  readonly luxPerCount: number;
}

const GAIN_1 = 0x0000;
const GAIN_2 = 0x0800;
const GAIN_EIGHTH = 0x1000;
const INTEGRATION_25_MS = 0x0300;
const INTEGRATION_100_MS = 0x0000;
const INTEGRATION_400_MS = 0x0080;

/**
 * The ranges, from full sun to a street at night; each is four or eight times as
 * sensitive as the one before. 0.0042 lx a count at gain 2 and 800 ms is the best
 * resolution (data sheet since revision 1.7; before it said 0.0036), the others follow
 * from gain and time. Gains 1 and 2 are for dim light only, since they bend early
 * (application note): here they end at 672 lx and 84 lx.
 */
export const VEML7700_RANGES: Veml7700Range[] = [
  { config: GAIN_EIGHTH | INTEGRATION_25_MS, integrationMs: 25, luxPerCount: 2.1504 },
  { config: GAIN_EIGHTH | INTEGRATION_100_MS, integrationMs: 100, luxPerCount: 0.5376 },
  { config: GAIN_1 | INTEGRATION_100_MS, integrationMs: 100, luxPerCount: 0.0672 },
  { config: GAIN_2 | INTEGRATION_400_MS, integrationMs: 400, luxPerCount: 0.0084 },
];

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
  if (counts < FEW_COUNTS && range < VEML7700_RANGES.length - 1) return range + 1;
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
  return correctedLux(counts * VEML7700_RANGES[range].luxPerCount);
}
