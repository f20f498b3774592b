const MS_PER_DAY = 86_400_000;
const RADIANS = Math.PI / 180;

/** A place on earth, in degrees; north and east are positive. */
export interface Place {
  readonly latitudeDeg: number;
  readonly longitudeDeg: number;
}

/** Berkane, Morocco. */
export const BERKANE: Place = { latitudeDeg: 34.92, longitudeDeg: -2.32 };

/** The year that was asked for last: UTC at its start and its end. */
let year = { startMs: 0, endMs: 0 };

/** Day of the year, with its fraction, 0 at the start of 1 January UTC. */
export function dayOfYear(utcMs: number): number {
  if (!(utcMs >= year.startMs && utcMs < year.endMs)) {
    const number = new Date(utcMs).getUTCFullYear();
    year = { startMs: Date.UTC(number, 0, 1), endMs: Date.UTC(number + 1, 0, 1) };
  }
  return (utcMs - year.startMs) / MS_PER_DAY;
}

/**
 * Elevation of the sun above the horizon in degrees, without refraction, good to about
 * 0.3 degrees (NOAA, "General Solar Position Calculations": fractional year, equation
 * of time, declination).
 */
export function solarElevationDeg(utcMs: number, place: Place): number {
  const day = dayOfYear(utcMs);
  const yearAngle = (2 * Math.PI * (day - 0.5)) / 365;
  const equationOfTimeMin =
    229.18 *
    (0.000075 +
      0.001868 * Math.cos(yearAngle) -
      0.032077 * Math.sin(yearAngle) -
      0.014615 * Math.cos(2 * yearAngle) -
      0.040849 * Math.sin(2 * yearAngle));
  const declination =
    0.006918 -
    0.399912 * Math.cos(yearAngle) +
    0.070257 * Math.sin(yearAngle) -
    0.006758 * Math.cos(2 * yearAngle) +
    0.000907 * Math.sin(2 * yearAngle) -
    0.002697 * Math.cos(3 * yearAngle) +
    0.00148 * Math.sin(3 * yearAngle);
  const solarMinutes = (day % 1) * 1440 + equationOfTimeMin + 4 * place.longitudeDeg;
  const hourAngle = (solarMinutes / 4 - 180) * RADIANS;
  const latitude = place.latitudeDeg * RADIANS;
  const sine =
    Math.sin(latitude) * Math.sin(declination) +
    Math.cos(latitude) * Math.cos(declination) * Math.cos(hourAngle);
  return Math.asin(Math.max(-1, Math.min(1, sine))) / RADIANS;
}

/** Light on a level surface in lx: from the sun itself, and from the sky. */
export interface Daylight {
  readonly directLx: number;
  readonly skyLx: number;
}

const SOLAR_ILLUMINANCE_LX = 133_800;
const CLEAR_SKY_EXTINCTION = 0.21;
const HORIZON_LX = 800;

/**
 * Daylight under a clear sky. Above the horizon the model of IES RP-21 ("Calculation of
 * Daylight Availability"), its root rounded off at the horizon, where its slope is
 * infinite; below it a fit through 800 lx at the horizon, 3.4 lx at the
 * end of civil twilight (6 degrees) and 8 mlx at that of nautical twilight (12 degrees).
 */
export function clearDaylight(elevationDeg: number): Daylight {
  if (elevationDeg <= 0) {
    const decades =
      elevationDeg > -6
        ? Math.log10(HORIZON_LX) + 0.395 * elevationDeg
        : 0.533 + 0.438 * (elevationDeg + 6);
    return { directLx: 0, skyLx: Math.max(0.001, 10 ** decades) };
  }
  const sine = Math.sin(elevationDeg * RADIANS);
  const airMass = 1 / (sine + 0.50572 * (elevationDeg + 6.07995) ** -1.6364);
  return {
    directLx: SOLAR_ILLUMINANCE_LX * Math.exp(-CLEAR_SKY_EXTINCTION * airMass) * sine,
    skyLx: HORIZON_LX + (15_500 * sine) / Math.sqrt(sine + 0.01),
  };
}
