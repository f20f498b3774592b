import { seedFor } from "../random";
import { wander } from "../world/smoothNoise";
import { solarElevationDeg } from "../world/sun";
import type { Surroundings } from "../world/surroundings";
import { SyntheticDay, type LampOutage, type LocalConditions } from "../world/syntheticDay";
import { localHour, localWeekday } from "../world/traffic";
import {
  LANDMARKS,
  distanceM,
  nodeNumber,
  poleOf,
  type GroundPoint,
  type Landmark,
  type StreetKind,
} from "./cityMap";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const FRIDAY = 5;

/** Traffic of a street beside that of a common one. */
const TRAFFIC: Record<StreetKind, number> = {
  trunk: 1.4,
  boulevard: 1.25,
  avenue: 1,
  market: 0.7,
  residential: 0.45,
};

/** A call to prayer through the loudspeakers of a minaret: level at 20 m, and how long. */
const CALL_DB = 78;
const CALL_MS = 3.5 * MINUTE_MS;
/** The Friday sermon through the same loudspeakers. */
const SERMON_DB = 72;
const SERMON_MS = 25 * MINUTE_MS;
const LOUDSPEAKER_M = 20;
/** A market at its fullest: level in its middle, and how far it is one sound rather than a source. */
const MARKET_DB = 70;
const MARKET_M = 60;
/** Beyond it, houses leave nothing of a sound. */
const HEARD_M = 600;
/** What grilling leaves in the air of a market, in ug/m3. */
const MARKET_SMOKE_UGM3 = 18;

/** Where the concentration of a source is its strength. */
const PLUME_M = 300;
/** A plume widens by so much of its length (Pasquill class D, near the ground). */
const PLUME_WIDENS = 0.16;

/** What a node's surroundings are made from. */
export interface CityDayOptions {
  readonly seed: number;
  readonly node: string;
  /** UTC of the start of the run, in milliseconds since 1970. */
  readonly startUtcMs: number;
  readonly lampOutages?: readonly LampOutage[];
  /** So much warmer than usual; 0 when left out. */
  readonly warmerCel?: number;
}

/**
 * The day around one node of the town: that of its street, with what is blown, heard and
 * switched around its pole. The same for a seed, wherever and however often it is asked.
 */
export function cityDay(options: CityDayOptions): Surroundings {
  const pole = poleOf(nodeNumber(options.node));
  const circuitKey = seedFor(options.seed, pole.circuit);
  return new SyntheticDay({
    ...options,
    place: pole.place,
    local: {
      trafficFactor: TRAFFIC[pole.kind],
      // One photocell in the cabinet switches the whole circuit.
      switchOnLx: 15 + (circuitKey % 1500) / 100,
      trafficShare: prayerPause,
      smokeUgm3: smokeAt(pole.at, seedFor(options.seed, "wind")),
      soundEnergy: soundAt(pole.at),
    },
  });
}

/** On Fridays the streets are empty during the midday prayer, and full before and after it. */
function prayerPause(utcMs: number): number {
  if (localWeekday(utcMs) !== FRIDAY) return 1;
  const hour = localHour(utcMs);
  if (hour >= 13.2 && hour < 14.2) return 0.25;
  return (hour >= 12.6 && hour < 13.2) || (hour >= 14.2 && hour < 14.8) ? 1.5 : 1;
}

/**
 * Where the wind blows to, in radians from east to north, and how fast: from the sea in the
 * north by day, from the land by night, and turning with the weather.
 */
export function windAt(windKey: number, utcMs: number): { towards: number; speedMs: number } {
  const hour = localHour(utcMs);
  const breeze = Math.cos((2 * Math.PI * (hour - 15)) / 24);
  const turnsMs = 9 * HOUR_MS;
  return {
    towards: -Math.PI / 2 + (breeze < 0 ? Math.PI : 0) + 1.1 * wander(windKey, utcMs, turnsMs),
    speedMs: 1 + 2.5 * Math.abs(breeze) + 0.8 * wander(windKey + 1, utcMs, 3 * HOUR_MS),
  };
}

