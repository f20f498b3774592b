import { randomBytes } from "node:crypto";
import { statSync } from "node:fs";
import type { Database, QueryResult } from "node-sqlite3-wasm";
import { transact } from "../inventory/database";
import { InventoryError } from "../inventory/inventoryError";
import { keyId, readImage, type Image } from "./image";
import type { RolloutState, StepState } from "./rolloutStates";

/** How a rollout goes about its nodes. */
export interface RolloutPlan {
  /** Nodes of the first stage. */
  readonly canary: number;
  /** Nodes of each later stage. */
  readonly batch: number;
  /** How long a node that is back is watched before it counts as good, in milliseconds. */
  readonly waitMs: number;
  /** Share of failed nodes above which everything stops, 0..1; among canaries none may fail. */
  readonly limit: number;
  /** How long a node may take from the command until it is back, in milliseconds. */
  readonly backMs: number;
}

/** A rollout as it is kept. */
export interface Rollout {
  readonly id: number;
  readonly image: string;
  readonly plan: RolloutPlan;
  state: RolloutState;
  /** 0 for the canaries. */
  stage: number;
  /** Why it stopped. */
  reason: string | undefined;
  readonly createdMs: number;
  readonly changedMs: number;
}

/** What a person wants of a rollout, carried out by the gateway. */
export type RolloutWish = "pause" | "resume" | "abort";

/** One node of a rollout. */
export interface RolloutStep {
  readonly node: string;
  readonly stage: number;
  state: StepState;
  /** Hash of the program that it had before; empty until it is begun. */
  before: string;
  /** Channels that gave readings before. */
  channels: readonly string[];
  /** Of those, the ones that have given none since it is back. */
  missing: readonly string[];
  attempts: number;
  /** Boot count under which it came back with the new program. */
  boot: number | undefined;
  /** When it came into its state, milliseconds since 1970. */
  sinceMs: number;
  /** When it left for the gateway: what was measured later is of the program it came back with. */
  leftMs: number;
  detail: string | undefined;
}

/** Which program a node is meant to run. */
export interface NodeProgram {
  readonly wanted: string | undefined;
  /** The last program that it was well with. */
  readonly good: string | undefined;
  /** It is to get `wanted` at its next contact, whatever it is doing. */
  readonly forced: boolean;
}

const UPDATE_KEY_BYTES = 32;

/** What updates over the air keep in the inventory; each call is one transaction. */
export class OtaStore {
  readonly #file: string;
  readonly #who: string;
  readonly #now: () => number;

  /** @param who is named in the audit log */
  constructor(file: string, who: string, now: () => number = Date.now) {
    this.#file = file;
    this.#who = who;
    this.#now = () => Math.round(now());
  }

