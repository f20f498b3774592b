import { DAY_PARTS } from "../contract/chain";

const DAY_S = 86400;
const HOUR_S = 3600;
/** Local hours at which the day, the evening and the night begin (2002/49/EC, annex I). */
const DAY_FROM_H = 7;
const EVENING_FROM_H = 19;
const NIGHT_FROM_H = 23;

/**
 * The part of the day at a time, as the bit of its index in `DAY_PARTS`; 0 while the time
 * is not known.
 *
 * @param utcS UTC in seconds since 1970, or NaN.
 * @param utcOffsetMin what local time is ahead of UTC, in minutes.
 */
export function dayPartAt(utcS: number, utcOffsetMin: number): number {
  if (isNaN(utcS)) return 0;
  const localS = utcS + utcOffsetMin * 60;
  const hour = Math.floor((localS - Math.floor(localS / DAY_S) * DAY_S) / HOUR_S);
  let part = "night";
  if (hour >= DAY_FROM_H && hour < EVENING_FROM_H) part = "day";
  else if (hour >= EVENING_FROM_H && hour < NIGHT_FROM_H) part = "evening";
  return 1 << DAY_PARTS.indexOf(part);
}
