import type { Database, QueryResult, Statement } from "node-sqlite3-wasm";
import { eventView, type EventView } from "../city/cityView";
import type { Reading } from "../city/receiver";
import type { AuditLine, VisitView } from "../web/api";
import type { CityDatabase } from "./cityDatabase";
import type {
  History,
  HistoryBatch,
  NodeMemory,
  NodeUpdate,
  ReadingFilter,
  Series,
  StoredReading,
  TimeRange,
} from "./history";
import { Thinning } from "./thin";

/** Readings taken into memory at once. */
const PORTION = 5000;
/** Rows forgotten in one step: some milliseconds of work. */
const FORGET_STEP = 2000;
/** Metrics of nodes looked at in one step. */
const FORGET_SERIES = 100;
/** Events of a node's last boot that can be still open. */
const OPEN_EVENTS_MAX = 500;
/** Who did what is kept for two years, whatever else is forgotten. */
const AUDIT_KEEP_MS = 2 * 365 * 24 * 3600_000;
const SECOND_MS = 1000;

/** The history in one SQLite file on this machine. */
export class SqliteHistory implements History {
  readonly #database: CityDatabase;
  readonly #db: Database;
  /** Identifiers of nodes, and of series by `{node}/{metric}`: as many as the city has. */
  readonly #nodeIds = new Map<string, number>();
  readonly #seriesIds = new Map<string, number>();
  /** The series that is looked at next for old readings. */
  #forgetFrom = 0;

  constructor(database: CityDatabase) {
    this.#database = database;
    this.#db = database.db;
  }

