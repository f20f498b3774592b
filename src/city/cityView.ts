import type {
  ConfigReportMessage,
  EventMessage,
  HealthMessage,
  PlaceMessage,
} from "../../devs/contract/messages";
import { channelConfig } from "../../devs/contract/config";
import { findMetric } from "../../devs/contract/metrics";
import type { NodeMemory, StoredReading } from "../history/history";
import type {
  CityListener,
  ClockArrival,
  ConfigArrival,
  EventArrival,
  HealthArrival,
  Reading,
  StateArrival,
} from "./receiver";

/** How much of the past a metric's history holds. */
export const HISTORY_MS = 3600_000;
/** Points of one metric's history at most; then the oldest go. */
const HISTORY_POINTS_MAX = 1800;
const METRICS_MAX = 64;
const EVENTS_MAX = 20;
const OPEN_MAX = 32;
/** The heartbeat of a metric that the contract does not know, in seconds. */
const UNKNOWN_HEARTBEAT_S = 900;
/** A heartbeat may be late by this much before a value counts as stale. */
const STALE_MARGIN_MS = 60_000;
const UNKNOWN_DECIMALS = 2;

/** A value at a time: UTC in milliseconds since 1970, value in the metric's unit. */
export type Point = readonly [timeMs: number, value: number];

/** The newest value of a metric. */
export interface MetricView {
  /** SenML unit; empty for an index without one. */
  readonly unit: string;
  /** Decimals worth showing. */
  readonly decimals: number;
  readonly value: number;
  /** When it was measured. */
  readonly timeMs: number;
  /** Once it is older than this, nobody knows whether it still holds. */
  readonly staleAfterMs: number;
}

/** An event with the time when it happened. */
export interface EventView extends Omit<EventMessage, "t" | "seq"> {
  readonly timeMs: number;
  /** True where nobody knows when it happened: then `timeMs` is the latest that it can be. */
  readonly untimed?: true;
}

/** An event without what only its way to the city needed. */
export function eventView({
  event: { t: _t, seq: _seq, ...event },
  timeMs,
  untimed,
}: EventArrival): EventView {
  return { ...event, timeMs, ...(untimed ? { untimed } : {}) };
}

/** From when on a node's readings are of its present boot, in UTC milliseconds. */
export interface Measured {
  readonly boot: number;
  readonly fromMs: number;
}

/** A node as it is now; `null` and `unknown` stand for what it has not said yet. */
export interface NodeView {
  readonly node: string;
  readonly state: "online" | "offline" | "unknown";
  readonly reason: string | null;
  /** Since when it is in that state. */
  readonly sinceMs: number | null;
  readonly boot: number | null;
  readonly version: string | null;
  readonly board: string | null;
  /** The chips that answered when it started; absent until it has said so. */
  readonly chips?: readonly string[];
  /** Whether its last readings carried the time; absent until there are any. */
  readonly timed?: boolean;
  /** Readings from then on are of its present boot, those before of another, perhaps on another pole. */
  readonly measuredFromMs?: number;
  /** When something of it last arrived. */
  readonly heardMs: number;
  /** Faults and alarms that have not ended, oldest first. */
  readonly open: readonly EventView[];
  /** The last events, newest first. */
  readonly events: readonly EventView[];
  readonly health: HealthMessage | null;
  readonly metrics: Readonly<Record<string, MetricView>>;
  /** Absent until a crew has accepted the node on a pole. */
  readonly place?: PlaceMessage;
}

/** A node with the last hour of each metric, in order of time. */
export interface NodeHistory extends NodeView {
  /** The city's clock when it was asked, UTC in milliseconds: a phone's own may be wrong. */
  readonly nowMs: number;
  readonly history: Readonly<Record<string, readonly Point[]>>;
}

/** What changed of a node: the node as it is now, but only the metrics with new points. */
export interface NodeChange extends NodeView {
  readonly points: Readonly<Record<string, readonly Point[]>>;
}

