import { seedFor } from "../random";
import { hashed, wander } from "./smoothNoise";
import { streetLevelDb } from "./streetNoise";
import { BERKANE, clearDaylight, dayOfYear, solarElevationDeg, type Place } from "./sun";
import type { Surroundings } from "./surroundings";
import { localHour, trafficShare } from "./traffic";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** A time in which a lamp does not burn although its photocell asks for it. */
export interface LampOutage {
  /** Milliseconds from the start of the run. */
  readonly fromMs: number;
  /** Milliseconds from the start of the run; Infinity when nobody repairs it. */
  readonly toMs: number;
}

/** What is particular about the street of a node; functions of UTC in milliseconds. */
export interface LocalConditions {
  /** Traffic beside that of a common street. */
  readonly trafficFactor: number;
  /** Light at which the lamp's photocell switches it on. */
  readonly switchOnLx: number;
  /** What is left, or more, of the usual traffic. */
  trafficShare(utcMs: number): number;
  /** Fine particles that are blown here, in ug/m3. */
  smokeUgm3(utcMs: number): number;
  /** Sound energy (10 to the power of a tenth of the level in dB) that is not traffic's. */
  soundEnergy(utcMs: number): number;
}

/** The day, and the place in it. */
export interface SyntheticDayOptions {
  readonly seed: number;
  /** Name of the node: neighbours share the weather, each has its own street. */
  readonly node: string;
  /** UTC of the start of the run, in milliseconds since 1970. */
  readonly startUtcMs: number;
  /** Default Berkane. */
  readonly place?: Place;
  readonly lampOutages?: readonly LampOutage[];
  /** So much warmer than the season; 0 when left out. */
  readonly warmerCel?: number;
  /** Default: a street like others, a photocell of its own. */
  readonly local?: LocalConditions;
}

/** What the metrics of one moment have in common. */
interface Moment {
  readonly utcMs: number;
  readonly traffic: number;
  // What only some of them ask for, worked out once.
  readonly sky: () => Sky;
  readonly smokeUgm3: () => number;
}

interface Sky {
  /** Share of the sky that clouds cover, 0..1. */
  readonly cloudCover: number;
  readonly elevationDeg: number;
  readonly lampBurns: boolean;
}

// The lamp: LED modules of 60 W behind a driver with a constant current.
const LAMP_CURRENT_MA = 1950;
const LAMP_VOLTAGE_V = 30.6;
/** The forward voltage of ten LEDs in series falls by so much a degree of the night air. */
const LAMP_VOLTS_PER_CEL = 0.02;
/** A switched-off driver's output: its standby, and the leakage of the modules. */
const LAMP_OFF_V = 0.12;
const LAMP_OFF_MA = 0.3;
/** Mean pressure at 140 m above the sea. */
const STATION_PRESSURE_HPA = 1000;
/** So much warmer is the node's housing: by what it uses, and at most by the sun. */
const HOUSING_OWN_CEL = 4;
const HOUSING_SUN_CEL = 22;
/** What the lamp throws on the light sensor above it. */
const LAMP_SPILL_LX = 1.2;

/**
 * A day in a city, made by calculation: rush hours, sun and clouds, weather, street
 * noise, and a lamp that a photocell switches. Every value is a pure function of the
 * seed, the node and the time, so it does not depend on how often it is asked for.
 *
 * It knows `SENSED_METRICS` and the lamp's power; any other is undefined.
 */
export class SyntheticDay implements Surroundings {
  readonly #options: SyntheticDayOptions;
  readonly #place: Place;
  /** Of the whole city: weather. */
  readonly #cityKey: number;
  /** Of this node's street. */
  readonly #key: number;
  /** How busy this street is beside others. */
  readonly #streetFactor: number;
  /** Photocells differ: each switches at its own light. */
  readonly #switchOnLx: number;
  /** The last moment asked for: a chip asks for all its metrics at one time. */
  #moment: Moment | undefined;

  constructor(options: SyntheticDayOptions) {
    this.#options = options;
    this.#place = options.place ?? BERKANE;
    this.#cityKey = seedFor(options.seed, "city");
    this.#key = seedFor(options.seed, options.node);
    this.#streetFactor = (0.6 + 0.8 * hashed(this.#key, -1)) * (options.local?.trafficFactor ?? 1);
    this.#switchOnLx = options.local?.switchOnLx ?? 15 + 15 * hashed(this.#key, -2);
  }

