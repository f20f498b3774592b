import {
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import sqlite, { type Database } from "node-sqlite3-wasm";
import { syncFolder } from "../replaceFile";
import { withFileLock } from "./fileLock";
import { InventoryError } from "./inventoryError";
import { migrate, MIGRATIONS } from "./schema";

/** Marks the file as an inventory: "SNIV" (SQLite, `PRAGMA application_id`). */
const APPLICATION_ID = 0x534e4956;

/**
 * How the file is kept whole. node-sqlite3-wasm cannot roll back a hot journal: its VFS
 * takes its own lock for another process's, so after a crash in SQLite's default journal
 * mode half a transaction stays. A write-ahead log needs no such look, and works in this
 * build while the file is held exclusively. Without secure_delete a password that was
 * removed would stay in the file's free pages.
 */
const SETTINGS = `
  PRAGMA locking_mode = EXCLUSIVE;
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  PRAGMA secure_delete = ON;
  PRAGMA application_id;
`;

/**
 * One transaction on an inventory: it is opened, `work` is done wholly or not at all, and
 * it is closed with everything on disk. It is not kept open, so that the flasher, the
 * label printer and a server can use one inventory side by side.
 *
 * @throws InventoryError when there is none, when it cannot be used, or when it is busy
 */
export function transact<T>(file: string, work: (db: Database) => T): T {
  if (!existsSync(file))
    throw new InventoryError(
      "missing",
      `there is no inventory at ${file}: streetnode provision makes one`,
    );
  return whileHeld(file, () => {
    hideFromOthers(file);
    return using(file, work);
  });
}

/** Makes an empty inventory when there is none. It appears complete or not at all. */
export function createIfMissing(file: string): void {
  if (existsSync(file)) return;
  withAccess(file, () => mkdirSync(dirname(file), { recursive: true, mode: 0o700 }));
  whileHeld(file, () => {
    if (existsSync(file)) return;
    const draft = `${file}.draft`;
    // A crash may have left one.
    for (const name of readdirSync(dirname(file)))
      if (name.startsWith(basename(draft)))
        rmSync(join(dirname(file), name), { recursive: true, force: true });
    closeSync(openSync(draft, "wx", 0o600));
    using(draft, (db) => db.exec(`PRAGMA application_id = ${APPLICATION_ID}`), true);
    renameSync(draft, file);
    syncFolder(dirname(file));
  });
}

function whileHeld<T>(file: string, work: () => T): T {
  return withAccess(file, () =>
    withFileLock(file, () => {
      // The library's own lock, left by a process that was killed: nobody else is here.
      rmSync(`${file}.lock`, { recursive: true, force: true });
      return work();
    }),
  );
}

function using<T>(file: string, work: (db: Database) => T, isNew = false): T {
  let db: Database | undefined;
  try {
    db = new sqlite.Database(file, { fileMustExist: true });
    db.exec(SETTINGS);
    if (!isNew) checkKind(db, file);
    db.exec("BEGIN IMMEDIATE");
    migrate(db, MIGRATIONS, file);
    const result = work(db);
    db.exec("COMMIT");
    return result;
  } catch (error) {
    if (!(error instanceof sqlite.SQLite3Error)) throw error;
    throw new InventoryError("unusable", `the inventory ${file} cannot be used: ${error.message}`);
  } finally {
    // Closing what has not been committed takes it back.
    if (db?.isOpen) db.close();
  }
}

function checkKind(db: Database, file: string): void {
  const id = db.get("PRAGMA application_id")?.["application_id"];
  if (id !== APPLICATION_ID)
    throw new InventoryError("unusable", `${file} is a database, but no inventory of Streetnode`);
}

function hideFromOthers(file: string): void {
  if (process.platform !== "win32" && (statSync(file).mode & 0o077) !== 0) chmodSync(file, 0o600);
}

function withAccess<T>(file: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    const { code, syscall } = error as NodeJS.ErrnoException;
    if (code === undefined || syscall === undefined) throw error;
    throw new InventoryError("no-access", `the inventory ${file} cannot be used: ${code}`);
  }
}
