import { readFileSync } from "node:fs";
import type { PlaceMessage } from "../../devs/contract/messages";
import { InputError } from "../inputError";
import type { MapAnswer, PoleFeature, StreetFeature } from "../web/api";

/** The streets and poles of a city, without nodes. */
export interface CityMap {
  readonly streets: readonly StreetFeature[];
  readonly poles: readonly PoleFeature[];
}

export const EMPTY_MAP: CityMap = { streets: [], poles: [] };

/** A map of a whole country does not belong here. */
const FEATURES_MAX = 200_000;
const POLE_MAX_LENGTH = 40;

/**
 * Reads a GeoJSON file (RFC 7946): lines are streets, points are poles. A pole is called by
 * its property `pole` or `ref` (OpenStreetMap's), or by the feature's `id`. Other features
 * are passed over.
 *
 * @throws InputError that names the feature
 */
export function readMap(file: string): CityMap {
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    throw new InputError(`--map ${file}: ${(error as Error).message}`);
  }
  try {
    return mapOf(json);
  } catch (error) {
    throw new InputError(`--map ${file}: ${(error as Error).message}`);
  }
}

/** The streets and poles of a GeoJSON FeatureCollection. @throws Error that names the feature */
export function mapOf(json: unknown): CityMap {
  const { type, features } = (json ?? {}) as Record<string, unknown>;
  if (type !== "FeatureCollection" || !Array.isArray(features))
    throw new Error("expected a GeoJSON FeatureCollection");
  if (features.length > FEATURES_MAX)
    throw new Error(`has ${features.length} features, at most ${FEATURES_MAX} can be shown`);
  const streets: StreetFeature[] = [];
  const poles: PoleFeature[] = [];
  const names = new Set<string>();
  features.forEach((each: unknown, i) => {
    const feature = each as Feature;
    const { geometry } = feature;
    switch (geometry?.type) {
      case "LineString":
        streets.push(street(feature, line(geometry.coordinates, i)));
        break;
      case "MultiLineString":
        for (const part of list(geometry.coordinates, i))
          streets.push(street(feature, line(part, i)));
        break;
      case "Point": {
        const pole = poleName(feature);
        if (pole === undefined) break;
        if (names.has(pole)) throw new Error(`features[${i}]: the pole ${pole} is there twice`);
        names.add(pole);
        poles.push({
          type: "Feature",
          properties: { kind: "pole", pole },
          geometry: { type: "Point", coordinates: position(geometry.coordinates, i) },
        });
      }
    }
  });
  return { streets, poles };
}

/** The map with the nodes on their poles; a pole that only crews know stands where they said. */
export function mapWithNodes(map: CityMap, places: ReadonlyMap<string, PlaceMessage>): MapAnswer {
  const byPole = new Map([...places].map(([node, place]) => [place.pole, { node, place }]));
  const poles = map.poles.map((pole): PoleFeature => {
    const found = byPole.get(pole.properties.pole);
    if (!found) return pole;
    byPole.delete(pole.properties.pole);
    return { ...pole, properties: { ...pole.properties, node: found.node } };
  });
  const others = [...byPole.values()].map(({ node, place }): PoleFeature => ({
    type: "Feature",
    properties: { kind: "pole", pole: place.pole, node },
    geometry: { type: "Point", coordinates: [place.lon, place.lat] },
  }));
  return { type: "FeatureCollection", features: [...map.streets, ...poles, ...others] };
}

interface Feature {
  readonly id?: unknown;
  readonly properties?: Readonly<Record<string, unknown>> | null;
  readonly geometry?: { readonly type?: unknown; readonly coordinates?: unknown } | null;
}

function street(
  { properties }: Feature,
  coordinates: StreetFeature["geometry"]["coordinates"],
): StreetFeature {
  const nameAr = properties?.["nameAr"] ?? properties?.["name:ar"];
  const kind = properties?.["kind"];
  return {
    type: "Feature",
    properties: {
      kind: "street",
      name: String(properties?.["name"] ?? ""),
      ...(typeof nameAr === "string" ? { nameAr } : {}),
      ...(typeof kind === "string" && kind !== "street" ? { street: kind } : {}),
    },
    geometry: { type: "LineString", coordinates },
  };
}

/** Undefined for a point that is no pole. */
function poleName({ id, properties }: Feature): string | undefined {
  const name = properties?.["pole"] ?? properties?.["ref"] ?? poleId(id, properties);
  const text = typeof name === "number" ? String(name) : name;
  if (typeof text !== "string" || text.length < 1 || text.length > POLE_MAX_LENGTH)
    return undefined;
  return text;
}

function poleId(id: unknown, properties: Feature["properties"]): unknown {
  const isPole = properties?.["kind"] === "pole" || properties?.["highway"] === "street_lamp";
  return isPole ? id : undefined;
}

function line(value: unknown, i: number): (readonly [number, number])[] {
  return list(value, i).map((each) => position(each, i));
}

function list(value: unknown, i: number): unknown[] {
  if (!Array.isArray(value)) throw new Error(`features[${i}]: its coordinates are no list`);
  return value;
}

function position(value: unknown, i: number): readonly [number, number] {
  const [lon, lat] = Array.isArray(value) ? (value as unknown[]) : [];
  if (
    typeof lon !== "number" ||
    typeof lat !== "number" ||
    !(Math.abs(lon) <= 180 && Math.abs(lat) <= 90)
  )
    throw new Error(`features[${i}]: expected positions as [longitude, latitude] in degrees`);
  return [lon, lat];
}
