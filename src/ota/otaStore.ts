import { randomBytes } from "node:crypto";
import { statSync } from "node:fs";
import type { Database, QueryResult } from "node-sqlite3-wasm";
import { transact } from "../inventory/database";
import { InventoryError } from "../inventory/inventoryError";
import { ImageError, keyId, readImage, readPublicKey, type Image } from "./image";
import { isOver, type RolloutState, type StepState } from "./rolloutStates";

/** How a rollout goes about its nodes. */
export interface RolloutPlan {
  /** Nodes of the first stage. */
  readonly canary: number;
  /** Nodes of each later stage. */
  readonly batch: number;
  /** How long a node that is back is watched before it counts as good, in milliseconds. */
  readonly waitMs: number;
  /** The same for a canary. */
  readonly canaryWaitMs: number;
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
  /** Changes places with a later one when the node is not there. */
  stage: number;
  state: StepState;
  /** Hash of the program that it had before; empty until it is begun. */
  before: string;
  /** Channels that gave readings before. */
  channels: readonly string[];
  /** Of those, the ones that have given none since it is back. */
  missing: readonly string[];
  attempts: number;
  /** Boot count under which it was asked, then the one under which it came back with the new program. */
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

/** A key whose images are served. */
export interface Signer {
  /** See `keyId`. */
  readonly key: string;
  readonly addedMs: number;
}

/** What people have changed. */
export interface StoreChanges {
  /** The rollout that is not over. */
  readonly rollout: Rollout | undefined;
  readonly wish: RolloutWish | undefined;
  readonly keys: Map<string, Uint8Array>;
  /** Hashes of all images. */
  readonly images: readonly string[];
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
    const found = statSync(this.#file, { throwIfNoEntry: false });
    return found ? `${found.mtimeMs} ${found.size}` : "missing";
  }

