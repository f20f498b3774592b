import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, chmodSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import sqlite, { type Database } from "node-sqlite3-wasm";
import { InputError } from "../inputError";
import { takeFileLock } from "../inventory/fileLock";
import { InventoryError } from "../inventory/inventoryError";
import { SCHEMA } from "./schema";

/** Marks the file as a city's history: "SNCH" (SQLite, `PRAGMA application_id`). */
const APPLICATION_ID = 0x534e4348;
const INSTALLATION_BYTES = 8;
/** A second server is told so at once; a check of the file by hand takes less. */
const LOCK_PATIENCE_MS = 1000;

/**
 * As the inventory's, for the same reasons (`src/inventory/database.ts`): a write-ahead log,
 * held exclusively. FULL: what was acknowledged outlives a power cut, too.
 */
const SETTINGS = `
  PRAGMA locking_mode = EXCLUSIVE;
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  PRAGMA foreign_keys = ON;
`;

/** The server's own database, open and held as long as the server runs. */
export interface CityDatabase {
  readonly db: Database;
  /**
   * Made by chance with the file: what tells this server from another one of the same city, which must
   * not work with a copy of the file. Empty for a file that is older than this.
   */
  readonly installation: string;
  /** Does `work` wholly or not at all; it is on disk when this returns. */
  transact<T>(work: () => T): T;
  close(): void;
}

/**
 * Opens the database of a city, and makes it when there is none.
 *
 * @throws InputError when it is another city's, another program's, in use, or cannot be used
 */
export function openCityDatabase(file: string, city: string): CityDatabase {
  const release = held(file);
  let db: Database | undefined;
  try {
    // The library's own lock, left by a process that was killed: nobody else is here.
    rmSync(`${file}.lock`, { recursive: true, force: true });
    const isNew = !existsSync(file);
    const opened = new sqlite.Database(file);
    db = opened;
    chmodSync(file, 0o600);
    opened.exec(SETTINGS);
    const transact = <T>(work: () => T): T => {
      opened.exec("BEGIN IMMEDIATE");
      try {
        const result = work();
        opened.exec("COMMIT");
        return result;
      } catch (error) {
        if (opened.inTransaction) opened.exec("ROLLBACK");
        throw error;
      }
    };
    // Killed while it was being made, the file is there but empty.
    const empty = isNew || numberOf(opened, "PRAGMA application_id") === 0;
    if (empty && numberOf(opened, "SELECT count(*) AS n FROM sqlite_schema") === 0)
      transact(() => {
        opened.exec(`PRAGMA application_id = ${APPLICATION_ID}`);
        opened.run("PRAGMA user_version = 0");
      });
    if (numberOf(opened, "PRAGMA application_id") !== APPLICATION_ID)
      throw new InputError(`${file} is a database, but no history of Streetnode`);
    transact(() => migrate(opened, file, city));
    return {
      db: opened,
      installation: String(factOf(opened, "installation")),
      transact,
      close: () => {
        opened.close();
        release();
      },
    };
  } catch (error) {
    if (db?.isOpen) db.close();
    release();
    if (!(error instanceof sqlite.SQLite3Error)) throw error;
    throw new InputError(`the history ${file} cannot be used: ${error.message}`);
  }
}

function held(file: string): () => void {
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    return takeFileLock(file, LOCK_PATIENCE_MS);
  } catch (error) {
    if (error instanceof InventoryError) throw new InputError(error.message);
    throw new InputError(`the history ${file} cannot be used: ${(error as Error).message}`);
  }
}

function migrate(db: Database, file: string, city: string): void {
  const version = numberOf(db, "PRAGMA user_version");
  if (version > SCHEMA.length)
    throw new InputError(
      `the history ${file} was made by a newer version of Streetnode: update Streetnode`,
    );
  for (const step of SCHEMA.slice(version)) db.exec(step);
  if (version < SCHEMA.length) db.exec(`PRAGMA user_version = ${SCHEMA.length}`);
  const isOld = factOf(db, "city") !== undefined;
  const installation = isOld ? "" : randomBytes(INSTALLATION_BYTES).toString("hex");
  db.run("INSERT OR IGNORE INTO facts VALUES ('installation', ?)", installation);
  db.run("INSERT OR IGNORE INTO facts VALUES ('city', ?)", city);
  const known = factOf(db, "city");
  if (known !== city)
    throw new InputError(`${file} is the history of ${String(known)}, not of ${city}`);
}

function factOf(db: Database, name: string): unknown {
  return db.get("SELECT value FROM facts WHERE name = ?", name)?.["value"];
}

function numberOf(db: Database, sql: string): number {
  return Number(Object.values(db.get(sql) ?? {})[0]);
}
