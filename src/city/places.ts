import type { PlaceMessage } from "../../devs/contract/messages";
import type { VisitView } from "../web/api";

/** What a visit says of where nodes hang. */
export type PlaceVisit = Pick<
  VisitView,
  "id" | "kind" | "node" | "replaces" | "pole" | "lat" | "lon" | "heightM" | "directionDeg" | "atMs"
>;

/**
 * Where each node hangs after these visits. They count in the order in which crews made them,
 * not in which they arrived; a pole carries one node, and a node hangs on one pole.
 */
export function placesAfter(visits: readonly PlaceVisit[]): Map<string, PlaceMessage> {
  const places = new Map<string, PlaceMessage>();
  const holders = new Map<string, string>();
  const takeDown = (node: string | undefined) => {
    const place = node === undefined ? undefined : places.get(node);
    if (node === undefined || !place) return;
    places.delete(node);
    holders.delete(place.pole);
  };
  for (const visit of [...visits].sort(byTime)) {
    takeDown(visit.node);
    if (visit.kind === "take-down") continue;
    takeDown(visit.replaces);
    takeDown(holders.get(visit.pole));
    places.set(visit.node, placeOf(visit));
    holders.set(visit.pole, visit.node);
  }
  return places;
}

function placeOf({ pole, lat, lon, heightM, directionDeg }: PlaceVisit): PlaceMessage {
  return {
    pole,
    lat,
    lon,
    ...(heightM === undefined ? {} : { heightM }),
    ...(directionDeg === undefined ? {} : { directionDeg }),
  };
}

function byTime(a: PlaceVisit, b: PlaceVisit): number {
  return a.atMs - b.atMs || (a.id < b.id ? -1 : 1);
}
