/**
 * What the city's pages and its server exchange over HTTP: JSON in both directions but for
 * `/api/history.csv`, `/api/audit.csv` and photos. Every POST carries the header `x-streetnode: 1`, which a
 * form of another site cannot send. Times are UTC in milliseconds since 1970.
 */
import type { ConfigReportMessage } from "../../devs/contract/messages";
import type { EventView, Point } from "../city/cityView";
import type { Action, Role } from "../people/roles";

/** Header, and its value, that every POST must carry. */
export const REQUEST_HEADER = "x-streetnode";
export const REQUEST_HEADER_VALUE = "1";

/** `GET /api/session`, and the answer to a sign-in and a sign-out. */
export interface SessionAnswer {
  readonly user: { readonly name: string; readonly role: Role } | null;
  /** Whether the city may be watched without signing in. */
  readonly publicView: boolean;
  /** What this viewer may do. */
  readonly may: readonly Action[];
}

/** `POST /api/sign-in`. */
export interface SignInRequest {
  readonly name: string;
  readonly password: string;
}

/** Every answer with a status of 400 and above. */
export interface ErrorAnswer {
  /**
   * `sign-in` (401: not signed in, or name and password do not fit), `too-many` (429),
   * `forbidden` (403: the role may not), `not-found`, `bad-request` (400), `too-large` (413),
   * `pole-taken`, `wrong-state` and `conflict` (409), `unavailable` (503: no broker).
   */
  readonly error: string;
  /** Of `bad-request`: the member that is wrong, such as `photo.data`. */
  readonly field?: string;
  /** One line in English, for developers and logs. */
  readonly message: string;
  /** Of `too-many`: seconds to wait. */
  readonly retryS?: number;
  /** Of `pole-taken`: the node on that pole. */
  readonly node?: string;
}

/** `GET /api/nodes/{node}/series?metric&fromMs&toMs`: thinned, each stretch's extremes kept. */
export interface SeriesAnswer {
  readonly metric: string;
  /** SenML unit; empty for an index without one. */
  readonly unit: string;
  /** In order of time, at most `SERIES_POINTS_MAX`. */
  readonly points: readonly Point[];
}

export const SERIES_POINTS_MAX = 2000;

/** `GET /api/nodes/{node}/events?fromMs&toMs`: newest first, at most `EVENTS_MAX`. */
export interface EventsAnswer {
  readonly events: readonly EventView[];
}

export const EVENTS_MAX = 1000;

/** `GET /api/nodes/{node}/config`: what the node last reported, `null` for a node that never did. */
export interface ConfigAnswer {
  readonly config: ConfigReportMessage | null;
}

/** `POST /api/nodes/{node}/command`. */
export interface CommandRequest {
  readonly command:
    "identify" | "sample" | "flush" | "self-test" | "restart" | "clear-counters" | "log";
  /** Of `identify`: how long, 1 to 600. */
  readonly seconds?: number;
  /** Of `log`: how long, 1 to 60. */
  readonly minutes?: number;
}

/** What became of a command within 15 seconds. */
export interface CommandAnswer {
  readonly result: "accepted" | "done" | "refused" | "silent";
  readonly reason?: string;
}

/** One check of the field page as the crew saw it. */
export interface VisitCheck {
  readonly name: string;
  readonly state: "pass" | "fail" | "wait";
  readonly reason?: string;
}

/**
 * `POST /api/visits`: a crew was at a pole. Sent again with the same id it is not done again.
 *
 * | kind      | what it means                                                     |
 * |-----------|-------------------------------------------------------------------|
 * | accept    | the node hangs on the pole; also when it moved there from another |
 * | replace   | the same, and `replaces`, which hung there, was taken down        |
 * | take-down | the node was taken from the pole                                  |
 */
export interface VisitRequest {
  /** A UUID that the phone made (RFC 9562). */
  readonly id: string;
  readonly kind: "accept" | "replace" | "take-down";
  readonly node: string;
  /** Of `replace`: the node that was taken down. */
  readonly replaces?: string;
  /** What the pole is called, 1 to 40 characters. */
  readonly pole: string;
  /** Height of the node above the ground, 0 to 50. */
  readonly heightM?: number;
  /** Where the node faces, clockwise from north, 0 to 360. */
  readonly directionDeg?: number;
  /** WGS 84. */
  readonly lat: number;
  readonly lon: number;
  /** Radius of the phone's position; absent where the crew set it on the map. */
  readonly accuracyM?: number;
  /** At most 1000 characters. */
  readonly note?: string;
  /** A JPEG in base64, at most `PHOTO_MAX_BYTES` as bytes. */
  readonly photo?: { readonly data: string };
  /** When the crew accepted, by the phone. */
  readonly atMs: number;
  readonly checks: readonly VisitCheck[];
  /** Who was signed in at the phone when it was entered: somebody else may be when it is sent. */
  readonly enteredBy?: string;
  /** Why the crew accepts though a check has not passed, or there was none; needed then. */
  readonly despite?: string;
}

export const PHOTO_MAX_BYTES = 400 * 1024;

export interface VisitAnswer {
  readonly id: string;
  /** True where the visit had been taken before. */
  readonly already: boolean;
}

/** A visit as it is kept, without its photo. */
export interface VisitView extends Omit<VisitRequest, "photo"> {
  /** Who was signed in. */
  readonly by: string;
  readonly receivedMs: number;
  /** What the same checks said in the server when the visit arrived; empty for `take-down`. */
  readonly cityChecks: readonly VisitCheck[];
  readonly hasPhoto: boolean;
}

/** `GET /api/visits?node`: newest first. */
export interface VisitsAnswer {
  readonly visits: readonly VisitView[];
}

/** `GET /api/audit`: newest first. */
export interface AuditAnswer {
  readonly entries: readonly AuditLine[];
}

/** Who did what, and when. */
export interface AuditLine {
  readonly atMs: number;
  readonly who: string;
  readonly what: string;
  /** The node or person it was done to. */
  readonly name: string | null;
  readonly detail: string | null;
}

/** `GET /api/map`: GeoJSON (RFC 7946); positions are [lon, lat]. */
export interface MapAnswer {
  readonly type: "FeatureCollection";
  /** A tile server to draw below the poles; absent where none is configured. */
  readonly tiles?: MapTiles;
  readonly features: readonly (StreetFeature | PoleFeature)[];
}

/** Tiles of 256 pixels in the Web Mercator projection. */
export interface MapTiles {
  /** Address of a tile, with `{z}`, `{x}` and `{y}` in it. */
  readonly url: string;
  /** Who made them, to be shown on the map. */
  readonly credit: string;
}

export interface StreetFeature {
  readonly type: "Feature";
  readonly properties: {
    readonly kind: "street";
    readonly name: string;
    readonly nameAr?: string;
    /** `trunk`, `boulevard`, `avenue`, `market` or `residential`, where the map says it. */
    readonly street?: string;
  };
  readonly geometry: {
    readonly type: "LineString";
    readonly coordinates: readonly (readonly [lon: number, lat: number])[];
  };
}

export interface PoleFeature {
  readonly type: "Feature";
  readonly properties: {
    readonly kind: "pole";
    readonly pole: string;
    /** The node that hangs there. */
    readonly node?: string;
  };
  readonly geometry: {
    readonly type: "Point";
    readonly coordinates: readonly [lon: number, lat: number];
  };
}