  /** Differs from what it was before whenever somebody has written since; costs no transaction. */
  mark(): string {
    const { mtimeMs, size } = statSync(this.#file);
    return `${mtimeMs} ${size}`;
  }

  /** The keys of all nodes that have one. */
  updateKeys(): Map<string, Uint8Array> {
    const rows = transact(this.#file, (db) => db.all("SELECT * FROM update_keys"));
    return new Map(rows.map((row) => [text(row, "node"), Buffer.from(text(row, "key"), "hex")]));
  }

  /** A node's key; it is made when there is none. To be written to the board, and nowhere else. */
  updateKey(node: string): Uint8Array {
    return transact(this.#file, (db) => {
      const known = db.get("SELECT key FROM update_keys WHERE node = ?", node);
      if (known) return Buffer.from(text(known, "key"), "hex");
      const key = randomBytes(UPDATE_KEY_BYTES);
      db.run("INSERT INTO update_keys VALUES (?, ?, ?)", [node, key.toString("hex"), this.#now()]);
      this.#log(db, "update-key-made", node);
      return key;
    });
  }

  /** Trusts images that are signed with the private half of this key. @returns its short name */
  trust(publicKey: string): string {
    const id = keyId(publicKey);
    transact(this.#file, (db) => {
      const { changes } = db.run("INSERT OR IGNORE INTO signers VALUES (?, ?, ?)", [
        id,
        publicKey,
        this.#now(),
      ]);
      if (changes > 0) this.#log(db, "signer-trusted", undefined, id);
    });
    return id;
  }

  /** Reads an image, and keeps it. @throws ImageError */
  addImage(file: Uint8Array): Image {
    return transact(this.#file, (db) => {
      const image = readImage(file, trusted(db));
      const { changes } = db.run("INSERT OR IGNORE INTO images VALUES (?, ?, ?, ?)", [
        image.hash,
        image.header.version,
        file,
        this.#now(),
      ]);
      if (changes > 0)
        this.#log(db, "image-added", undefined, `${image.header.version} ${image.hash}`);
      return image;
    });
  }

  /** Version of an image. */
  version(hash: string): string | undefined {
    const row = transact(this.#file, (db) =>
      db.get("SELECT version FROM images WHERE hash = ?", hash),
    );
    return row ? text(row, "version") : undefined;
  }

  /** All images that a trusted key has signed, by hash. */
  images(): Map<string, Image> {
    return transact(this.#file, (db) => {
      const keys = trusted(db);
      const images = new Map<string, Image>();
      for (const row of db.all("SELECT file FROM images ORDER BY added_ms")) {
        const image = readImage(row["file"] as Uint8Array, keys);
        images.set(image.hash, image);
      }
      return images;
    });
  }

  /** Which program each node is meant to run. */
  programs(): Map<string, NodeProgram> {
    const rows = transact(this.#file, (db) => db.all("SELECT * FROM node_programs"));
    return new Map(
      rows.map((row) => [
        text(row, "node"),
        {
          wanted: optionalText(row, "wanted"),
          good: optionalText(row, "good"),
          forced: row["forced"] === 1,
        },
      ]),
    );
  }

  /**
   * Begins a rollout.
   *
   * @throws InventoryError `conflict` when another one is not over
   */
  begin(image: string, plan: RolloutPlan, steps: readonly RolloutStep[]): number {
    return transact(this.#file, (db) => {
      const other = db.get(
        "SELECT id, state FROM rollouts WHERE state NOT IN ('done', 'stopped') LIMIT 1",
      );
      if (other)
        throw new InventoryError(
          "conflict",
          `rollout ${text(other, "id")} is ${text(other, "state")}: abort it, or let it end`,
        );
      const now = this.#now();
      db.run(
        "INSERT INTO rollouts (image, plan, state, stage, created_ms, changed_ms) VALUES (?, ?, 'canary', 0, ?, ?)",
        [image, JSON.stringify(plan), now, now],
      );
      const id = Number(db.get("SELECT last_insert_rowid() AS id")?.["id"]);
      for (const step of steps) writeStep(db, id, step);
      this.#log(db, "rollout-begun", undefined, `${id}: ${image} to ${steps.length} nodes`);
      return id;
    });
  }

  /** All rollouts, the latest first. */
  rollouts(): Rollout[] {
    return transact(this.#file, (db) => db.all("SELECT * FROM rollouts ORDER BY id DESC")).map(
      rolloutOf,
    );
  }

  /** The nodes of a rollout in their order. */
  steps(rollout: number): RolloutStep[] {
    return transact(this.#file, (db) =>
      db.all("SELECT * FROM rollout_nodes WHERE rollout = ? ORDER BY stage, node", rollout),
    ).map(stepOf);
  }

