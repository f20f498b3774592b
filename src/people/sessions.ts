import { createHash, randomBytes } from "node:crypto";
import type { CityDatabase } from "../history/cityDatabase";

/** 256 random bits: nobody guesses one. */
const TOKEN_BYTES = 32;
/** A session that was not used for so long has ended: longer than a crew's day. */
export const IDLE_MAX_MS = 12 * 3600_000;
/** So long after the sign-in it ends in any case. */
export const AGE_MAX_MS = 7 * 24 * 3600_000;
/** How exactly the last use is written down. */
const USE_STEP_MS = 5 * 60_000;
/** Sessions of one person at a time; a further one ends the oldest. */
const PER_PERSON_MAX = 10;

interface Session {
  readonly name: string;
  /** What is kept of the password, hashed once more: another password ends the session. */
  readonly credential: string;
  readonly createdMs: number;
  usedMs: number;
}

/**
 * Who has signed in. The token is known to the browser alone; here only its hash is kept, in
 * the database, so that sessions survive a restart and a copy of the file signs nobody in.
 */
export class Sessions {
  readonly #database: CityDatabase;
  readonly #now: () => number;
  readonly #sessions = new Map<string, Session>();

  /** @param now UTC in milliseconds */
  constructor(database: CityDatabase, now: () => number) {
    this.#database = database;
    this.#now = now;
    for (const row of database.db.all("SELECT * FROM sessions ORDER BY created_ms"))
      this.#sessions.set(String(row["token_hash"]), {
        name: String(row["name"]),
        credential: String(row["credential"]),
        createdMs: Number(row["created_ms"]),
        usedMs: Number(row["used_ms"]),
      });
  }

  /** Begins a session, and ends those that nobody uses any more. @returns its token */
  begin(name: string, signIn: string): string {
    const token = randomBytes(TOKEN_BYTES).toString("base64url");
    const nowMs = this.#now();
    const session = { name, credential: hash(signIn), createdMs: nowMs, usedMs: nowMs };
    const ended = [...this.#sessions].filter(([, each]) => this.#isOver(each));
    const own = [...this.#sessions].filter(([, each]) => each.name === name);
    ended.push(...own.slice(0, Math.max(0, own.length - PER_PERSON_MAX + 1)));
    this.#database.transact(() => {
      for (const [key] of ended) this.#remove(key);
      this.#database.db.run("INSERT INTO sessions VALUES (?, ?, ?, ?, ?)", [
        hash(token),
        session.name,
        session.credential,
        nowMs,
        nowMs,
      ]);
    });
    this.#sessions.set(hash(token), session);
    return token;
  }

  /**
   * The name that a token stands for, if its session has not ended.
   *
   * @param signInOf what is kept of a person's password; undefined for who may not sign in any more
   */
  find(token: string, signInOf: (name: string) => string | undefined): string | undefined {
    const key = hash(token);
    const session = this.#sessions.get(key);
    if (!session) return undefined;
    const signIn = signInOf(session.name);
    if (this.#isOver(session) || signIn === undefined || hash(signIn) !== session.credential) {
      this.end(token);
      return undefined;
    }
    const nowMs = this.#now();
    if (nowMs - session.usedMs >= USE_STEP_MS) {
      session.usedMs = nowMs;
      this.#database.transact(() =>
        this.#database.db.run("UPDATE sessions SET used_ms = ? WHERE token_hash = ?", [nowMs, key]),
      );
    }
    return session.name;
  }

  /** Ends a session. */
  end(token: string): void {
    this.#database.transact(() => this.#remove(hash(token)));
  }

  #remove(key: string): void {
    this.#sessions.delete(key);
    this.#database.db.run("DELETE FROM sessions WHERE token_hash = ?", key);
  }

  #isOver({ createdMs, usedMs }: Session): boolean {
    const nowMs = this.#now();
    return nowMs - usedMs > IDLE_MAX_MS || nowMs - createdMs > AGE_MAX_MS;
  }
}

function hash(text: string): string {
  return createHash("sha256").update(text).digest("base64url");
}
