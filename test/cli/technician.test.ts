import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { exportUsers, outdatedExports } from "../../src/brokerConfig/export";
import { transact } from "../../src/inventory/database";
import { Inventory } from "../../src/inventory/inventory";
import { buildCommands, type BuiltCommands, type Ended } from "../support/builtCommand";

const BOARD = "streetnode_esp32_devkitc";

let built: BuiltCommands;
let folder: string;
beforeAll(async () => {
  built = await buildCommands({
    provision: "provisionCommand",
    broker: "brokerCommand",
    label: "labelCommand",
    doctor: "doctorCommand",
  });
  folder = mkdtempSync(join(tmpdir(), "streetnode-technician-"));
});
afterAll(() => {
  built?.remove();
  rmSync(folder, { recursive: true, force: true });
});

function at(place: string, ...args: string[]): Promise<Ended> {
  return built.run(args, {
    STREETNODE_INVENTORY: join(folder, place, "inventory.db"),
    STREETNODE_CACHE: join(folder, place, "cache"),
    STREETNODE_DEBUG: "1",
  });
}

function csv(name: string, ...rows: string[]): string {
  const file = join(folder, name);
  writeFileSync(file, `${["name;city;board;pole", ...rows].join("\n")}\n`);
  return file;
}

/** Every file below a folder. */
function filesBelow(path: string): string[] {
  return readdirSync(path, { recursive: true, encoding: "utf8" })
    .map((name) => join(path, name))
    .filter((file) => statSync(file).isFile());
}

describe("the technician's commands", () => {
  it("print no password, and write none but where it belongs", async () => {
    const inventory = new Inventory(join(folder, "secrets", "inventory.db"));
    const broker = join(folder, "secrets", "broker");
    const passwords = new Set<string>();
    const collect = () => {
      transact(inventory.file, (db) => {
        for (const table of ["nodes", "people"])
          for (const row of db.all(`SELECT password FROM ${table} WHERE password IS NOT NULL`))
            passwords.add(String(row["password"]));
      });
      const given = join(folder, "secrets", "passwords");
      for (const file of readdirSync(given)) {
        expect(statSync(join(given, file)).mode & 0o077).toBe(0);
        passwords.add(readFileSync(join(given, file), "utf8").trim());
      }
    };
    const good = csv("nodes.csv", `bk-0001;berkane;${BOARD};A 17`, `bk-0002;berkane;${BOARD};`);
    const bad = csv("bad.csv", `bk-0001;oujda;${BOARD};`);
    const outputs: string[] = [];
    const run = async (...args: string[]) => {
      const ended = await at("secrets", ...args);
      outputs.push(ended.output);
      return ended.code;
    };
    expect(await run("broker", "--mosquitto", broker, "--emqx", join(broker, "emqx"))).toBe(0);
    collect();
    expect(await run("provision", "--csv", good, "--json")).toBe(0);
    expect(await run("provision", "bk-0003", "--city", "berkane", "--board", BOARD)).toBe(0);
    expect(await run("provision", "--csv", bad)).not.toBe(0);
    collect();
    // One board is written and well, another is not; the third is still to come.
    const claimed = inventory.claim({ name: "bk-0001", mac: "24:6f:28:00:00:01" }).password;
    inventory.claim({ name: "bk-0002", mac: "24:6f:28:00:00:02" });
    inventory.flashed("bk-0001");
    inventory.flashFailed("bk-0002", "no answer");
    expect(await run("broker", "--new-password", "crew", "--rabbitmq", join(broker, "r"))).toBe(0);
    collect();
    for (const args of [
      ["--list"],
      ["--list", "--json"],
      ["--log"],
      ["bk-0001", "--log", "--json"],
    ])
      expect(await run("provision", ...args)).toBe(0);
    const pdf = join(folder, "secrets", "labels.pdf");
    expect(await run("label", "--url", "https://nodes.example.org", "--out", pdf, "--json")).toBe(
      0,
    );
    expect(await run("doctor", "--json")).toBe(1);

    const output = outputs.join("\n");
    expect(passwords.size).toBe(6);
    expect(passwords.has(claimed)).toBe(true);
    expect(output).toContain("bk-0003");
    const files = filesBelow(join(folder, "secrets")).filter((file) => !file.endsWith(".password"));
    expect(files.length).toBeGreaterThan(8);
    for (const password of passwords) {
      expect(password).toMatch(/^[\w-]{32}$/);
      expect(output).not.toContain(password);
      for (const file of files.filter((name) => name !== inventory.file))
        expect(readFileSync(file).includes(password)).toBe(false);
    }
    // And not in the inventory either, once its board is well or its person has it.
    const kept = [...passwords].filter((password) =>
      readFileSync(inventory.file).includes(password),
    );
    expect(kept).toHaveLength(2);
    expect(kept).not.toContain(claimed);
  }, 120_000);

  it("work on one inventory at the same time, and each does all of its part", async () => {
    const names = (prefix: string) => Array.from({ length: 8 }, (_, i) => `${prefix}-000${i + 1}`);
    const broker = join(folder, "together", "broker");
    const prefixes = ["aa", "bb", "cc"];
    const files = prefixes.map((prefix) =>
      csv(`${prefix}.csv`, ...names(prefix).map((name) => `${name};berkane;${BOARD};`)),
    );
    const running = files.map((file) =>
      at("together", "provision", "--csv", file, "--mosquitto", broker),
    );
    const inventory = new Inventory(join(folder, "together", "inventory.db"));
    inventory.create();
    for (const name of names("dd")) {
      inventory.add([{ name, city: "berkane", board: BOARD }]);
      exportUsers(inventory);
      await new Promise((resolve) => setImmediate(resolve));
    }
    for (const ended of await Promise.all(running)) expect(ended).toMatchObject({ code: 0 });
    expect(inventory.nodes().map(({ name }) => name)).toEqual(
      [...prefixes, "dd"].flatMap((prefix) => names(prefix)),
    );
    expect(outdatedExports(inventory)).toEqual([]);
    expect(readdirSync(join(folder, "together")).sort()).toEqual(["broker", "inventory.db"]);
  }, 60_000);
});