  value(metric: string, timeMs: number): number | undefined {
    const moment = this.#at(this.#options.startUtcMs + timeMs);
    switch (metric) {
      case "LAF":
        return streetLevelDb(
          this.#key,
          moment.utcMs,
          moment.traffic,
          this.#options.local?.soundEnergy(moment.utcMs) ?? 0,
        );
      case "illuminance":
        return this.#illuminanceLx(moment);
      case "temperature":
        return this.#temperatureCel(moment);
      case "humidity":
        return this.#humidityPct(moment);
      case "pm1":
      case "pm25":
      case "pm4":
      case "pm10":
        return this.#particlesUgm3(moment, metric);
      case "vocIndex":
        return this.#vocIndex(moment);
      case "noxIndex":
        return Math.max(1, 1 + 45 * moment.traffic ** 1.5 * (1 + 0.3 * this.#gust(moment, 7)));
      case "lampVoltage":
        return this.#lampVoltageV(moment);
      case "lampCurrent":
        return this.#lampCurrentMa(moment);
      case "lampPower":
        return (this.#lampVoltageV(moment) * this.#lampCurrentMa(moment)) / 1000;
      case "co2":
        return (
          425 + 60 * moment.traffic * this.#stillAir(moment) * (1 + 0.3 * this.#gust(moment, 11))
        );
      case "no2":
        return this.#no2Ugm3(moment);
      case "o3":
        return this.#o3Ugm3(moment);
      case "pressure":
        return (
          STATION_PRESSURE_HPA +
          9 * wander(this.#cityKey + 12, moment.utcMs, 60 * HOUR_MS) +
          0.8 * Math.cos((4 * Math.PI * (localHour(moment.utcMs) - 10)) / 24)
        );
      case "housingTemperature":
        return this.#housingCel(moment);
      case "housingHumidity":
        return this.#relativeHumidityPct(moment, this.#housingCel(moment));
      default:
        return undefined;
    }
  }

  #at(utcMs: number): Moment {
    if (this.#moment?.utcMs === utcMs) return this.#moment;
    let sky: Sky | undefined;
    let smokeUgm3: number | undefined;
    this.#moment = {
      utcMs,
      traffic:
        trafficShare(utcMs, this.#key) *
        this.#streetFactor *
        (this.#options.local?.trafficShare(utcMs) ?? 1),
      sky: () => (sky ??= this.#sky(utcMs)),
      smokeUgm3: () => (smokeUgm3 ??= this.#options.local?.smokeUgm3(utcMs) ?? 0),
    };
    return this.#moment;
  }

  #sky(utcMs: number): Sky {
    const elevationDeg = solarElevationDeg(utcMs, this.#place);
    const cloudCover = Math.max(
      0,
      Math.min(1, 0.3 + 0.6 * wander(this.#cityKey, utcMs, 5 * HOUR_MS)),
    );
    const runMs = utcMs - this.#options.startUtcMs;
    const isOut = (this.#options.lampOutages ?? []).some(
      (outage) => runMs >= outage.fromMs && runMs < outage.toMs,
    );
    return {
      elevationDeg,
      cloudCover,
      lampBurns: !isOut && this.#photocellLx(elevationDeg, cloudCover) < this.#switchOnLx,
    };
  }

  /** A disturbance in -1..1 of some tens of seconds: wind in the street. */
  #gust(moment: Moment, salt: number): number {
    return (
      0.6 * wander(this.#key + salt, moment.utcMs, 45_000) +
      0.4 * wander(this.#key + salt + 100, moment.utcMs, 9_000)
    );
  }

  /** Light at a photocell, which is too slow for single clouds. */
  #photocellLx(elevationDeg: number, cloudCover: number): number {
    const { directLx, skyLx } = clearDaylight(elevationDeg);
    return (directLx + skyLx) * (1 - 0.6 * cloudCover);
  }

  #illuminanceLx(moment: Moment): number {
    const { directLx, skyLx } = clearDaylight(moment.sky().elevationDeg);
    // A cloud is before the sun when the wandering pattern is below the cover.
    const pattern =
      0.5 +
      0.35 * wander(this.#cityKey + 3, moment.utcMs, 9 * MINUTE_MS) +
      0.15 * wander(this.#key + 3, moment.utcMs, 2 * MINUTE_MS);
    const shaded = 1 / (1 + Math.exp((pattern - moment.sky().cloudCover) * 25));
    const daylightLx =
      directLx * (1 - 0.92 * shaded) + skyLx * (1 - 0.45 * moment.sky().cloudCover * shaded);
    return daylightLx + (moment.sky().lampBurns ? LAMP_SPILL_LX : 0);
  }

  /** Mean temperature of the season: Berkane has about 12 Cel in January, 27 in July. */
  #seasonCel(moment: Moment): number {
    return 19.5 - 7.5 * Math.cos((2 * Math.PI * (dayOfYear(moment.utcMs) - 20)) / 365);
  }

  #temperatureCel(moment: Moment): number {
    const hour = localHour(moment.utcMs);
    return (
      this.#seasonCel(moment) +
      (this.#options.warmerCel ?? 0) +
      6 * (1 - 0.5 * moment.sky().cloudCover) * Math.cos((2 * Math.PI * (hour - 15.5)) / 24) +
      2.5 * wander(this.#cityKey + 4, moment.utcMs, 40 * HOUR_MS) +
      0.3 * wander(this.#key + 4, moment.utcMs, 6 * MINUTE_MS)
    );
  }

  /** The chip warms a housing a little, the sun much. */
  #housingCel(moment: Moment): number {
    const { elevationDeg, cloudCover } = moment.sky();
    const sun = sunshine(elevationDeg) * (1 - 0.7 * cloudCover);
    return this.#temperatureCel(moment) + HOUSING_OWN_CEL + HOUSING_SUN_CEL * sun;
  }

  #humidityPct(moment: Moment): number {
    return this.#relativeHumidityPct(moment, this.#temperatureCel(moment));
  }

  /** Of air of that temperature with the day's dew point (Magnus, WMO-No. 8, annex 4.B). */
  #relativeHumidityPct(moment: Moment, cel: number): number {
    const magnus = (at: number) => Math.exp((17.62 * at) / (243.12 + at));
    const dewPointCel =
      this.#seasonCel(moment) - 7.5 + 2.5 * wander(this.#cityKey + 5, moment.utcMs, 18 * HOUR_MS);
    const pct = (100 * magnus(dewPointCel)) / magnus(cel);
    return Math.max(5, Math.min(98, pct));
  }

  /** In the early morning the air lies still and keeps what is emitted: 1 to 1.8. */
  #stillAir(moment: Moment): number {
    const hour = localHour(moment.utcMs);
    return 1 + 0.8 * Math.exp(-(((hour - 7.5) / 2.5) ** 2) / 2);
  }

  #no2Ugm3(moment: Moment): number {
    return 6 + 48 * moment.traffic * this.#stillAir(moment) * (1 + 0.4 * this.#gust(moment, 13));
  }

  /** Ozone is made by the sun, and used up by fresh exhaust. */
  #o3Ugm3(moment: Moment): number {
    const { elevationDeg, cloudCover } = moment.sky();
    const made = 38 + 55 * sunshine(elevationDeg) * (1 - 0.5 * cloudCover);
    return Math.max(2, made - 0.45 * this.#no2Ugm3(moment) + 8 * this.#gust(moment, 14));
  }

  /** Each size class holds the smaller ones, so each is a sum of what is not negative. */
  #particlesUgm3(moment: Moment, metric: "pm1" | "pm25" | "pm4" | "pm10"): number {
    const stillAir = this.#stillAir(moment);
    const background = 9 * Math.exp(0.5 * wander(this.#cityKey + 6, moment.utcMs, 30 * HOUR_MS));
    const exhaust = 16 * moment.traffic * stillAir * (1 + 0.5 * this.#gust(moment, 6));
    const dust =
      (6 + 14 * moment.traffic) * (1 + 0.6 * this.#gust(moment, 8)) +
      5 * (1 + wander(this.#cityKey + 8, moment.utcMs, 3 * HOUR_MS));
    const fine = background * stillAir + exhaust + moment.smokeUgm3();
    switch (metric) {
      case "pm1":
        return 0.68 * fine;
      case "pm25":
        return fine;
      case "pm4":
        return fine + 0.35 * dust;
      case "pm10":
        return fine + dust;
    }
  }

  /** 100 is the mean of the last day by the index's definition. */
  #vocIndex(moment: Moment): number {
    const index =
      85 +
      70 * moment.traffic * (1 + 0.3 * this.#gust(moment, 9)) +
      0.8 * moment.smokeUgm3() +
      18 * wander(this.#key + 9, moment.utcMs, 50 * MINUTE_MS);
    return Math.max(1, Math.min(500, index));
  }

  #lampVoltageV(moment: Moment): number {
    if (!moment.sky().lampBurns) return LAMP_OFF_V;
    return LAMP_VOLTAGE_V - LAMP_VOLTS_PER_CEL * (this.#temperatureCel(moment) - 20);
  }

  #lampCurrentMa(moment: Moment): number {
    if (!moment.sky().lampBurns) return LAMP_OFF_MA;
    return LAMP_CURRENT_MA * (1 + 0.003 * wander(this.#key + 10, moment.utcMs, 20_000));
  }
}

/** What of the sun's light falls on level ground under a clear sky, as a share of that at the zenith; 0 by night. */
function sunshine(elevationDeg: number): number {
  return Math.max(0, Math.sin((elevationDeg * Math.PI) / 180));
}
