import { homedir, userInfo } from "node:os";
import { join } from "node:path";
import type { Database, QueryResult } from "node-sqlite3-wasm";
import { createIfMissing, transact } from "./database";
import { ConflictError, InventoryError, type Conflict } from "./inventoryError";
import type { Role } from "../people/roles";
import { nextState, type NodeEvent, type NodeState } from "./nodeStates";
import { hashPassword, newPassword, type PasswordHashes } from "./password";

/** What names a node and says what it is made of. */
export interface NewNode {
  /** 3 to 23 characters of a-z, 0-9 and '-'; also its user name at the broker. */
  readonly name: string;
  readonly city: string;
  /** A board of `boards/`, by its file's name without `.board.json`. */
  readonly board: string;
  /** What the pole it is meant for is called; free text. */
  readonly pole?: string;
}

/** A node as the inventory knows it; never with its password. */
export interface InventoryNode extends NewNode {
  /** `aa:bb:cc:dd:ee:ff`, once a board has become this node. */
  readonly mac?: string;
  readonly state: NodeState;
  /** Why the state is what it is, for `failed` and `retired`. */
  readonly reason?: string;
  /** Milliseconds since 1970, UTC. */
  readonly createdMs: number;
  readonly changedMs: number;
}

/** What a board is given when it is written. */
export interface Claim {
  readonly node: InventoryNode;
  /** In clear. To be written to the board, and nowhere else. */
  readonly password: string;
  /**
   * The one before was already on a board and is not kept in clear: this is another one,
   * and the broker refuses the node until its files are exported again.
   */
  readonly passwordIsNew: boolean;
}

/** Which node a board shall become. */
export interface ClaimRequest {
  /** The board's own address, `aa:bb:cc:dd:ee:ff` in any case. */
  readonly mac: string;
  /** This node; without it the next one that waits, see `claim`. */
  readonly name?: string;
  /** Only nodes of this city, or for this board. */
  readonly city?: string;
  readonly board?: string;
  /** Takes the board from the node that has it, which becomes `new` again. */
  readonly takeBoard?: boolean;
}

/** What somebody may do at the broker: see `src/brokerConfig/rules.ts`. */
export type BrokerRole = Role | "centre";

/** A person, or a program that acts for people, without anything of its passwords. */
export interface Person {
  readonly name: string;
  readonly role: BrokerRole;
  /** Whether the broker lets it in. */
  readonly atBroker: boolean;
  /** What is kept of the password at the pages; absent for who cannot sign in there. */
  readonly signIn?: string;
  readonly createdMs: number;
}

/** A user of the broker, with what it is given of the password. */
export interface BrokerUser extends PasswordHashes {
  readonly name: string;
}

/** A kind of broker that files are written for. */
export type BrokerKind = "mosquitto" | "emqx" | "rabbitmq";

/** A folder that a broker's files were written to. */
export interface ExportFolder {
  readonly folder: string;
  readonly kind: BrokerKind;
}

/** Everybody who may connect to the broker. */
export interface BrokerUsers {
  /** Without those that are retired. */
  readonly nodes: readonly (BrokerUser & { readonly city: string })[];
  readonly people: readonly (BrokerUser & { readonly role: BrokerRole })[];
}

/** One line of the audit log. */
export interface AuditEntry {
  readonly atMs: number;
  /** Who was logged in on the computer. */
  readonly who: string;
  readonly what: string;
  /** The node or person it was done to. */
  readonly name?: string;
  readonly detail?: string;
}

/** `STREETNODE_INVENTORY`, or `streetnode/inventory.db` in the user's folder for such data. */
export function defaultInventoryFile(): string {
  const { STREETNODE_INVENTORY, XDG_DATA_HOME, LOCALAPPDATA } = process.env;
  if (STREETNODE_INVENTORY) return STREETNODE_INVENTORY;
  const data =
    process.platform === "win32"
      ? (LOCALAPPDATA ?? join(homedir(), "AppData", "Local"))
      : XDG_DATA_HOME || join(homedir(), ".local", "share");
  return join(data, "streetnode", "inventory.db");
}