  /** The keys of all nodes that have one, without those that are retired. */
  updateKeys(): Map<string, Uint8Array> {
    return transact(this.#file, updateKeysIn);
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

  /**
   * Trusts images that are signed with the secret half of this key.
   *
   * @param pem its public half
   * @returns its short name
   * @throws KeyError when it is none
   */
  trust(pem: string): string {
    const publicKey = readPublicKey(pem);
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

  /** The keys whose images are served, the oldest first. */
  signers(): Signer[] {
    return transact(this.#file, (db) => db.all("SELECT * FROM signers ORDER BY added_ms")).map(
      (row) => ({ key: text(row, "id"), addedMs: Number(row["added_ms"]) }),
    );
  }

  /**
   * Trusts a key no more, and forgets the images that no other trusted key has signed.
   *
   * @param key its short name, or the beginning of it
   * @returns the short name, and how many images were forgotten
   * @throws InventoryError `unknown-name` when it is not trusted, `conflict` while a rollout brings
   *   one of its images
   */
  distrust(key: string): { key: string; images: number } {
    return transact(this.#file, (db) => {
      const [found, other] = db.all("SELECT id FROM signers WHERE substr(id, 1, ?) = ?", [
        key.length,
        key,
      ]);
      if (!found || other)
        throw new InventoryError(
          "unknown-name",
          found ? `${key} begins more than one key` : `no trusted key begins with ${key}`,
        );
      const id = text(found, "id");
      db.run("DELETE FROM signers WHERE id = ?", id);
      const left = new Set(usableImages(db).map(({ hash }) => hash));
      const gone = db
        .all("SELECT hash FROM images")
        .map((row) => text(row, "hash"))
        .filter((hash) => !left.has(hash));
      for (const hash of gone) {
        if (activeRollout(db)?.image === hash)
          throw new InventoryError(
            "conflict",
            `a rollout brings an image that ${id} has signed: abort it first`,
          );
        db.run("DELETE FROM images WHERE hash = ?", hash);
      }
      this.#log(db, "signer-distrusted", undefined, `${id}, ${gone.length} images forgotten`);
      return { key: id, images: gone.length };
    });
  }

  /** Reads an image, and keeps it. @throws ImageError */
  addImage(file: Uint8Array): Image {
    return transact(this.#file, (db) => {
      const image = readImage(file, trusted(db));
      // The same program may come again, signed by another key or for more boards.
      const { changes } = db.run(
        "INSERT INTO images VALUES (?, ?, ?, ?) ON CONFLICT (hash) DO UPDATE " +
          "SET version = excluded.version, file = excluded.file WHERE file <> excluded.file",
        [image.hash, image.header.version, file, this.#now()],
      );
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

  /** All images that can be used, by hash. */
  images(): Map<string, Image> {
    const images = transact(this.#file, usableImages);
    return new Map(images.map((image) => [image.hash, image]));
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
      const other = activeRollout(db);
      if (other)
        throw new InventoryError(
          "conflict",
          `rollout ${other.id} is not over (${other.state}): let it end, or abort it`,
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

  /**
   * Says what shall become of a rollout; the gateway carries it out.
   *
   * @throws InventoryError `conflict` when that cannot be done with it
   */
  wish(rollout: number, wish: RolloutWish): void {
    transact(this.#file, (db) => {
      const row = db.get("SELECT * FROM rollouts WHERE id = ?", rollout);
      if (!row) throw new InventoryError("unknown-name", `there is no rollout ${rollout}`);
      const state = text(row, "state") as RolloutState;
      const problem = wishProblem(state, optionalText(row, "wish"), wish);
      if (problem) throw new InventoryError("conflict", `rollout ${rollout} ${problem}`);
      db.run("UPDATE rollouts SET wish = ? WHERE id = ?", [wish, rollout]);
      this.#log(db, `rollout-${wish}`, undefined, String(rollout));
    });
  }

  /** What people have changed since the gateway last looked. A wish stays until `save` says that it is done. */
  changes(): StoreChanges {
    return transact(this.#file, (db) => {
      const row = db.get(ACTIVE);
      const wish = row ? (optionalText(row, "wish") as RolloutWish | undefined) : undefined;
      return {
        rollout: row ? rolloutOf(row) : undefined,
        wish,
        keys: updateKeysIn(db),
        images: db.all("SELECT hash FROM images").map((image) => text(image, "hash")),
      };
    });
  }

  /** Writes what has changed, with lines for the audit log. */
  save(change: {
    readonly rollout?: Rollout;
    /** A wish that was carried out; a later one stays. */
    readonly done?: RolloutWish | undefined;
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
        db.run("UPDATE rollouts SET wish = NULL WHERE id = ? AND wish = ?", [
          rollout.id,
          change.done ?? null,
        ]);
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

const ACTIVE = "SELECT * FROM rollouts WHERE state NOT IN ('done', 'stopped') LIMIT 1";

function activeRollout(db: Database): Rollout | undefined {
  const row = db.get(ACTIVE);
  return row ? rolloutOf(row) : undefined;
}

/** Why something cannot be wished of a rollout now; nothing when it can. */
function wishProblem(
  state: RolloutState,
  pending: string | undefined,
  wish: RolloutWish,
): string | undefined {
  if (isOver(state)) return `is ${state}: there is nothing to ${wish}`;
  if (state === "rolling-back" || pending === "abort")
    return "is being stopped: its nodes get their old program back";
  if (wish === "resume" && state !== "paused" && pending !== "pause")
    return `is not paused (${state})`;
  if (wish === "pause" && state === "paused" && pending !== "resume") return "is paused already";
  return undefined;
}

/** An image of a key that is trusted no more, or of an older Streetnode, is passed over. */
function usableImages(db: Database): Image[] {
  const keys = trusted(db);
  return db.all("SELECT file FROM images ORDER BY added_ms").flatMap((row) => {
    try {
      return [readImage(row["file"] as Uint8Array, keys)];
    } catch (error) {
      if (!(error instanceof ImageError)) throw error;
      return [];
    }
  });
}

function updateKeysIn(db: Database): Map<string, Uint8Array> {
  const rows = db.all(
    "SELECT * FROM update_keys WHERE node NOT IN (SELECT name FROM nodes WHERE state = 'retired')",
  );
  return new Map(rows.map((row) => [text(row, "node"), Buffer.from(text(row, "key"), "hex")]));
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
    plan: planOf(text(row, "plan")),
    state: text(row, "state") as RolloutState,
    stage: Number(row["stage"]),
    reason: optionalText(row, "reason"),
    createdMs: Number(row["created_ms"]),
    changedMs: Number(row["changed_ms"]),
  };
}

/** Plans that were made when canaries were watched no longer than others do not say it. */
function planOf(json: string): RolloutPlan {
  const plan = JSON.parse(json) as Omit<RolloutPlan, "canaryWaitMs"> & Partial<RolloutPlan>;
  return { ...plan, canaryWaitMs: plan.canaryWaitMs ?? plan.waitMs };
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
