import type { Database } from "node-sqlite3-wasm";
import { InventoryError } from "./inventoryError";

/**
 * The steps from one version of the tables to the next: the first makes version 1 of an
 * empty file. A step that has been released is never changed; a new one is added.
 *
 * Times are milliseconds since 1970 in UTC. `password` is the clear password while a board
 * still has to get it, and NULL after; `password_hash` and `rabbitmq_hash` are what brokers are given.
 */
export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE nodes (
    name TEXT PRIMARY KEY,
    city TEXT NOT NULL,
    board TEXT NOT NULL,
    pole TEXT,
    mac TEXT UNIQUE,
    state TEXT NOT NULL
      CHECK (state IN ('new', 'flashing', 'flashed', 'failed', 'installed', 'retired')),
    reason TEXT,
    password TEXT,
    password_hash TEXT NOT NULL,
    rabbitmq_hash TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    changed_ms INTEGER NOT NULL
  ) STRICT;

  CREATE TABLE people (
    name TEXT PRIMARY KEY,
    role TEXT NOT NULL CHECK (role IN ('centre', 'crew')),
    password TEXT,
    password_hash TEXT NOT NULL,
    rabbitmq_hash TEXT NOT NULL,
    created_ms INTEGER NOT NULL
  ) STRICT;

  CREATE TABLE audit (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at_ms INTEGER NOT NULL,
    who TEXT NOT NULL,
    what TEXT NOT NULL,
    name TEXT,
    detail TEXT
  ) STRICT;

  CREATE TABLE exports (
    folder TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('mosquitto', 'emqx', 'rabbitmq')),
    PRIMARY KEY (folder, kind)
  ) STRICT;
  `,
  // People who sign in at the pages: `sign_in` is what is kept of their password there. Who
  // does not connect to the broker has no hashes for it.
  `
  CREATE TABLE people_now (
    name TEXT PRIMARY KEY,
    role TEXT NOT NULL CHECK (role IN ('centre', 'viewer', 'crew', 'technician', 'operator')),
    password TEXT,
    password_hash TEXT,
    rabbitmq_hash TEXT,
    sign_in TEXT,
    created_ms INTEGER NOT NULL
  ) STRICT;
  INSERT INTO people_now
    SELECT name, role, password, password_hash, rabbitmq_hash, NULL, created_ms FROM people;
  DROP TABLE people;
  ALTER TABLE people_now RENAME TO people;
  `,
  // Updates over the air: see `src/ota/otaStore.ts`.
  `
  CREATE TABLE update_keys (
    node TEXT PRIMARY KEY,
    key TEXT NOT NULL,
    created_ms INTEGER NOT NULL
  ) STRICT;

  CREATE TABLE signers (
    id TEXT PRIMARY KEY,
    public_key TEXT NOT NULL,
    added_ms INTEGER NOT NULL
  ) STRICT;

  CREATE TABLE images (
    hash TEXT PRIMARY KEY,
    version TEXT NOT NULL,
    file BLOB NOT NULL,
    added_ms INTEGER NOT NULL
  ) STRICT;

  CREATE TABLE node_programs (
    node TEXT PRIMARY KEY,
    wanted TEXT,
    good TEXT,
    forced INTEGER NOT NULL DEFAULT 0
  ) STRICT;

  CREATE TABLE rollouts (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    image TEXT NOT NULL,
    plan TEXT NOT NULL,
    state TEXT NOT NULL,
    stage INTEGER NOT NULL,
    wish TEXT,
    reason TEXT,
    created_ms INTEGER NOT NULL,
    changed_ms INTEGER NOT NULL
  ) STRICT;

  CREATE TABLE rollout_nodes (
    rollout INTEGER NOT NULL,
    node TEXT NOT NULL,
    stage INTEGER NOT NULL,
    state TEXT NOT NULL,
    program_before TEXT NOT NULL,
    channels TEXT NOT NULL,
    missing TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    boot INTEGER,
    since_ms INTEGER NOT NULL,
    detail TEXT,
    PRIMARY KEY (rollout, node)
  ) STRICT;
  `,
  "ALTER TABLE rollout_nodes ADD COLUMN left_ms INTEGER",
];

/**
 * Brings the tables up to date, inside the transaction that is open.
 *
 * @throws InventoryError when they are of a later version than these steps know
 */
export function migrate(db: Database, steps: readonly string[], file: string): void {
  const version = Number(db.get("PRAGMA user_version")?.["user_version"]);
  if (version > steps.length)
    throw new InventoryError(
      "unusable",
      `the inventory ${file} was made by a newer version of Streetnode (tables ${version}, known are ${steps.length}): update Streetnode`,
    );
  if (version === steps.length) return;
  for (const step of steps.slice(version)) db.exec(step);
  db.exec(`PRAGMA user_version = ${steps.length}`);
}
