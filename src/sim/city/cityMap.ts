import type { Place } from "../world/sun";
import berkane from "./berkane.geo.json";

/** A point on the ground, in metres east and north of the town's middle. */
export interface GroundPoint {
  readonly eastM: number;
  readonly northM: number;
}

/** What a street is, which says how much traffic it carries. */
export type StreetKind = "trunk" | "boulevard" | "avenue" | "market" | "residential";

/** A pole with its lamp, and the node on it. */
export interface Pole {
  readonly id: string;
  /** Identifier of its street in the map: `street-1`. */
  readonly street: string;
  readonly streetName: string;
  readonly kind: StreetKind;
  /** The lamps of one cabinet, which has one photocell: `circuit-1-2`. */
  readonly circuit: string;
  readonly at: GroundPoint;
  readonly place: Place;
}

/** A place that is heard or smelt around it. */
export interface Landmark {
  readonly kind: "mosque" | "market" | "source";
  readonly name: string;
  readonly at: GroundPoint;
  /** Of a market: its day, 0 for Sunday. */
  readonly weekday?: number;
  /** Of a source: fine particles 300 m downwind of it in still weather, in ug/m3. */
  readonly strengthUgm3?: number;
}

/** The middle of the town. */
const MIDDLE: Place = { latitudeDeg: 34.92, longitudeDeg: -2.32 };
/** Metres a degree, at this latitude (WGS 84). */
const NORTH_M_PER_DEG = 110_950;
const EAST_M_PER_DEG = 111_320 * Math.cos((MIDDLE.latitudeDeg * Math.PI) / 180);
/** Poles stand opposite each other at this distance along a street. */
const POLE_SPACING_M = 24;
/** From the middle of the street to a pole. */
const KERB_M = 6;
/** Poles of one cabinet stand within this length of one street. */
const CIRCUIT_M = 500;

interface Feature {
  readonly id: string;
  readonly properties: Readonly<Record<string, unknown>>;
  readonly geometry:
    | { readonly type: "LineString"; readonly coordinates: readonly (readonly number[])[] }
    | { readonly type: "Point"; readonly coordinates: readonly number[] };
}

const features = berkane.features as unknown as readonly Feature[];

/** The streets and places of the town, as a GeoJSON FeatureCollection (RFC 7946). */
export const CITY_GEOJSON: object = berkane;

/** Every pole of the town, street by street. */
export const POLES: readonly Pole[] = features.flatMap(polesOf);

/** The places that are heard or smelt. */
export const LANDMARKS: readonly Landmark[] = features.flatMap(({ properties, geometry }) =>
  geometry.type === "Point"
    ? [
        {
          kind: properties["kind"] as Landmark["kind"],
          name: String(properties["name"]),
          at: toGround(geometry.coordinates),
          ...(typeof properties["weekday"] === "number" ? { weekday: properties["weekday"] } : {}),
          ...(typeof properties["strengthUgm3"] === "number"
            ? { strengthUgm3: properties["strengthUgm3"] }
            : {}),
        },
      ]
    : [],
);

/**
 * The pole of the node with that number, from 1. Nodes with numbers that follow each other
 * stand in different streets; up to the number of poles, no two share one.
 */
export function poleOf(number: number): Pole {
  const step = stepAmong(POLES.length);
  return POLES[(number * step) % POLES.length] as Pole;
}

/** The number at the end of a node's name, 1 where there is none: `bk-0012` has 12. */
export function nodeNumber(node: string): number {
  return Number(/(\d+)$/.exec(node)?.[1] ?? 1);
}

/** The names by which a scenario can mean this node together with its neighbours. */
export function groupsOf(node: string): string[] {
  const { street, kind, circuit } = poleOf(nodeNumber(node));
  return [street, kind, circuit];
}

/** Distance between two points in metres. */
export function distanceM(a: GroundPoint, b: GroundPoint): number {
  return Math.hypot(a.eastM - b.eastM, a.northM - b.northM);
}

function polesOf({ id, properties, geometry }: Feature): Pole[] {
  if (geometry.type !== "LineString") return [];
  const line = geometry.coordinates.map(toGround);
  const poles: Pole[] = [];
  let alongM = 0;
  let nextM = POLE_SPACING_M / 2;
  line.slice(1).forEach((to, i) => {
    const from = line[i] as GroundPoint;
    const lengthM = distanceM(from, to);
    const east = (to.eastM - from.eastM) / lengthM;
    const north = (to.northM - from.northM) / lengthM;
    for (; nextM <= alongM + lengthM; nextM += POLE_SPACING_M)
      for (const side of [-1, 1]) {
        const at = {
          eastM: from.eastM + east * (nextM - alongM) - side * north * KERB_M,
          northM: from.northM + north * (nextM - alongM) + side * east * KERB_M,
        };
        poles.push({
          id: `${id.replace("street", "pole")}-${poles.length + 1}`,
          street: id,
          streetName: String(properties["name"]),
          kind: properties["kind"] as StreetKind,
          circuit: `${id.replace("street", "circuit")}-${Math.floor(nextM / CIRCUIT_M) + 1}`,
          at,
          place: toPlace(at),
        });
      }
    alongM += lengthM;
  });
  return poles;
}

function toGround(coordinates: readonly number[]): GroundPoint {
  const [longitudeDeg = 0, latitudeDeg = 0] = coordinates;
  return {
    eastM: (longitudeDeg - MIDDLE.longitudeDeg) * EAST_M_PER_DEG,
    northM: (latitudeDeg - MIDDLE.latitudeDeg) * NORTH_M_PER_DEG,
  };
}

function toPlace({ eastM, northM }: GroundPoint): Place {
  return {
    latitudeDeg: MIDDLE.latitudeDeg + northM / NORTH_M_PER_DEG,
    longitudeDeg: MIDDLE.longitudeDeg + eastM / EAST_M_PER_DEG,
  };
}

/** A step through `count` places that is near the golden section and meets every one of them. */
function stepAmong(count: number): number {
  let step = Math.round(count * 0.618);
  while (gcd(step, count) !== 1) step++;
  return step;
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}
