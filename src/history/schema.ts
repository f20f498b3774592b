/**
 * The steps from one version of the tables to the next: the first makes version 1 of an
 * empty file. A step that has been released is never changed; a new one is added.
 *
 * Times are milliseconds since 1970 in UTC; columns that end in `json` hold what came as it came.
 */
export const SCHEMA: readonly string[] = [
  `
  CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

  CREATE TABLE nodes (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    heard_ms INTEGER NOT NULL,
    timed INTEGER,
    health_json TEXT,
    config_json TEXT,
    sequences_json TEXT
  ) STRICT;

  CREATE TABLE series (
    id INTEGER PRIMARY KEY,
    node INTEGER NOT NULL REFERENCES nodes,
    metric TEXT NOT NULL,
    unit TEXT NOT NULL,
    UNIQUE (node, metric)
  ) STRICT;

  -- A metric has one value at a time. Without a row number a reading takes half the room.
  CREATE TABLE readings (
    series INTEGER NOT NULL,
    time_ms INTEGER NOT NULL,
    value REAL NOT NULL,
    untimed INTEGER,
    PRIMARY KEY (series, time_ms)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE events (
    id INTEGER PRIMARY KEY,
    node INTEGER NOT NULL REFERENCES nodes,
    time_ms INTEGER NOT NULL,
    boot INTEGER NOT NULL,
    event_json TEXT NOT NULL
  ) STRICT;
  CREATE INDEX events_of_node ON events (node, time_ms);

  CREATE TABLE states (
    id INTEGER PRIMARY KEY,
    node INTEGER NOT NULL REFERENCES nodes,
    at_ms INTEGER NOT NULL,
    state_json TEXT NOT NULL
  ) STRICT;
  CREATE INDEX states_of_node ON states (node, id);

  CREATE TABLE visits (
    id TEXT PRIMARY KEY,
    node TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    visit_json TEXT NOT NULL,
    photo BLOB
  ) STRICT;
  CREATE INDEX visits_by_time ON visits (at_ms);

  CREATE TABLE audit (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at_ms INTEGER NOT NULL,
    who TEXT NOT NULL,
    what TEXT NOT NULL,
    name TEXT,
    detail TEXT
  ) STRICT;

  CREATE TABLE sessions (
    token_hash TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    credential TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    used_ms INTEGER NOT NULL
  ) STRICT;
  `,
  "ALTER TABLE nodes ADD COLUMN measured_json TEXT",
];
