/**
 * Calibration by points: straight lines between them, the first and the last going on
 * beyond the ends.
 */
export class PointCalibration {
  private readonly raw: number[] = [];
  private readonly gain: number[] = [];
  private readonly offset: number[] = [];

  /** @param points pairs of raw and true value, at least two, raw ascending. */
  constructor(points: number[][]) {
    for (let i = 0; i + 1 < points.length; i++) {
      const [raw, value] = points[i] as [number, number];
      const [nextRaw, nextValue] = points[i + 1] as [number, number];
      const gain = (nextValue - value) / (nextRaw - raw);
      this.raw.push(nextRaw);
      this.gain.push(gain);
      this.offset.push(value - gain * raw);
    }
  }

  apply(raw: number): number {
    let i = 0;
    while (i + 1 < this.raw.length && raw > (this.raw[i] as number)) i++;
    return raw * (this.gain[i] as number) + (this.offset[i] as number);
  }
}

/** Density of the dry particles, in g/cm3, that optical sensors are calibrated with. */
const PARTICLE_DENSITY = 1.65;
/** The factor grows without bound towards 100 %, and fog is no dust: above, it stays. */
const HIGHEST_HUMIDITY_PCT = 95;

/**
 * What the mass concentration of an optical particle sensor is to be multiplied with to
 * take off the water that the particles took up, by kappa-Koehler theory:
 * 1 / (1 + (kappa / 1.65) / (1 / a - 1)), with the water activity a = humidity / 100
 * (Crilley et al., Atmos. Meas. Tech. 11, 709-720, 2018, equation 5; kappa 0.38 to 0.41
 * fitted there for an urban background).
 *
 * @param kappa hygroscopicity, 0 to 1.5.
 * @param humidityPct relative humidity of the outside air in percent; NaN when unknown,
 *   which gives 1.
 */
export function dryFactor(kappa: number, humidityPct: number): number {
  if (!(humidityPct > 0)) return 1;
  const activity = Math.min(humidityPct, HIGHEST_HUMIDITY_PCT) / 100;
  return 1 / (1 + kappa / PARTICLE_DENSITY / (1 / activity - 1));
}
