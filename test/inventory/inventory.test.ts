import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import sqlite from "node-sqlite3-wasm";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { transact } from "../../src/inventory/database";
import { withFileLock } from "../../src/inventory/fileLock";
import { Inventory, type NewNode } from "../../src/inventory/inventory";
import { InventoryError } from "../../src/inventory/inventoryError";
import { migrate, MIGRATIONS } from "../../src/inventory/schema";

let folder: string;
let file: string;
let nowMs: number;
let inventory: Inventory;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "streetnode-inventory-"));
  file = join(folder, "data", "inventory.db");
  nowMs = Date.UTC(2026, 2, 20);
  inventory = new Inventory(file, "salma", () => nowMs++);
  inventory.create();
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const node = (number: number, more: Partial<NewNode> = {}): NewNode => ({
  name: `bk-000${number}`,
  city: "berkane",
  board: "streetnode_esp32_devkitc",
  ...more,
});
const MAC_1 = "24:6f:28:00:00:01";
const MAC_2 = "24:6f:28:00:00:02";

function codeOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof InventoryError) return `${error.code}: ${error.message}`;
    throw error;
  }
  return "no error";
}

describe("the inventory's nodes", () => {
  it("adds nodes once, and leaves alone what is there", () => {
    expect(inventory.add([node(1), node(2, { pole: "A 17" })])).toEqual({
      added: ["bk-0001", "bk-0002"],
      unchanged: [],
    });
    const before = inventory.nodes();
    expect(inventory.add([node(2, { pole: "A 17" }), node(3)])).toEqual({
      added: ["bk-0003"],
      unchanged: ["bk-0002"],
    });
    expect(inventory.nodes().slice(0, 2)).toEqual(before);
    expect(inventory.nodes({ states: ["flashed"] })).toEqual([]);
    expect(inventory.nodes({ city: "oujda" })).toEqual([]);
  });

  it("adds nothing when one of them conflicts, and names every conflict", () => {
    inventory.add([node(1), node(2, { pole: "A 17" })]);
    inventory.addPerson("centre", "centre");
    const problem = codeOf(() =>
      inventory.add([
        node(3),
        node(1, { city: "oujda" }),
        node(2, { pole: "B 2" }),
        node(4, { name: "centre" }),
      ]),
    );
    expect(problem).toBe(
      "conflict: bk-0001 is there with the city berkane, not oujda; bk-0002 is there with the pole A 17, not with B 2; centre is the name of a person at the broker",
    );
    expect(inventory.nodes()).toHaveLength(2);
  });

  it("gives a password while a board needs it, and forgets it when the board is well", () => {
    inventory.add([node(1)]);
    const hash = inventory.brokerUsers().nodes[0]?.passwordHash;
    const first = inventory.claim({ mac: MAC_1 });
    expect(first).toMatchObject({ passwordIsNew: false, node: { state: "flashing", mac: MAC_1 } });
    inventory.flashFailed("bk-0001", "the cable was pulled at 50 %");
    expect(inventory.node("bk-0001")).toMatchObject({ reason: "the cable was pulled at 50 %" });
    // The second try of the same board.
    const second = inventory.claim({ mac: MAC_1.toUpperCase() });
    expect(second.password).toBe(first.password);
    expect(second.node.reason).toBeUndefined();
    inventory.flashed("bk-0001");
    expect(inventory.brokerUsers().nodes[0]?.passwordHash).toBe(hash);
    expect(readFileSync(file).includes(first.password)).toBe(false);

    expect(codeOf(() => inventory.claim({ mac: MAC_1 }))).toBe(
      `board-in-use: the board ${MAC_1} is bk-0001 (flashed)`,
    );
    const again = inventory.claim({ mac: MAC_1, name: "bk-0001" });
    expect(again.passwordIsNew).toBe(true);
    expect(again.password).not.toBe(first.password);
    expect(inventory.brokerUsers().nodes[0]?.passwordHash).not.toBe(hash);
  });

  it("chooses the board's own node, then new ones, then failed ones", () => {
    inventory.add([node(1), node(2), node(3, { board: "other" })]);
    expect(inventory.claim({ mac: MAC_1 }).node.name).toBe("bk-0001");
    // A board that is plugged in meanwhile never becomes the same node.
    expect(inventory.claim({ mac: MAC_2, board: "streetnode_esp32_devkitc" }).node.name).toBe(
      "bk-0002",
    );
    inventory.flashFailed("bk-0001", "bad flash");
    const mac3 = "24:6f:28:00:00:03";
    expect(inventory.claim({ mac: mac3, city: "berkane", board: "other" }).node.name).toBe(
      "bk-0003",
    );
    const mac4 = "24:6f:28:00:00:04";
    expect(inventory.claim({ mac: mac4 }).node).toMatchObject({ name: "bk-0001", mac: mac4 });
    expect(codeOf(() => inventory.claim({ mac: MAC_1, board: "other" }))).toBe(
      "none-waiting: no node for the board other is waiting for a board: add some with streetnode provision",
    );
    expect(inventory.nodeWithMac(MAC_1)).toBeUndefined();
  });

  it("takes a board from its node only when told to", () => {
    inventory.add([node(1), node(2)]);
    inventory.claim({ mac: MAC_1, name: "bk-0001" });
    inventory.flashed("bk-0001");
    expect(codeOf(() => inventory.claim({ mac: MAC_1, name: "bk-0002" }))).toBe(
      `board-in-use: the board ${MAC_1} is bk-0001 (flashed), not bk-0002`,
    );
    expect(inventory.claim({ mac: MAC_1, takeBoard: true }).node.name).toBe("bk-0002");
    expect(inventory.node("bk-0001")).toMatchObject({ state: "new" });
    expect(inventory.node("bk-0001")?.mac).toBeUndefined();
  });

  it("refuses a step that the state does not allow", () => {
    inventory.add([node(1)]);
    expect(codeOf(() => inventory.flashed("bk-0001"))).toBe(
      "wrong-state: bk-0001 is new: no flash-done there",
    );
    expect(codeOf(() => inventory.installed("bk-0009"))).toBe(
      "unknown-name: no node is called bk-0009",
    );
    inventory.retire("bk-0001", "run over by a lorry");
    expect(inventory.brokerUsers().nodes).toEqual([]);
    expect(codeOf(() => inventory.add([node(1)]))).toContain("is retired");
    expect(codeOf(() => inventory.claim({ mac: "24:6f" }))).toContain("is no MAC address");
  });

  it("writes down who did what, without a password", () => {
    inventory.add([node(1)]);
    const { password } = inventory.claim({ mac: MAC_1 });
    inventory.flashFailed("bk-0001", "no sync");
    expect(inventory.audit("bk-0001").map(({ who, what, detail }) => [who, what, detail])).toEqual([
      ["salma", "added", undefined],
      ["salma", "flash-started", MAC_1],
      ["salma", "flash-failed", "no sync"],
    ]);
    expect(inventory.audit()[0]?.atMs).toBeGreaterThan(Date.UTC(2026, 2, 19));
    expect(JSON.stringify([inventory.audit(), inventory.nodes()])).not.toContain(password);
  });

  it("hands a person's password over once", () => {
    expect(inventory.addPerson("centre", "centre")).toBe(true);
    expect(inventory.addPerson("centre", "centre")).toBe(false);
    expect(codeOf(() => inventory.addPerson("centre", "crew"))).toContain("role centre");
    const passwords: string[] = [];
    const fail = () =>
      inventory.deliverPasswords(() => {
        throw new Error("disk full");
      });
    expect(fail).toThrow("disk full");
    inventory.deliverPasswords((_, password) => passwords.push(password));
    inventory.deliverPasswords((_, password) => passwords.push(password));
    expect(passwords).toHaveLength(1);
    const before = inventory.brokerUsers().people[0]?.passwordHash;
    inventory.renewPerson("centre");
    expect(inventory.brokerUsers().people[0]?.passwordHash).not.toBe(before);
    inventory.deliverPasswords((_, password) => passwords.push(password));
    expect(new Set(passwords).size).toBe(2);
  });
});

