import { americanIndex, europeanLevel, POLLUTANTS } from "./airIndexes";
import { HourlyMeans } from "./hourlyMeans";

const HOUR_S = 3600;
const NO_HOUR = -1;

/**
 * The air quality indexes of a node: of the pollutants that it measures, from the means of the
 * hours that ended. Hours are those of the node's own clock.
 */
export class AirQuality {
  /** European Air Quality Index of the last hour, 1 to 6; NaN where too little was heard. */
  europeanLevel = NaN;
  /** US Air Quality Index, 0 to 500; NaN where too little was heard. */
  americanIndex = NaN;
  /** By the place in `POLLUTANTS`; undefined for one that was never measured. */
  private readonly means: (HourlyMeans | undefined)[] = [];
  private hour = NO_HOUR;

  /**
   * Takes a value of a pollutant.
   *
   * @param pollutant place in `POLLUTANTS`.
   * @param value in ug/m3.
   * @param timeS seconds of the node's own clock.
   * @returns whether an hour ended before it: then the indexes are new.
   */
  add(pollutant: number, value: number, timeS: number): boolean {
    const hour = Math.floor(timeS / HOUR_S);
    const ended = hour !== this.hour && this.hour !== NO_HOUR;
    // More than a day of silence leaves nothing of the hours before.
    for (let i = Math.min(hour - this.hour, 24); ended && i > 0; i--)
      for (const means of this.means) if (means) means.endHour();
    if (ended) this.work();
    this.hour = hour;
    const means = this.means[pollutant] || new HourlyMeans();
    this.means[pollutant] = means;
    means.add(value, timeS);
    return ended;
  }

  private work(): void {
    this.europeanLevel = NaN;
    this.americanIndex = NaN;
    for (let i = 0; i < POLLUTANTS.length; i++) {
      const means = this.means[i];
      if (!means) continue;
      const name = POLLUTANTS[i] as string;
      const hourMean = means.over(1);
      this.europeanLevel = higher(this.europeanLevel, europeanLevel(name, hourMean));
      const isGas = name === "no2" || name === "o3";
      let index = americanIndex(name, isGas ? hourMean : means.over(24));
      if (name === "o3")
        index = higher(americanIndex(name, means.over(8)), americanIndex("o3hour", hourMean));
      this.americanIndex = higher(this.americanIndex, index);
    }
  }
}

/** The higher one, of two of which each may be NaN. */
function higher(a: number, b: number): number {
  return a >= b || isNaN(b) ? a : b;
}