/**
 * The nodes that exist, on disk: one SQLite file that only its owner can read. Every call
 * is one transaction that is done wholly or not at all and is on disk when it returns; in
 * between the file is free for other processes.
 */
export class Inventory {
  readonly file: string;
  readonly #who: string;
  readonly #now: () => number;

  /** @param now milliseconds since 1970, UTC */
  constructor(file = defaultInventoryFile(), who = userName(), now: () => number = Date.now) {
    this.file = file;
    this.#who = who;
    this.#now = now;
  }

  /** Makes the file when there is none. */
  create(): void {
    createIfMissing(this.file);
  }

  /** All nodes by name, or those of a city or in some states. */
  nodes(filter: { city?: string; states?: readonly NodeState[] } = {}): InventoryNode[] {
    const { city, states } = filter;
    return transact(this.file, (db) => db.all("SELECT * FROM nodes ORDER BY name"))
      .map(nodeOf)
      .filter((node) => city === undefined || node.city === city)
      .filter((node) => states === undefined || states.includes(node.state));
  }

  /** The node of this name. */
  node(name: string): InventoryNode | undefined {
    return transact(this.file, (db) => findNode(db, name));
  }

  /** The node that a board has become. */
  nodeWithMac(mac: string): InventoryNode | undefined {
    return transact(this.file, (db) => findMac(db, canonicalMac(mac)));
  }

  /**
   * Adds nodes, all of them or none. A node that is there already with the same city,
   * board and pole is left as it is.
   *
   * @returns the names that were added, and those that were there
   * @throws ConflictError that names all that are there and differ
   */
  add(nodes: readonly NewNode[]): { added: string[]; unchanged: string[] } {
    return transact(this.file, (db) => {
      const added: string[] = [];
      const unchanged: string[] = [];
      const conflicts: Conflict[] = [];
      for (const node of nodes) {
        const known = findNode(db, node.name);
        const conflict = known ? difference(known, node) : nameTaken(db, node.name);
        if (conflict !== undefined) conflicts.push({ name: node.name, reason: conflict });
        else if (known) unchanged.push(node.name);
        else {
          this.#insert(db, node);
          added.push(node.name);
        }
      }
      if (conflicts.length > 0) throw new ConflictError(conflicts);
      return { added, unchanged };
    });
  }

  /**
   * Chooses the node that a board shall become, marks it as `flashing` with the board's
   * MAC, and gives its password. Two processes never get the same node.
   *
   * Without a name the choice is: the node that this board already failed to become or was
   * cut off from becoming; else the first `new` one by name; else the first `failed` one,
   * whose board is thereby given up. A node that another board is just becoming is taken
   * only by name.
   *
   * @throws InventoryError `board-in-use` when the board has become another node and
   *   `takeBoard` is not set, `none-waiting`, `unknown-name` or `wrong-state`
   */
  claim(request: ClaimRequest): Claim {
    const mac = canonicalMac(request.mac);
    return transact(this.file, (db) => {
      const holder = findMac(db, mac);
      const name = request.name ?? chooseNode(db, request, holder);
      const node = existing(db, name);
      if (holder && holder.name !== name) {
        if (!request.takeBoard)
          throw new InventoryError(
            "board-in-use",
            `the board ${mac} is ${holder.name} (${holder.state}), not ${name}`,
          );
        this.#advance(db, holder, "board-taken", { mac: null });
      }
      this.#advance(db, node, "flash-started", { mac });
      const kept = db.get("SELECT password FROM nodes WHERE name = ?", name)?.["password"];
      const password = typeof kept === "string" ? kept : newPassword();
      if (password !== kept) setPassword(db, "nodes", name, password);
      return { node: existing(db, name), password, passwordIsNew: password !== kept };
    });
  }

  /** The board was written, verified and well. From now on only the password's hash is kept. */
  flashed(name: string): void {
    this.#step(name, "flash-done", { password: null });
  }

  /** The board could not be written, or is not well; `reason` is one line for the technician. */
  flashFailed(name: string, reason: string): void {
    this.#step(name, "flash-failed", { reason });
  }