/** Smoke of the sources around that point: a plume that lies downwind of each (Gaussian across). */
function smokeAt(at: GroundPoint, windKey: number): LocalConditions["smokeUgm3"] {
  const sources = LANDMARKS.filter(({ kind }) => kind === "source");
  const markets = LANDMARKS.filter(({ kind }) => kind === "market");
  return (utcMs) => {
    const { towards, speedMs } = windAt(windKey, utcMs);
    let sum = 0;
    for (const source of sources) {
      const east = at.eastM - source.at.eastM;
      const north = at.northM - source.at.northM;
      const downM = east * Math.cos(towards) + north * Math.sin(towards);
      if (downM <= 0) continue;
      const acrossM = north * Math.cos(towards) - east * Math.sin(towards);
      const widthM = 20 + PLUME_WIDENS * downM;
      const thins = PLUME_M / Math.max(PLUME_M / 3, downM) / Math.max(0.5, speedMs / 2);
      sum += (source.strengthUgm3 ?? 0) * thins * Math.exp(-((acrossM / widthM) ** 2) / 2);
    }
    for (const market of markets)
      sum +=
        MARKET_SMOKE_UGM3 * crowd(market, utcMs) * Math.exp(-distanceM(at, market.at) / MARKET_M);
    return sum;
  };
}

/** Sound energy of calls to prayer, sermons and markets at that point. */
function soundAt(at: GroundPoint): LocalConditions["soundEnergy"] {
  const near = LANDMARKS.map((landmark) => ({
    landmark,
    awayM: distanceM(at, landmark.at),
  })).filter(({ landmark, awayM }) => landmark.kind !== "source" && awayM < HEARD_M);
  if (near.length === 0) return () => 0;
  return (utcMs) => {
    let sum = 0;
    for (const { landmark, awayM } of near) {
      if (landmark.kind === "market")
        sum += crowd(landmark, utcMs) * spread(MARKET_DB, awayM, MARKET_M);
      else {
        const levelDb = minaretDb(utcMs);
        if (levelDb > 0) sum += spread(levelDb, awayM, LOUDSPEAKER_M);
      }
    }
    return sum;
  };
}

/** Energy of a level that is heard at `referenceM`, at another distance: a point source. */
function spread(levelDb: number, awayM: number, referenceM: number): number {
  return 10 ** (levelDb / 10) / Math.max(1, awayM / referenceM) ** 2;
}

/** How full a market is, 0..1: on its day, from eight to two. */
function crowd(market: Landmark, utcMs: number): number {
  if (localWeekday(utcMs) !== market.weekday) return 0;
  return (
    Math.max(0, Math.sin((Math.PI * (localHour(utcMs) - 8)) / 6)) * (localHour(utcMs) < 14 ? 1 : 0)
  );
}

/** Level of the loudspeakers now, 0 while they are silent. */
function minaretDb(utcMs: number): number {
  const { calls, noonMs } = prayersOf(utcMs);
  if (
    localWeekday(utcMs) === FRIDAY &&
    utcMs >= noonMs + CALL_MS &&
    utcMs < noonMs + CALL_MS + SERMON_MS
  )
    return SERMON_DB;
  return calls.some((callMs) => utcMs >= callMs && utcMs < callMs + CALL_MS) ? CALL_DB : 0;
}

interface Prayers {
  readonly dayMs: number;
  readonly calls: readonly number[];
  readonly noonMs: number;
}

let prayers: Prayers = { dayMs: NaN, calls: [], noonMs: 0 };

/**
 * The five calls of the day, UTC: at the sun's depression of 19 and 17 degrees (the angles
 * used in Morocco), its highest point, the afternoon's shadow and sunset.
 */
export function prayersOf(utcMs: number): Prayers {
  const dayMs = Math.floor(utcMs / DAY_MS) * DAY_MS;
  if (prayers.dayMs === dayMs) return prayers;
  const middle = poleOf(1).place;
  const elevation = (atMs: number) => solarElevationDeg(atMs, middle);
  let noonMs = dayMs + 12 * HOUR_MS;
  for (let atMs = dayMs + 11 * HOUR_MS; atMs < dayMs + 14 * HOUR_MS; atMs += MINUTE_MS)
    if (elevation(atMs) > elevation(noonMs)) noonMs = atMs;
  const zenith = ((90 - elevation(noonMs)) * Math.PI) / 180;
  const asrDeg = (Math.atan(1 / (1 + Math.tan(zenith))) * 180) / Math.PI;
  const first = (fromMs: number, reached: (deg: number) => boolean) => {
    let atMs = fromMs;
    while (atMs < fromMs + 12 * HOUR_MS && !reached(elevation(atMs))) atMs += MINUTE_MS;
    return atMs;
  };
  prayers = {
    dayMs,
    noonMs,
    calls: [
      first(dayMs, (deg) => deg >= -19),
      noonMs,
      first(noonMs, (deg) => deg <= asrDeg),
      first(noonMs, (deg) => deg <= -0.833),
      first(noonMs, (deg) => deg <= -17),
    ],
  };
  return prayers;
}
