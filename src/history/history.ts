import type {
  ConfigReportMessage,
  HealthMessage,
  StateMessage,
} from "../../devs/contract/messages";
import type { EventView, Measured, Point } from "../city/cityView";
import type { EventArrival, NodeSequenceState, Reading, StateArrival } from "../city/receiver";
import type { AuditLine, VisitView } from "../web/api";

/**
 * What the city remembers, durably. The server knows no more of its storage than this: one
 * SQLite file in the box, or a database of its own for a big city.
 */
export interface History {
  /** Stores a batch wholly or not at all; it is on disk when this resolves. */
  write(batch: HistoryBatch): Promise<void>;

  /**
   * Readings of one metric from `fromMs` up to `toMs`, and the one before, whose value held
   * at the beginning; thinned to `pointsMax`, each stretch's extremes kept. Undefined where
   * the node never sent that metric.
   */
  series(
    node: string,
    metric: string,
    range: TimeRange,
    pointsMax: number,
  ): Promise<Series | undefined>;

  /** Events of a node, newest first. */
  events(node: string, range: TimeRange, most: number): Promise<EventView[]>;

  /** Every reading of a range, by node, metric and time, in portions that fit into memory. */
  readings(filter: ReadingFilter): AsyncIterable<readonly StoredReading[]>;

  /** Every node that was ever heard, as it was last. */
  nodes(): Promise<NodeMemory[]>;

  /** The newest reading of every metric whose time is known, and all since then. */
  recentReadings(sinceMs: number): AsyncIterable<readonly StoredReading[]>;

  /** Stores a visit with its audit line. False, and nothing else, when its id is there already. */
  addVisit(visit: VisitView, photo: Uint8Array | undefined): Promise<boolean>;

  /** Visits, newest first: of one node, or of all. */
  visits(node: string | undefined, most: number): Promise<VisitView[]>;

  /** The visit with this id. */
  visit(id: string): Promise<VisitView | undefined>;

  /** The JPEG of a visit. */
  photo(id: string): Promise<Uint8Array | undefined>;

  /** Adds a line to the audit log; it is on disk when this resolves. */
  audit(line: AuditLine): Promise<void>;

  /** The audit log, newest first. */
  auditLines(most: number): Promise<AuditLine[]>;

  /**
   * One small step of forgetting what is older than `beforeMs`. Visits stay.
   *
   * @returns whether there may be more to forget
   */
  forget(beforeMs: number): Promise<boolean>;

  close(): Promise<void>;
}

/** From `fromMs`, included, up to `toMs`, not included; UTC in milliseconds. */
export interface TimeRange {
  readonly fromMs: number;
  readonly toMs: number;
}

/** What arrived since the last batch. */
export interface HistoryBatch {
  readonly readings: readonly Reading[];
  readonly events: readonly EventArrival[];
  readonly states: readonly StateArrival[];
  /** What is newest of each node that said anything. */
  readonly nodes: ReadonlyMap<string, NodeUpdate>;
}

/** The newest of a node; what is left out stays as it was. */
export interface NodeUpdate {
  heardMs: number;
  /** Whether its last readings carried the time. */
  timed?: boolean;
  health?: HealthMessage;
  config?: ConfigReportMessage;
  /** From when on its readings are of its present boot. */
  measured?: Measured;
  /** With the sequence numbers in the same batch as the readings, no message counts twice. */
  sequences?: NodeSequenceState;
}

/** A node as it was when it was last heard. */
export interface NodeMemory {
  readonly node: string;
  readonly heardMs: number;
  readonly state?: { readonly message: StateMessage; readonly arrivedMs: number };
  readonly timed?: boolean;
  readonly health?: HealthMessage;
  readonly config?: ConfigReportMessage;
  readonly measured?: Measured;
  readonly sequences?: NodeSequenceState;
  /** Events of its last boot, oldest first. */
  readonly events: readonly EventView[];
}

/** A metric's readings in order of time, without those of which nobody knows when they were made. */
export interface Series {
  /** SenML unit; empty for an index without one. */
  readonly unit: string;
  readonly points: readonly Point[];
}

/** Which readings; without a node or a metric, those of all. */
export interface ReadingFilter extends TimeRange {
  readonly node?: string | undefined;
  readonly metric?: string | undefined;
}

/** A reading as it was stored. */
export interface StoredReading {
  readonly node: string;
  readonly metric: string;
  readonly unit: string;
  readonly timeMs: number;
  readonly value: number;
  /** True where nobody knows when it was measured: then `timeMs` is the latest that it can be. */
  readonly untimed: boolean;
}