/** Collects what changes, so that many messages become one update. */
export interface ChangeFeed {
  /** What changed since the last call. */
  take(): NodeChange[];
  close(): void;
}

export interface CityViewOptions {
  readonly city: string;
  /** The city's clock, UTC in milliseconds. Default: this computer's. */
  readonly now?: () => number;
}

/**
 * The newest of everything that the nodes of one city have said, and an hour of readings:
 * what a page shows. Memory is bounded for each node.
 */
export class CityView implements CityListener {
  readonly city: string;
  readonly #now: () => number;
  readonly #nodes = new Map<string, NodeState>();
  /** Also of nodes that were not heard yet. */
  readonly #places = new Map<string, PlaceMessage>();
  readonly #feeds = new Set<PendingChanges>();

  constructor(options: CityViewOptions) {
    this.city = options.city;
    this.#now = options.now ?? Date.now;
  }

  reading({ city, node, metric, unit, value, timeMs, untimed, boot }: Reading): void {
    // What was measured nobody knows when has no place beside what is known of now.
    if (city !== this.city || untimed) return;
    const state = this.#node(node);
    if (boot !== undefined) state.measured(boot, timeMs);
    if (!state.addReading(metric, unit, [timeMs, value], this.#now())) return;
    for (const feed of this.#feeds) feed.addPoint(node, metric, [timeMs, value]);
  }

  state({ city, node, state, arrivedMs }: StateArrival): void {
    if (city !== this.city) return;
    this.#node(node).setState(state, arrivedMs);
    this.#changed(node);
  }

  event(arrival: EventArrival): void {
    const { city, node } = arrival;
    if (city !== this.city) return;
    this.#node(node).addEvent(eventView(arrival));
    this.#changed(node);
  }

  clock({ city, node, timed }: ClockArrival): void {
    if (city === this.city) this.#node(node).timed = timed;
  }

  health({ city, node, health }: HealthArrival): void {
    if (city !== this.city) return;
    this.#node(node).healthMessage = health;
    this.#changed(node);
  }

  config({ city, node, report }: ConfigArrival): void {
    if (city === this.city) this.#node(node).configReport = report;
  }

  /** Takes what was known of a node when it was last heard, in an earlier run. */
  restore(memory: NodeMemory): void {
    const node = this.#node(memory.node);
    if (memory.measured) node.measured(memory.measured.boot, memory.measured.fromMs);
    if (memory.state) node.setState(memory.state.message, memory.state.arrivedMs);
    for (const event of memory.events) node.addEvent(event);
    node.healthMessage = memory.health ?? null;
    node.configReport = memory.config ?? null;
    node.timed = memory.timed;
    node.heardMs = memory.heardMs;
  }

  /** Takes a reading of an earlier run. */
  restoreReading({ node, metric, unit, timeMs, value, untimed }: StoredReading): void {
    if (!untimed) this.#nodes.get(node)?.addReading(metric, unit, [timeMs, value], this.#now());
  }

  /** Says where a node hangs; undefined for nowhere. */
  setPlace(node: string, place: PlaceMessage | undefined): void {
    const state = this.#nodes.get(node);
    if (place) this.#places.set(node, place);
    else this.#places.delete(node);
    if (!state) return;
    state.place = place;
    this.#changed(node);
  }

  /** The configuration that a node last reported; null for one that never did, undefined for no node. */
  configOf(node: string): ConfigReportMessage | null | undefined {
    return this.#nodes.get(node)?.configReport;
  }

  /** From when on a node's readings are of its present boot; undefined while nobody knows. */
  measuredOf(node: string): Measured | undefined {
    return this.#nodes.get(node)?.measuredFrom;
  }

  /** A node as it is now, if it was ever heard. */
  node(name: string): NodeView | undefined {
    return this.#nodes.get(name)?.view();
  }

  /** The city's clock, UTC in milliseconds. */
  now(): number {
    return this.#now();
  }

  /** Every node, by name. */
  nodes(): NodeView[] {
    return [...this.#nodes.values()]
      .map((node) => node.view())
      .sort((a, b) => (a.node < b.node ? -1 : 1));
  }

  /** One node with its history, or undefined for a node that was never heard. */
  history(node: string): NodeHistory | undefined {
    return this.#nodes.get(node)?.withHistory(this.#now());
  }

  /** Opens a feed of what changes from now on. */
  openFeed(): ChangeFeed {
    const feed = new PendingChanges();
    this.#feeds.add(feed);
    return {
      take: () => feed.take((node) => this.#nodes.get(node)?.view()),
      close: () => this.#feeds.delete(feed),
    };
  }

  #changed(node: string): void {
    for (const feed of this.#feeds) feed.add(node);
  }

  #node(name: string): NodeState {
    let node = this.#nodes.get(name);
    if (!node) this.#nodes.set(name, (node = new NodeState(name, this.#places.get(name))));
    node.heardMs = this.#now();
    return node;
  }
}

class PendingChanges {
  readonly #points = new Map<string, Map<string, Point[]>>();

  add(node: string): Map<string, Point[]> {
    let points = this.#points.get(node);
    if (!points) this.#points.set(node, (points = new Map()));
    return points;
  }

  addPoint(node: string, metric: string, point: Point): void {
    const metrics = this.add(node);
    const points = metrics.get(metric);
    if (!points) metrics.set(metric, [point]);
    else {
      points.push(point);
      if (points.length > HISTORY_POINTS_MAX) points.shift();
    }
  }

  take(viewOf: (node: string) => NodeView | undefined): NodeChange[] {
    const changes: NodeChange[] = [];
    for (const [node, points] of this.#points) {
      const view = viewOf(node);
      if (!view) continue;
      const metrics = Object.entries(view.metrics).filter(([metric]) => points.has(metric));
      changes.push({
        ...view,
        metrics: Object.fromEntries(metrics),
        points: Object.fromEntries(points),
      });
    }
    this.#points.clear();
    return changes;
  }
}

/** One metric's newest value and history. */
class MetricState {
  readonly unit: string;
  readonly #decimals: number;
  readonly #staleAfterMs: number;
  readonly #points: Point[] = [];
  #newest: Point;

  constructor(metric: string, unit: string, first: Point) {
    this.unit = unit;
    this.#decimals = findMetric(metric)?.decimals ?? UNKNOWN_DECIMALS;
    const heartbeatS = channelConfig({}, metric).report?.heartbeatS ?? UNKNOWN_HEARTBEAT_S;
    this.#staleAfterMs = heartbeatS * 1000 + STALE_MARGIN_MS;
    this.#newest = first;
  }

  add(point: Point, nowMs: number): void {
    if (point[0] >= this.#newest[0]) this.#newest = point;
    let at = this.#points.length;
    while (at > 0 && (this.#points[at - 1]?.[0] ?? 0) > point[0]) at--;
    this.#points.splice(at, 0, point);
    if (this.#points.length > HISTORY_POINTS_MAX) this.#points.shift();
    this.#forget(nowMs);
  }

  history(nowMs: number): readonly Point[] {
    this.#forget(nowMs);
    return [...this.#points];
  }

  view(): MetricView {
    return {
      unit: this.unit,
      decimals: this.#decimals,
      value: this.#newest[1],
      timeMs: this.#newest[0],
      staleAfterMs: this.#staleAfterMs,
    };
  }

  /** Keeps the last point before the hour, too: its value held when the hour began. */
  #forget(nowMs: number): void {
    const fromMs = nowMs - HISTORY_MS;
    let old = 0;
    while ((this.#points[old + 1]?.[0] ?? Infinity) <= fromMs) old++;
    if (old > 0) this.#points.splice(0, old);
  }
}

class NodeState {
  heardMs = 0;
  timed: boolean | undefined;
  measuredFrom: Measured | undefined;
  #chips: readonly string[] | undefined;
  healthMessage: HealthMessage | null = null;
  configReport: ConfigReportMessage | null = null;
  place: PlaceMessage | undefined;
  readonly #name: string;
  readonly #metrics = new Map<string, MetricState>();
  readonly #open = new Map<string, EventView>();
  #events: EventView[] = [];
  #status: Pick<NodeView, "state" | "reason" | "sinceMs" | "boot" | "version" | "board"> = {
    state: "unknown",
    reason: null,
    sinceMs: null,
    boot: null,
    version: null,
    board: null,
  };

  constructor(name: string, place: PlaceMessage | undefined) {
    this.#name = name;
    this.place = place;
  }

  /** False when the node has more metrics than are kept. */
  addReading(metric: string, unit: string, point: Point, nowMs: number): boolean {
    let state = this.#metrics.get(metric);
    if (!state || state.unit !== unit) {
      if (!state && this.#metrics.size >= METRICS_MAX) return false;
      this.#metrics.set(metric, (state = new MetricState(metric, unit, point)));
    }
    state.add(point, nowMs);
    return true;
  }

  setState(message: StateArrival["state"], arrivedMs: number): void {
    const old = this.#status;
    const { state, boot } = message;
    const goesOn = old.state === state && old.boot === boot;
    // A node that is told its pole stays what it was, since when it was.
    const reason = goesOn && message.reason === "placed" ? old.reason : message.reason;
    const same = goesOn && old.reason === reason;
    // What was wrong before a restart is found again after it, or is over.
    if (state === "online" && boot !== old.boot) this.#open.clear();
    // What it measured before it was connected has not arrived yet.
    if (state === "online" && boot !== this.measuredFrom?.boot)
      this.measuredFrom = { boot, fromMs: arrivedMs };
    this.#chips = message.chips ?? this.#chips;
    this.#status = {
      state,
      reason,
      boot,
      sinceMs: same ? old.sinceMs : arrivedMs,
      version: message.version ?? old.version,
      board: message.board ?? old.board,
    };
  }

  /** Takes note that something was measured in a boot; what an earlier one left may come late. */
  measured(boot: number, timeMs: number): void {
    const known = this.measuredFrom;
    if (known && (boot < known.boot || (boot === known.boot && timeMs >= known.fromMs))) return;
    this.measuredFrom = { boot, fromMs: timeMs };
  }

  addEvent(event: EventView): void {
    this.#events = [event, ...this.#events]
      .sort((a, b) => b.timeMs - a.timeMs)
      .slice(0, EVENTS_MAX);
    if (this.#status.boot !== null && event.boot < this.#status.boot) return;
    // Of a lamp it is the reason that tells one fault from another.
    const subject = event.chip ?? event.channel ?? event.reason ?? "";
    const [kind, change] = [event.event.split("-")[0], event.event.split("-")[1]];
    const key = `${kind} ${subject}`;
    if (change === "ok" || change === "cleared") this.#open.delete(key);
    else if (this.#open.size < OPEN_MAX || this.#open.has(key)) this.#open.set(key, event);
  }

  view(): NodeView {
    return {
      node: this.#name,
      ...this.#status,
      ...(this.#chips === undefined ? {} : { chips: this.#chips }),
      ...(this.timed === undefined ? {} : { timed: this.timed }),
      ...(this.measuredFrom ? { measuredFromMs: this.measuredFrom.fromMs } : {}),
      heardMs: this.heardMs,
      open: [...this.#open.values()],
      events: this.#events,
      health: this.healthMessage,
      metrics: Object.fromEntries([...this.#metrics].map(([name, state]) => [name, state.view()])),
      ...(this.place === undefined ? {} : { place: this.place }),
    };
  }

  withHistory(nowMs: number): NodeHistory {
    const history = [...this.#metrics].map(([name, state]) => [name, state.history(nowMs)]);
    return {
      ...this.view(),
      nowMs,
      history: Object.fromEntries(history) as NodeHistory["history"],
    };
  }
}