  /** A crew accepted the node on a pole. */
  installed(name: string, pole?: string): void {
    this.#step(name, "installed", pole === undefined ? {} : { pole });
  }

  /** A crew took the node from its pole: it is as good as new, and may hang on another. */
  takenDown(name: string): void {
    this.#step(name, "taken-down", { pole: null });
  }

  /** Takes the node out of service; at the next export the broker forgets it. */
  retire(name: string, reason: string): void {
    this.#step(name, "retired", { reason, password: null, mac: null });
  }

  /** Adds a person at the broker. @returns false when there is one of that name and role */
  addPerson(name: string, role: BrokerRole): boolean {
    return transact(this.file, (db) => {
      const known = db.get("SELECT role FROM people WHERE name = ?", name);
      if (known?.["role"] === role) return false;
      checkFree(db, name);
      const password = newPassword();
      const { passwordHash, rabbitmqHash } = hashPassword(password);
      db.run("INSERT INTO people VALUES (?, ?, ?, ?, ?, NULL, ?)", [
        name,
        role,
        password,
        passwordHash,
        rabbitmqHash,
        this.#now(),
      ]);
      this.#log(db, "person-added", name, role);
      return true;
    });
  }

  /**
   * Adds a person who signs in at the pages, and does not connect to the broker.
   *
   * @param signIn what is kept of the password, see `src/people/password.ts`
   * @throws InventoryError `conflict` when the name is taken
   */
  addSignIn(name: string, role: Role, signIn: string): void {
    transact(this.file, (db) => {
      checkFree(db, name);
      db.run("INSERT INTO people VALUES (?, ?, NULL, NULL, NULL, ?, ?)", [
        name,
        role,
        signIn,
        this.#now(),
      ]);
      this.#log(db, "person-added", name, role);
    });
  }

  /** Gives somebody who signs in at the pages another password there. */
  changeSignIn(name: string, signIn: string): void {
    transact(this.file, (db) => {
      const { changes } = db.run(
        "UPDATE people SET sign_in = ? WHERE name = ? AND sign_in IS NOT NULL",
        [signIn, name],
      );
      if (changes === 0)
        throw new InventoryError("unknown-name", `nobody who signs in is called ${name}`);
      this.#log(db, "password-changed", name);
    });
  }

  /** Takes a person away, at the pages and at the next export at the broker. */
  removePerson(name: string): void {
    transact(this.file, (db) => {
      const { changes } = db.run("DELETE FROM people WHERE name = ?", name);
      if (changes === 0) throw new InventoryError("unknown-name", `no person is called ${name}`);
      this.#log(db, "person-removed", name);
    });
  }

  /** Everybody who is no node, by name. */
  people(): Person[] {
    return transact(this.file, (db) => db.all("SELECT * FROM people ORDER BY name")).map((row) => ({
      name: text(row, "name"),
      role: text(row, "role") as BrokerRole,
      atBroker: row["password_hash"] !== null,
      ...optional("signIn", row["sign_in"]),
      createdMs: Number(row["created_ms"]),
    }));
  }

  /**
   * Hands over the people's passwords that nobody has got yet: `deliver` is given each in
   * clear, and when it returns only the hash is kept. A password that is lost is replaced
   * by `renewPerson`.
   */
  deliverPasswords(deliver: (name: string, password: string) => void): void {
    transact(this.file, (db) => {
      const waiting = db.all("SELECT name, password FROM people WHERE password IS NOT NULL");
      for (const row of waiting) deliver(text(row, "name"), text(row, "password"));
      db.run("UPDATE people SET password = NULL");
      for (const row of waiting) this.#log(db, "password-delivered", text(row, "name"));
    });
  }

  /** Gives a person a new password, to be delivered; the broker takes it after an export. */
  renewPerson(name: string): void {
    transact(this.file, (db) => {
      const changes = setPassword(db, "people", name, newPassword());
      if (changes === 0) throw new InventoryError("unknown-name", `no person is called ${name}`);
      this.#log(db, "password-renewed", name);
    });
  }

  /** Everybody whom the broker shall let in, by name. */
  brokerUsers(): BrokerUsers {
    return transact(this.file, readUsers);
  }

