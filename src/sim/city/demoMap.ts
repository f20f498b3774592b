import { mapOf, type CityMap } from "../../city/mapFile";
import { CITY_GEOJSON, POLES } from "./cityMap";

/** The streets of the invented town, with the poles that line them. */
export function demoMap(): CityMap {
  return {
    streets: mapOf(CITY_GEOJSON).streets,
    poles: POLES.map(({ id, place }) => ({
      type: "Feature",
      properties: { kind: "pole", pole: id },
      geometry: { type: "Point", coordinates: [place.longitudeDeg, place.latitudeDeg] },
    })),
  };
}
