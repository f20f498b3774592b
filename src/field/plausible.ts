import { BERKANE, dayOfYear, solarElevationDeg, type Place } from "../sim/world/sun";

/** Lowest and highest value that nobody would wonder at. */
export type Span = readonly [low: number, high: number];

/**
 * Mean daily lowest and highest temperature of the coldest and the hottest month in the
 * north-east of Morocco, in Cel (Oujda, 1991 to 2020, WMO climate normals, rounded).
 */
const JANUARY_CEL: Span = [5, 17];
const AUGUST_CEL: Span = [20, 35];
/** A day differs from the mean one, and a pole in the sun is warmer than a weather hut. */
const TEMPERATURE_MARGIN: Span = [8, 14];
/** 12 August, by the day of the year: the hottest time. */
const HOTTEST_DAY = 223;

/** Sun higher than this: even under clouds and on the shaded side it is bright. */
const DAY_ELEVATION_DEG = 10;
/** Sun lower than this: dark but for lamps (end of civil twilight). */
const NIGHT_ELEVATION_DEG = -6;

/**
 * What a metric may well be at this place and time: wide enough for any day, narrow enough to
 * show a sensor that is covered, wet, in its box, or not a sensor. Undefined for a metric that
 * may be anything.
 *
 * @param utcMs UTC in milliseconds
 */
export function plausibleSpan(
  metric: string,
  utcMs: number,
  place: Place = BERKANE,
): Span | undefined {
  switch (metric) {
    case "temperature":
      return temperatureSpan(utcMs);
    case "illuminance":
      return illuminanceSpan(solarElevationDeg(utcMs, place));
    // A dust storm brings more, and then everybody sees why.
    case "pm25":
      return [0, 150];
    case "pm10":
      return [0, 300];
    case "humidity":
      return [8, 100];
    // From a street at night to a horn beside the pole.
    case "LAeq":
    case "LAF":
      return [30, 95];
    // Sea level to 1,000 m.
    case "pressure":
      return [870, 1050];
    // Outside air is never below.
    case "co2":
      return [380, 1500];
    case "no2":
    case "o3":
      return [0, 250];
    case "lampVoltage":
      return [0, 36];
    default:
      return undefined;
  }
}

function temperatureSpan(utcMs: number): Span {
  const warmth = (1 + Math.cos(((dayOfYear(utcMs) - HOTTEST_DAY) / 365) * 2 * Math.PI)) / 2;
  const between = (cold: number, hot: number): number => cold + (hot - cold) * warmth;
  return [
    Math.round(between(JANUARY_CEL[0], AUGUST_CEL[0]) - TEMPERATURE_MARGIN[0]),
    Math.round(between(JANUARY_CEL[1], AUGUST_CEL[1]) + TEMPERATURE_MARGIN[1]),
  ];
}

function illuminanceSpan(elevationDeg: number): Span {
  if (elevationDeg > DAY_ELEVATION_DEG) return [200, 140_000];
  // A lamp of its own gives a hundred or so, a shop window more.
  return elevationDeg < NIGHT_ELEVATION_DEG ? [0, 500] : [0, 30_000];
}