describe("the inventory's file", () => {
  const modeOf = (path: string) => statSync(path).mode & 0o777;

  it("is readable by its owner only, and while it is written too", () => {
    expect(modeOf(file)).toBe(0o600);
    inventory.add([node(1)]);
    const modes = transact(file, (db) => {
      db.run("UPDATE nodes SET reason = 'x'");
      return readdirSync(join(folder, "data")).map((name) => {
        const mode = modeOf(join(folder, "data", name));
        return [name, statSync(join(folder, "data", name)).isDirectory() ? 0 : mode & 0o077];
      });
    });
    expect(modes.map(([name]) => name)).toContain("inventory.db-wal");
    expect(modes.every(([, mode]) => mode === 0)).toBe(true);
    chmodSync(file, 0o644);
    inventory.nodes();
    expect(modeOf(file)).toBe(0o600);
    expect(readdirSync(join(folder, "data"))).toEqual(["inventory.db"]);
  });

  it("says what is wrong with it", () => {
    expect(codeOf(() => new Inventory(join(folder, "none.db")).nodes())).toMatch(
      /^missing: there is no inventory at .*none\.db: streetnode provision makes one$/,
    );
    writeFileSync(join(folder, "text.db"), "name,city\n".repeat(1000));
    expect(codeOf(() => new Inventory(join(folder, "text.db")).nodes())).toMatch(
      /^unusable: .*file is not a database$/,
    );
    const other = new sqlite.Database(join(folder, "other.db"));
    other.exec("CREATE TABLE t(a)");
    other.close();
    expect(codeOf(() => new Inventory(join(folder, "other.db")).nodes())).toMatch(
      /^unusable: .*is a database, but no inventory/,
    );
    transact(file, (db) => db.exec("PRAGMA user_version = 999"));
    expect(codeOf(() => inventory.nodes())).toMatch(/made by a newer version .*999/);
  });

  it("brings old tables up to date, each step once", () => {
    const steps = [...MIGRATIONS, "CREATE TABLE later(a); INSERT INTO later VALUES (1)"];
    inventory.add([node(1)]);
    transact(file, (db) => migrate(db, steps, file));
    // Known to the new version: nothing happens twice.
    const path = file;
    const db = new sqlite.Database(path);
    db.exec("PRAGMA locking_mode = EXCLUSIVE");
    migrate(db, steps, path);
    expect(db.get("SELECT count(*) AS n FROM later")).toEqual({ n: 1 });
    expect(db.get("SELECT count(*) AS n FROM nodes")).toEqual({ n: 1 });
    db.close();
  });

  it("is not kept by processes that were killed", () => {
    mkdirSync(`${file}.lock`);
    mkdirSync(`${file}.busy`);
    // A process that has ended, and one that has another's number today.
    const ended = execFileSync(process.execPath, ["-p", "process.pid"]).toString().trim();
    writeFileSync(join(`${file}.busy`, `${hostname()},${ended},1,aa`), "");
    writeFileSync(join(`${file}.busy`, `${hostname()},${process.pid},1,bb`), "");
    inventory.add([node(1)]);
    expect(existsSync(`${file}.busy`)).toBe(false);
  });

  it("says who holds it", () => {
    const problem = codeOf(() => withFileLock(file, () => withFileLock(file, () => 0, 0)));
    expect(problem).toMatch(new RegExp(`^busy: .* is in use by process ${process.pid}: wait`));
    mkdirSync(`${file}.busy`);
    writeFileSync(join(`${file}.busy`, `another-computer,${process.pid},1,aa`), "");
    expect(codeOf(() => withFileLock(file, () => 0, 0))).toContain("another-computer");
  });
});