  /** Says what shall become of a rollout; the gateway carries it out. */
  wish(rollout: number, wish: RolloutWish): void {
    transact(this.#file, (db) => {
      db.run("UPDATE rollouts SET wish = ? WHERE id = ?", [wish, rollout]);
      this.#log(db, `rollout-${wish}`, undefined, String(rollout));
    });
  }

  /** The rollout that is not over, with what is wished of it; the wish is taken with this. */
  takeActive(): { rollout: Rollout; wish: RolloutWish | undefined } | undefined {
    return transact(this.#file, (db) => {
      const row = db.get("SELECT * FROM rollouts WHERE state NOT IN ('done', 'stopped') LIMIT 1");
      if (!row) return undefined;
      const wish = optionalText(row, "wish") as RolloutWish | undefined;
      if (wish) db.run("UPDATE rollouts SET wish = NULL WHERE id = ?", [Number(row["id"])]);
      return { rollout: rolloutOf(row), wish };
    });
  }

  /** Writes what has changed, with lines for the audit log. */
  save(change: {
    readonly rollout?: Rollout;
    readonly steps?: readonly RolloutStep[];
    readonly programs?: ReadonlyMap<string, NodeProgram>;
    readonly log?: readonly { what: string; node?: string; detail?: string }[];
  }): void {
    transact(this.#file, (db) => {
      const { rollout } = change;
      if (rollout) {
        db.run(
          "UPDATE rollouts SET state = ?, stage = ?, reason = ?, changed_ms = ? WHERE id = ?",
          [rollout.state, rollout.stage, rollout.reason ?? null, this.#now(), rollout.id],
        );
        for (const step of change.steps ?? []) writeStep(db, rollout.id, step);
      }
      for (const [node, { wanted, good, forced }] of change.programs ?? [])
        db.run("INSERT OR REPLACE INTO node_programs VALUES (?, ?, ?, ?)", [
          node,
          wanted ?? null,
          good ?? null,
          forced ? 1 : 0,
        ]);
      for (const { what, node, detail } of change.log ?? []) this.#log(db, what, node, detail);
    });
  }

  #log(db: Database, what: string, name?: string, detail?: string): void {
    db.run("INSERT INTO audit (at_ms, who, what, name, detail) VALUES (?, ?, ?, ?, ?)", [
      this.#now(),
      this.#who,
      what,
      name ?? null,
      detail ?? null,
    ]);
  }
}

function trusted(db: Database): string[] {
  return db.all("SELECT public_key FROM signers").map((row) => text(row, "public_key"));
}

function writeStep(db: Database, rollout: number, step: RolloutStep): void {
  db.run("INSERT OR REPLACE INTO rollout_nodes VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", [
    rollout,
    step.node,
    step.stage,
    step.state,
    step.before,
    JSON.stringify(step.channels),
    JSON.stringify(step.missing),
    step.attempts,
    step.boot ?? null,
    Math.round(step.sinceMs),
    step.detail ?? null,
    Math.round(step.leftMs),
  ]);
}

function rolloutOf(row: QueryResult): Rollout {
  return {
    id: Number(row["id"]),
    image: text(row, "image"),
    plan: JSON.parse(text(row, "plan")) as RolloutPlan,
    state: text(row, "state") as RolloutState,
    stage: Number(row["stage"]),
    reason: optionalText(row, "reason"),
    createdMs: Number(row["created_ms"]),
    changedMs: Number(row["changed_ms"]),
  };
}

function stepOf(row: QueryResult): RolloutStep {
  return {
    node: text(row, "node"),
    stage: Number(row["stage"]),
    state: text(row, "state") as StepState,
    before: text(row, "program_before"),
    channels: JSON.parse(text(row, "channels")) as string[],
    missing: JSON.parse(text(row, "missing")) as string[],
    attempts: Number(row["attempts"]),
    boot: row["boot"] === null ? undefined : Number(row["boot"]),
    sinceMs: Number(row["since_ms"]),
    leftMs: Number(row["left_ms"]),
    detail: optionalText(row, "detail"),
  };
}

function text(row: QueryResult, column: string): string {
  return String(row[column]);
}

function optionalText(row: QueryResult, column: string): string | undefined {
  const value = row[column];
  return typeof value === "string" ? value : undefined;
}
