import { wander } from "./smoothNoise";

const MS_PER_HOUR = 3_600_000;
const MS_PER_DAY = 24 * MS_PER_HOUR;

/** Morocco's clock: UTC+1 the whole year but Ramadan. */
export const LOCAL_OFFSET_MS = MS_PER_HOUR;

/** Time of day in Morocco, in hours. */
export function localHour(utcMs: number): number {
  return ((utcMs + LOCAL_OFFSET_MS) % MS_PER_DAY) / MS_PER_HOUR;
}

/** Day of the week in Morocco, 0 for Sunday; 1 January 1970 was a Thursday. */
export function localWeekday(utcMs: number): number {
  return (Math.floor((utcMs + LOCAL_OFFSET_MS) / MS_PER_DAY) + 4) % 7;
}

function bell(hour: number, at: number, widthHours: number): number {
  return Math.exp(-(((hour - at) / widthHours) ** 2) / 2);
}

/**
 * Traffic on the street, 0 (none) to about 1 (rush hour): two rush hours, a busy day
 * between them, a quiet night; less on Saturdays and Sundays.
 */
export function trafficShare(utcMs: number, key: number): number {
  const hour = localHour(utcMs);
  const weekday = localWeekday(utcMs);
  const isWeekend = weekday === 0 || weekday === 6;
  const dayShape = 0.5 / (1 + Math.exp(-(hour - 7) * 2)) / (1 + Math.exp((hour - 21.5) * 1.5));
  const rush = 0.5 * bell(hour, 8.2, 0.8) + 0.55 * bell(hour, 18.5, 1.1);
  const late = 0.12 * bell(hour < 12 ? hour + 24 : hour, 23, 1.5);
  const share = 0.03 + (dayShape + rush + late) * (isWeekend ? 0.65 : 1);
  return Math.max(0.01, share * (1 + 0.15 * wander(key, utcMs, 7 * 60_000)));
}
