import { randomBytes } from "node:crypto";
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { InventoryError } from "./inventoryError";

/** How long a process waits for another one to let go. Nobody holds a lock for a second. */
const PATIENCE_MS = 10_000;
/** Two processes that came at once both step back, each for another time up to this. */
const STEP_BACK_MS = 25;

/**
 * Does `work` while no other process that asks in the same way works on `file`.
 *
 * @throws InventoryError `busy` with the process that holds it, after ten seconds
 */
export function withFileLock<T>(file: string, work: () => T, patienceMs = PATIENCE_MS): T {
  const release = takeFileLock(file, patienceMs);
  try {
    return work();
  } finally {
    release();
  }
}

/**
 * Takes `file` for this process, until the function that is returned is called.
 *
 * Each process puts a ticket of its own into the folder `{file}.busy` and then looks for
 * others: whoever finds the ticket of a living process takes its own back and tries again.
 * Since every ticket is written before its owner looks, two can never both find nobody. A
 * process that was killed leaves a ticket that names a process which no longer runs; it is
 * thrown away, and because no ticket's name is used twice that harms no living one. (A
 * single lock file cannot be taken from the dead so safely, and Node.js has no flock.)
 *
 * @throws InventoryError `busy` with the process that holds it
 */
export function takeFileLock(file: string, patienceMs: number): () => void {
  const folder = `${file}.busy`;
  const ticket = join(folder, ownTicket());
  const endMs = performance.now() + patienceMs;
  for (;;) {
    writeTicket(folder, ticket);
    const holder = livingOther(folder, ticket);
    if (holder === undefined) return () => removeTicket(folder, ticket);
    removeTicket(folder, ticket);
    if (performance.now() > endMs)
      throw new InventoryError(
        "busy",
        `${file} is in use by ${holder}: wait until it has ended. If that is something else, remove ${folder}`,
      );
    pause(1 + Math.random() * STEP_BACK_MS);
  }
}

/** Names the living process that holds `file` by `takeFileLock`; nothing where nobody does. */
export function fileLockHolder(file: string): string | undefined {
  return livingOther(`${file}.busy`, "");
}

/** Host, process, its start, and something that is never used twice. */
function ownTicket(): string {
  const start = startOf("self") ?? "0";
  return [hostname(), process.pid, start, randomBytes(6).toString("hex")].join(",");
}

/** When a process started, in clock ticks since boot (proc(5), field 22); Linux only. */
function startOf(pid: number | "self"): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    // Field 2 is the program's name in parentheses, and may hold spaces.
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
  } catch {
    return undefined;
  }
}

function writeTicket(folder: string, ticket: string): void {
  for (;;) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    try {
      writeFileSync(ticket, "", { flag: "wx", mode: 0o600 });
      return;
    } catch (error) {
      // The one who left last took the folder away.
      if (codeOf(error) !== "ENOENT") throw error;
    }
  }
}

function removeTicket(folder: string, ticket: string): void {
  try {
    unlinkSync(ticket);
  } catch (error) {
    if (codeOf(error) !== "ENOENT") throw error;
  }
  try {
    rmdirSync(folder);
  } catch {
    // Others are there.
  }
}

/** Names a living process that has a ticket here, this one's own ticket aside. */
function livingOther(folder: string, own: string): string | undefined {
  for (const name of ticketsIn(folder)) {
    const path = join(folder, name);
    if (path === own) continue;
    const [host = "", pid = "", start = ""] = name.split(",");
    if (host !== hostname()) return `process ${pid} of the computer ${host}`;
    if (isRunning(Number(pid), start)) return `process ${pid}`;
    try {
      unlinkSync(path);
    } catch {
      // Somebody else threw it away.
    }
  }
  return undefined;
}

function ticketsIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    // The one who left last took the folder away.
    if (codeOf(error) !== "ENOENT") throw error;
    return [];
  }
}

function isRunning(pid: number, start: string): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (codeOf(error) === "ESRCH") return false;
  }
  const now = startOf(pid);
  return now === undefined || start === "0" || now === start;
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}

function pause(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