  async write(batch: HistoryBatch): Promise<void> {
    // Once it has failed, this statement cannot be used again: every batch has one of its own.
    const insert = this.#db.prepare(
      "INSERT INTO readings VALUES (?, ?, ?, ?) ON CONFLICT (series, time_ms) DO NOTHING",
    );
    try {
      this.#database.transact(() => {
        for (const [node, update] of batch.nodes) this.#updateNode(node, update);
        for (const reading of batch.readings) this.#addReading(insert, reading);
        for (const arrival of batch.events) {
          this.#db.run("INSERT INTO events (node, time_ms, boot, event_json) VALUES (?, ?, ?, ?)", [
            this.#nodeId(arrival.node),
            arrival.timeMs,
            arrival.event.boot,
            JSON.stringify(eventView(arrival)),
          ]);
        }
        for (const { node, state, arrivedMs } of batch.states)
          this.#addState(node, JSON.stringify(state), arrivedMs);
      });
    } catch (error) {
      // What was taken back may have given these numbers out.
      this.#nodeIds.clear();
      this.#seriesIds.clear();
      throw error;
    } finally {
      insert.finalize();
    }
  }

  async series(
    node: string,
    metric: string,
    { fromMs, toMs }: TimeRange,
    pointsMax: number,
  ): Promise<Series | undefined> {
    const row = this.#db.get(
      "SELECT series.id, unit FROM series JOIN nodes ON nodes.id = node WHERE name = ? AND metric = ?",
      [node, metric],
    );
    if (!row) return undefined;
    const id = Number(row["id"]);
    const thinning = new Thinning(fromMs, toMs, pointsMax);
    const before = this.#db.get(
      "SELECT time_ms, value FROM readings WHERE series = ? AND time_ms < ? AND untimed IS NULL ORDER BY time_ms DESC LIMIT 1",
      [id, fromMs],
    );
    if (before) thinning.add([Number(before["time_ms"]), Number(before["value"])]);
    const statement = this.#db.prepare(
      "SELECT time_ms, value FROM readings WHERE series = ? AND time_ms >= ? AND time_ms < ? AND untimed IS NULL ORDER BY time_ms",
    );
    try {
      for (const each of statement.iterate([id, fromMs, toMs]))
        thinning.add([Number(each["time_ms"]), Number(each["value"])]);
    } finally {
      statement.finalize();
    }
    return { unit: String(row["unit"]), points: thinning.points() };
  }

  async events(node: string, { fromMs, toMs }: TimeRange, most: number): Promise<EventView[]> {
    return this.#db
      .all(
        `SELECT event_json FROM events JOIN nodes ON nodes.id = node
         WHERE name = ? AND time_ms >= ? AND time_ms < ? ORDER BY time_ms DESC, events.id DESC LIMIT ?`,
        [node, fromMs, toMs, most],
      )
      .map((row) => parsed(row, "event_json"));
  }

  async *readings(filter: ReadingFilter): AsyncGenerator<readonly StoredReading[]> {
    for (const series of this.#seriesOf(filter)) {
      let fromMs = filter.fromMs;
      for (;;) {
        const portion = this.#portion(series, fromMs, filter.toMs);
        if (portion.length > 0) yield portion;
        if (portion.length < PORTION) break;
        fromMs = (portion.at(-1) as StoredReading).timeMs + 1;
      }
    }
  }

  async *recentReadings(sinceMs: number): AsyncGenerator<readonly StoredReading[]> {
    for (const series of this.#seriesOf({})) {
      const newest = this.#db.get(
        "SELECT time_ms AS newest FROM readings WHERE series = ? AND untimed IS NULL ORDER BY time_ms DESC LIMIT 1",
        series.id,
      )?.["newest"];
      if (newest === null || newest === undefined) continue;
      const portion = this.#portion(series, Math.min(sinceMs, Number(newest)), Infinity);
      if (portion.length > 0) yield portion;
    }
  }

  async nodes(): Promise<NodeMemory[]> {
    return this.#db.all("SELECT * FROM nodes ORDER BY name").map((row) => {
      const id = Number(row["id"]);
      const state = this.#lastState(id);
      const boot = this.#db.get("SELECT max(boot) AS boot FROM events WHERE node = ?", id)?.[
        "boot"
      ];
      const events = this.#db
        .all("SELECT event_json FROM events WHERE node = ? AND boot = ? ORDER BY id DESC LIMIT ?", [
          id,
          Number(boot ?? -1),
          OPEN_EVENTS_MAX,
        ])
        .map((each) => parsed<EventView>(each, "event_json"))
        .reverse();
      return {
        node: String(row["name"]),
        heardMs: Number(row["heard_ms"]),
        ...(state
          ? {
              state: { message: parsed(state, "state_json"), arrivedMs: Number(state["at_ms"]) },
            }
          : {}),
        ...(row["timed"] === null ? {} : { timed: row["timed"] === 1 }),
        ...optional(row, "health"),
        ...optional(row, "config"),
        ...optional(row, "measured"),
        ...optional(row, "sequences"),
        events,
      };
    });
  }

  async addVisit(visit: VisitView, photo: Uint8Array | undefined): Promise<boolean> {
    return this.#database.transact(() => {
      const { changes } = this.#db.run(
        "INSERT INTO visits VALUES (?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING",
        [visit.id, visit.node, visit.atMs, JSON.stringify(visit), photo ?? null],
      );
      if (changes === 0) return false;
      this.#addAudit({
        atMs: visit.receivedMs,
        who: visit.by,
        what: visit.kind,
        name: visit.node,
        detail: detailOf(visit),
      });
      return true;
    });
  }

  async visits(node: string | undefined, most: number): Promise<VisitView[]> {
    return (
      node === undefined
        ? this.#db.all(
            "SELECT visit_json FROM visits ORDER BY at_ms DESC, rowid DESC LIMIT ?",
            most,
          )
        : this.#db.all(
            `SELECT visit_json FROM visits WHERE node = ?1 OR visit_json ->> 'replaces' = ?1
             ORDER BY at_ms DESC, rowid DESC LIMIT ?2`,
            [node, most],
          )
    ).map((row) => parsed(row, "visit_json"));
  }

  async visit(id: string): Promise<VisitView | undefined> {
    const row = this.#db.get("SELECT visit_json FROM visits WHERE id = ?", id);
    return row ? parsed(row, "visit_json") : undefined;
  }

  async photo(id: string): Promise<Uint8Array | undefined> {
    const photo = this.#db.get("SELECT photo FROM visits WHERE id = ?", id)?.["photo"];
    return photo instanceof Uint8Array ? photo : undefined;
  }

  async audit(line: AuditLine): Promise<void> {
    this.#database.transact(() => this.#addAudit(line));
  }

  async auditLines(most: number): Promise<AuditLine[]> {
    return this.#db.all("SELECT * FROM audit ORDER BY id DESC LIMIT ?", most).map((row) => ({
      atMs: Number(row["at_ms"]),
      who: String(row["who"]),
      what: String(row["what"]),
      name: textOrNull(row["name"]),
      detail: textOrNull(row["detail"]),
    }));
  }

  async forget(beforeMs: number): Promise<boolean> {
    return this.#database.transact(() => {
      let left = FORGET_STEP;
      const series = this.#db.all("SELECT id FROM series WHERE id > ? ORDER BY id LIMIT ?", [
        this.#forgetFrom,
        FORGET_SERIES,
      ]);
      for (const row of series) {
        const id = Number(row["id"]);
        left -= this.#forgetReadings(id, beforeMs, left);
        if (left <= 0) return true;
        this.#forgetFrom = id;
      }
      if (series.length > 0) return true;
      this.#forgetFrom = 0;
      for (const [table, column, fromMs] of [
        ["events", "time_ms", beforeMs],
        ["states", "at_ms", beforeMs],
        ["audit", "at_ms", beforeMs - AUDIT_KEEP_MS],
      ] as const)
        this.#db.run(
          `DELETE FROM ${table} WHERE id IN (SELECT id FROM ${table} WHERE ${column} < ? LIMIT ?)`,
          [fromMs, FORGET_STEP],
        );
      return false;
    });
  }

  async close(): Promise<void> {
    this.#database.close();
  }

  /** @returns how many */
  #forgetReadings(series: number, beforeMs: number, most: number): number {
    return this.#db.run(
      `DELETE FROM readings WHERE series = ?1 AND time_ms < min(?2, coalesce(
         (SELECT time_ms FROM readings WHERE series = ?1 ORDER BY time_ms LIMIT 1 OFFSET ?3), ?2))`,
      [series, beforeMs, most],
    ).changes;
  }

  #updateNode(node: string, update: NodeUpdate): void {
    const id = this.#nodeId(node);
    this.#db.run(
      `UPDATE nodes SET heard_ms = ?, timed = coalesce(?, timed), health_json = coalesce(?, health_json),
         config_json = coalesce(?, config_json), measured_json = coalesce(?, measured_json),
         sequences_json = coalesce(?, sequences_json)
       WHERE id = ?`,
      [
        update.heardMs,
        flag(update.timed),
        text(update.health),
        text(update.config),
        text(update.measured),
        text(update.sequences),
        id,
      ],
    );
  }

  /**
   * Nodes send whole seconds. What a metric says twice in one is two readings where the values
   * differ, a millisecond apart in the order in which they came, and the same one where not.
   */
  #addReading(insert: Statement, { node, metric, unit, timeMs, value, untimed }: Reading): void {
    const series = this.#seriesId(node, metric, unit);
    const mark = untimed ? 1 : null;
    if (insert.run([series, timeMs, value, mark]).changes > 0) return;
    const there = this.#db.get(
      `SELECT max(time_ms) AS last, max(value = ?2) AS same FROM readings
       WHERE series = ?1 AND time_ms >= ?3 AND time_ms < ?4`,
      [series, value, timeMs, timeMs + SECOND_MS],
    );
    const nextMs = Number(there?.["last"]) + 1;
    if (!there?.["same"] && nextMs < timeMs + SECOND_MS) insert.run([series, nextMs, value, mark]);
  }

  /** A broker repeats the state that it keeps at every connection: that is no news. */
  #addState(node: string, stateJson: string, atMs: number): void {
    const id = this.#nodeId(node);
    if (this.#lastState(id)?.["state_json"] === stateJson) return;
    this.#db.run("INSERT INTO states (node, at_ms, state_json) VALUES (?, ?, ?)", [
      id,
      atMs,
      stateJson,
    ]);
  }

  #lastState(node: number): QueryResult | null {
    return this.#db.get("SELECT * FROM states WHERE node = ? ORDER BY id DESC LIMIT 1", node);
  }

  #nodeId(name: string): number {
    const known = this.#nodeIds.get(name);
    if (known !== undefined) return known;
    this.#db.run("INSERT OR IGNORE INTO nodes (name, heard_ms) VALUES (?, 0)", name);
    const id = Number(this.#db.get("SELECT id FROM nodes WHERE name = ?", name)?.["id"]);
    this.#nodeIds.set(name, id);
    return id;
  }

  #seriesId(node: string, metric: string, unit: string): number {
    const key = `${node}/${metric}`;
    const known = this.#seriesIds.get(key);
    if (known !== undefined) return known;
    const nodeId = this.#nodeId(node);
    const row = this.#db.get(
      `INSERT INTO series (node, metric, unit) VALUES (?, ?, ?)
       ON CONFLICT DO UPDATE SET unit = excluded.unit RETURNING id`,
      [nodeId, metric, unit],
    );
    const id = Number(row?.["id"]);
    this.#seriesIds.set(key, id);
    return id;
  }

  #seriesOf({ node, metric }: Pick<ReadingFilter, "node" | "metric">): StoredSeries[] {
    return this.#db
      .all(
        `SELECT series.id, name, metric, unit FROM series JOIN nodes ON nodes.id = node
         WHERE (?1 IS NULL OR name = ?1) AND (?2 IS NULL OR metric = ?2) ORDER BY name, metric`,
        [node ?? null, metric ?? null],
      )
      .map((row) => ({
        id: Number(row["id"]),
        node: String(row["name"]),
        metric: String(row["metric"]),
        unit: String(row["unit"]),
      }));
  }

  #portion({ id, ...series }: StoredSeries, fromMs: number, toMs: number): StoredReading[] {
    return this.#db
      .all(
        "SELECT * FROM readings WHERE series = ? AND time_ms >= ? AND time_ms < ? ORDER BY time_ms LIMIT ?",
        [id, fromMs, Math.min(toMs, Number.MAX_SAFE_INTEGER), PORTION],
      )
      .map((row) => ({
        ...series,
        timeMs: Number(row["time_ms"]),
        value: Number(row["value"]),
        untimed: row["untimed"] !== null,
      }));
  }

  #addAudit({ atMs, who, what, name, detail }: AuditLine): void {
    this.#db.run("INSERT INTO audit (at_ms, who, what, name, detail) VALUES (?, ?, ?, ?, ?)", [
      atMs,
      who,
      what,
      name,
      detail,
    ]);
  }
}

function detailOf({ pole, replaces, enteredBy, despite }: VisitView): string {
  return [
    replaces === undefined ? `pole ${pole}` : `pole ${pole} for ${replaces}`,
    ...(enteredBy === undefined ? [] : [`entered by ${enteredBy}`]),
    ...(despite === undefined ? [] : [`despite: ${despite}`]),
  ].join(", ");
}

interface StoredSeries {
  readonly id: number;
  readonly node: string;
  readonly metric: string;
  readonly unit: string;
}

function parsed<T>(row: QueryResult, column: string): T {
  return JSON.parse(String(row[column])) as T;
}

function optional<K extends string>(row: QueryResult, name: K): object {
  const column = `${name}_json`;
  return row[column] === null ? {} : { [name]: parsed(row, column) };
}

function text(value: object | undefined): string | null {
  return value === undefined ? null : JSON.stringify(value);
}

function flag(value: boolean | undefined): number | null {
  return value === undefined ? null : Number(value);
}

function textOrNull(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}
