/**
 * Concentrations to the indexes that a person understands:
 *
 * - the European Air Quality Index, level 1 (good) to 6 (extremely poor): the worst of the
 *   pollutants' levels, each from its mean of an hour (European Environment Agency; ETC HE
 *   Report 2024/17, table 5.2: bands and the reference time of one hour for all of them);
 * - the US EPA Air Quality Index, 0 to 500: the highest of the pollutants' indexes, from the
 *   means of 24 hours (PM2.5, PM10), of an hour (NO2), of eight hours and of an hour (O3)
 *   (40 CFR 58, appendix G; EPA-454/B-24-002, May 2024, table 6 and "Calculating the AQI").
 */
import { jsonLine } from "../contract/jsonLines";

/** What the indexes are made of: names of metrics. */
export const POLLUTANTS: string[] = ["pm25", "pm10", "no2", "o3"];

/**
 * A line a pollutant:
 * - upper ends of the European levels 1 to 5, in ug/m3;
 * - upper ends of the six American bands, in the steps to which EPA truncates a concentration:
 *   0.1 and 1 ug/m3 for particles, 1 ppb for gases;
 * - such steps in a ug/m3: for gases the molar volume at 20 Cel, to which concentrations in the
 *   EU are given (2008/50/EC, annex VI, C), by the molar mass.
 */
const BANDS =
  "\npm25 [[5,15,50,90,140],[90,354,554,1254,2254,3254],10]" +
  "\npm10 [[15,45,120,195,270],[54,154,254,354,424,604],1]" +
  "\nno2 [[10,25,60,100,150],[53,100,360,649,1249,2049],0.52287]" +
  "\no3 [[60,100,120,160,180],[54,70,85,105,200],0.50117]" +
  // Of one hour; EPA defines none below 125 ppb, where that of eight hours holds.
  "\no3hour [[],[0,124,164,204,404,604],0.50117]" +
  "\n";

/** Upper ends of the American index's bands. */
const INDEX_ENDS = "\nends [50,100,150,200,300,500]\n";
const HIGHEST_INDEX = 500;
/** A mean just below a step because of the sums that it came from is meant to be on it. */
const ROUNDING = 1e-6;

/** The European level of a pollutant, 1 to 6, from its mean of an hour in ug/m3; NaN for NaN. */
export function europeanLevel(pollutant: string, hourUgm3: number): number {
  if (isNaN(hourUgm3)) return NaN;
  let level = 1;
  for (const end of bandsOf(pollutant)[0] as number[]) if (hourUgm3 > end) level++;
  return level;
}

/**
 * The American index of a pollutant, 0 to 500; NaN for NaN, and where the table says nothing.
 *
 * @param meanUgm3 mean over the time on which it is defined, in ug/m3.
 * @param pollutant one of `POLLUTANTS`, or `o3hour` for the mean of one hour of O3.
 */
export function americanIndex(pollutant: string, meanUgm3: number): number {
  const bands = bandsOf(pollutant);
  const upperEnds = bands[1] as number[];
  const steps = Math.floor(meanUgm3 * (bands[2] as number) + ROUNDING);
  const ends = jsonLine(INDEX_ENDS, "ends") as number[];
  let lowest = 0;
  let from = 0;
  for (let i = 0; i < upperEnds.length; i++) {
    const upper = upperEnds[i] as number;
    if (steps <= upper) {
      const index =
        from + (((ends[i] as number) - from) / (upper - lowest)) * (Math.max(0, steps) - lowest);
      return pollutant === "o3hour" && i < 2 ? NaN : Math.round(index);
    }
    lowest = upper + 1;
    from = (ends[i] as number) + 1;
  }
  return isNaN(steps) || upperEnds.length < ends.length ? NaN : HIGHEST_INDEX;
}

function bandsOf(pollutant: string): unknown[] {
  return jsonLine(BANDS, pollutant) as unknown[];
}