  /** Remembers a folder that a broker's files are written to. */
  rememberExport(folder: string, kind: BrokerKind): void {
    transact(this.file, (db) => {
      const { changes } = db.run("INSERT OR IGNORE INTO exports VALUES (?, ?)", [folder, kind]);
      if (changes > 0) this.#log(db, "export-added", undefined, `${kind} ${folder}`);
    });
  }

  /** Folders that a broker's files are written to. */
  exportFolders(): ExportFolder[] {
    return transact(this.file, readExportFolders);
  }

  /**
   * Lets `write` write the broker's files while nobody can change the inventory, so that of
   * two exports at once the one that knows more is the last.
   */
  export<T>(write: (users: BrokerUsers, folders: readonly ExportFolder[]) => T): T {
    return transact(this.file, (db) => write(readUsers(db), readExportFolders(db)));
  }

  /** The audit log, oldest first; of one node when it is named. */
  audit(name?: string): AuditEntry[] {
    return transact(this.file, (db) =>
      name === undefined
        ? db.all("SELECT * FROM audit ORDER BY id")
        : db.all("SELECT * FROM audit WHERE name = ? ORDER BY id", name),
    ).map((row) => ({
      atMs: Number(row["at_ms"]),
      who: text(row, "who"),
      what: text(row, "what"),
      ...optional("name", row["name"]),
      ...optional("detail", row["detail"]),
    }));
  }

  #insert(db: Database, { name, city, board, pole }: NewNode): void {
    const password = newPassword();
    const { passwordHash, rabbitmqHash } = hashPassword(password);
    db.run("INSERT INTO nodes VALUES (?, ?, ?, ?, NULL, 'new', NULL, ?, ?, ?, ?, ?)", [
      name,
      city,
      board,
      pole ?? null,
      password,
      passwordHash,
      rabbitmqHash,
      this.#now(),
      this.#now(),
    ]);
    this.#log(db, "added", name);
  }

  #step(name: string, event: NodeEvent, change: NodeChange): void {
    transact(this.file, (db) => this.#advance(db, existing(db, name), event, change));
  }

  #advance(db: Database, node: InventoryNode, event: NodeEvent, change: NodeChange): void {
    const state = nextState(node.state, event);
    if (state === undefined)
      throw new InventoryError("wrong-state", `${node.name} is ${node.state}: no ${event} there`);
    const changes = { ...change, state, reason: change.reason ?? null, changed_ms: this.#now() };
    const columns = Object.keys(changes);
    db.run(
      `UPDATE nodes SET ${columns.map((column) => `${column} = ?`).join(", ")} WHERE name = ?`,
      [...Object.values(changes), node.name],
    );
    this.#log(db, event, node.name, change.reason ?? change.pole ?? change.mac ?? undefined);
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

/** Columns that an event sets beside the state. */
interface NodeChange {
  readonly mac?: string | null;
  readonly pole?: string | null;
  readonly reason?: string;
  readonly password?: null;
}

/** A MAC address in lower case with colons. @throws InventoryError when it is none */
export function canonicalMac(mac: string): string {
  const canonical = mac.toLowerCase().replaceAll("-", ":");
  if (!/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/.test(canonical))
    throw new InventoryError("conflict", `${mac} is no MAC address such as 24:6f:28:0a:1b:2c`);
  return canonical;
}

function chooseNode(
  db: Database,
  { city, board, takeBoard }: ClaimRequest,
  holder: InventoryNode | undefined,
): string {
  if (holder && !takeBoard) {
    if (holder.state === "failed" || holder.state === "flashing") return holder.name;
    throw new InventoryError(
      "board-in-use",
      `the board ${holder.mac} is ${holder.name} (${holder.state})`,
    );
  }
  const fits = db
    .all("SELECT * FROM nodes WHERE state IN ('new', 'failed') ORDER BY state DESC, name")
    .map(nodeOf)
    .find(
      (node) =>
        (city === undefined || node.city === city) &&
        (board === undefined || node.board === board) &&
        node.name !== holder?.name,
    );
  if (!fits) {
    const kind = [city && `of ${city}`, board && `for the board ${board}`].filter(Boolean);
    throw new InventoryError(
      "none-waiting",
      `no node ${kind.length > 0 ? `${kind.join(" ")} ` : ""}is waiting for a board: add some with streetnode provision`,
    );
  }
  return fits.name;
}

/** How a node that is there differs from one to be added. */
function difference(known: InventoryNode, wanted: NewNode): string | undefined {
  if (known.state === "retired") return "is retired: its name is not used again";
  for (const field of ["city", "board"] as const)
    if (known[field] !== wanted[field])
      return `is there with the ${field} ${known[field]}, not ${wanted[field]}`;
  if (wanted.pole !== undefined && known.pole !== wanted.pole)
    return `is there ${known.pole === undefined ? "without a pole" : `with the pole ${known.pole}`}, not with ${wanted.pole}`;
  return undefined;
}

function checkFree(db: Database, name: string): void {
  const person = db.get("SELECT role FROM people WHERE name = ?", name);
  if (person || findNode(db, name))
    throw new InventoryError(
      "conflict",
      `${name} is already ${person ? `a user with the role ${text(person, "role")}` : "a node"}`,
    );
}

function nameTaken(db: Database, name: string): string | undefined {
  return db.get("SELECT name FROM people WHERE name = ?", name)
    ? "is the name of a person at the broker"
    : undefined;
}

function existing(db: Database, name: string): InventoryNode {
  const node = findNode(db, name);
  if (!node) throw new InventoryError("unknown-name", `no node is called ${name}`);
  return node;
}

function findNode(db: Database, name: string): InventoryNode | undefined {
  const row = db.get("SELECT * FROM nodes WHERE name = ?", name);
  return row ? nodeOf(row) : undefined;
}

function findMac(db: Database, mac: string): InventoryNode | undefined {
  const row = db.get("SELECT * FROM nodes WHERE mac = ?", mac);
  return row ? nodeOf(row) : undefined;
}

function nodeOf(row: QueryResult): InventoryNode {
  return {
    name: text(row, "name"),
    city: text(row, "city"),
    board: text(row, "board"),
    ...optional("pole", row["pole"]),
    ...optional("mac", row["mac"]),
    state: text(row, "state") as NodeState,
    ...optional("reason", row["reason"]),
    createdMs: Number(row["created_ms"]),
    changedMs: Number(row["changed_ms"]),
  };
}

function readUsers(db: Database): BrokerUsers {
  return {
    nodes: db
      .all("SELECT * FROM nodes WHERE state <> 'retired' ORDER BY city, name")
      .map((row) => ({ ...userOf(row), city: text(row, "city") })),
    people: db
      .all("SELECT * FROM people WHERE password_hash IS NOT NULL ORDER BY name")
      .map((row) => ({ ...userOf(row), role: text(row, "role") as BrokerRole })),
  };
}

function readExportFolders(db: Database): ExportFolder[] {
  return db
    .all("SELECT * FROM exports ORDER BY folder, kind")
    .map((row) => ({ folder: text(row, "folder"), kind: text(row, "kind") as BrokerKind }));
}

function userOf(row: QueryResult): BrokerUser {
  return {
    name: text(row, "name"),
    passwordHash: text(row, "password_hash"),
    rabbitmqHash: text(row, "rabbitmq_hash"),
  };
}

/** @returns how many rows have that name */
function setPassword(
  db: Database,
  kind: "nodes" | "people",
  name: string,
  password: string,
): number {
  const { passwordHash, rabbitmqHash } = hashPassword(password);
  return db.run(
    `UPDATE ${kind} SET password = ?, password_hash = ?, rabbitmq_hash = ? WHERE name = ?`,
    [password, passwordHash, rabbitmqHash, name],
  ).changes;
}

function text(row: QueryResult, column: string): string {
  return String(row[column]);
}

function optional<K extends string>(key: K, value: unknown): Partial<Record<K, string>> {
  return typeof value === "string" ? ({ [key]: value } as Record<K, string>) : {};
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // A container may run as a user without a name.
    return `uid ${process.getuid?.() ?? "?"}`;
  }
}
