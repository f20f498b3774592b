import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { brokerCommand } from "../../src/cli/commands/broker";
import { labelCommand } from "../../src/cli/commands/label";
import { provisionCommand } from "../../src/cli/commands/provision";
import { Inventory } from "../../src/inventory/inventory";

const BOARD = "streetnode_esp32_devkitc";

let folder: string;
let inventory: Inventory;
const lines: string[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "streetnode-provision-"));
  inventory = new Inventory(join(folder, "inventory.db"));
  lines.length = 0;
  vi.spyOn(console, "log").mockImplementation((line: string) => void lines.push(line));
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true, force: true });
});

const provision = (...args: string[]) =>
  provisionCommand()
    .exitOverride()
    .parseAsync([...args, "--inventory", inventory.file], { from: "user" });
const broker = (...args: string[]) =>
  brokerCommand()
    .exitOverride()
    .parseAsync([...args, "--inventory", inventory.file], { from: "user" });

function csv(text: string | Buffer): string {
  const file = join(folder, "nodes.csv");
  writeFileSync(file, text);
  return file;
}

async function problem(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => "no error",
    (error: Error) => `${error.name}: ${error.message}`,
  );
}

describe("streetnode provision", () => {
  it.each([
    ["commas", "name,city,board,pole\r\nbk-0001,berkane,BOARD,A 17\r\n"],
    ["semicolons, a byte order mark and empty rows", "\uFEFFNAME;Pole\nbk-0001; A 17 \n;\n\n"],
    ["tabs and quotes", 'pole\tname\n"A 17"\tbk-0001\n'],
  ])("reads a file with %s", async (_, text) => {
    const file = csv(text.replace("BOARD", BOARD));
    await provision("--csv", file, "--city", "berkane", "--board", BOARD);
    expect(inventory.nodes()).toMatchObject([
      { name: "bk-0001", city: "berkane", board: BOARD, pole: "A 17", state: "new" },
    ]);
  });

  it("changes nothing when it runs again with the same file", async () => {
    const file = csv("name,pole\nbk-0001,A 17\nbk-0002,\n");
    const args = ["--csv", file, "--city", "berkane", "--board", BOARD, "--mosquitto", folder];
    await provision(...args);
    const before = ["inventory.db", "passwords", "acl"].map((name) =>
      readFileSync(join(folder, name)),
    );
    const hash = inventory.brokerUsers().nodes[0]?.passwordHash ?? "";
    expect(before[1]?.toString()).toContain(`bk-0001:${hash}\n`);
    const changedAt = statSync(join(folder, "passwords")).mtimeMs;
    lines.length = 0;
    await provision(...args);
    expect(lines).toEqual([`Nothing to add: 2 nodes are in ${inventory.file} already.`]);
    expect(readFileSync(join(folder, "passwords"))).toEqual(before[1]);
    expect(statSync(join(folder, "passwords")).mtimeMs).toBe(changedAt);
    expect(inventory.audit().filter(({ what }) => what === "added")).toHaveLength(2);
  });

  it("names every bad cell by line and column, and adds nothing", async () => {
    const file = csv(
      `name,city,board,pole\nbk-0001,berkane,${BOARD},ok\nBK-0002,,nope,x\nbk-0001,berkane,${BOARD},a,b\ncrew,berkane,${BOARD},${"p".repeat(41)}\n`,
    );
    const told = await problem(provision("--csv", file));
    expect(told.split("\n")).toEqual([
      `InputError: ${file}: 7 cells are wrong, nothing was added`,
      "  line 3, column name: 'BK-0002' may hold only a-z, 0-9 and '-', has 'B'",
      "  line 3, column city: is missing",
      expect.stringMatching(/^ {2}line 3, column board: there is no board 'nope'; there are /),
      "  line 4, column 5: is one cell more than the header has; a text with a separator needs quotes",
      "  line 4, column name: 'bk-0001' is in line 2, too",
      "  line 5, column name: 'crew' is the name of a role",
      "  line 5, column pole: must have at most 40 characters, has 41",
    ]);
    expect(existsSync(inventory.file)).toBe(false);
  });

  it("names the line of a node that is there and differs", async () => {
    await provision("bk-0002", "--city", "oujda", "--board", BOARD);
    const file = csv("name\nbk-0001\nbk-0002\n");
    const told = await problem(provision("--csv", file, "--city", "berkane", "--board", BOARD));
    expect(told).toContain(
      "one cell is wrong, nothing was added\n  line 3, column name: 'bk-0002' is there with the city oujda, not berkane",
    );
    expect(inventory.nodes()).toHaveLength(1);
  });

  it.each([
    ["name,colour\nbk-0001,red\n", "line 1: unknown column 'colour'; the columns are name, city"],
    ["city\nberkane\n", "line 1: there is no column 'name'"],
    ["name,name\na,b\n", "line 1: two columns are called 'name'"],
    ["name\n", "has a header and no nodes"],
    ["", "is empty"],
    ['name\n"bk-0001\n', "is no CSV file: "],
    [Buffer.from("name;pole\nbk-0001;All\xe9e\n", "latin1"), 'is not in UTF-8: save it as "CSV'],
  ])("refuses the file %j", async (text, reason) => {
    expect(await problem(provision("--csv", csv(text)))).toContain(reason);
  });

  it.each([
    [[], "give the NAME of a node, or --csv FILE"],
    [["bk-0001", "--csv", "x.csv"], "give one of NAME, --csv FILE and --retire NODE"],
    [["bk-0001", "--board", BOARD], "--city: is missing"],
    [["Bk", "--city", "berkane", "--board", "x"], "NAME: 'Bk' must have 3 to 23 characters"],
    [["--csv", "none.csv"], "none.csv: no such file"],
    [["--retire", "bk-0009"], "--retire bk-0009: no node is called bk-0009"],
  ])("refuses %j", async (args, reason) => {
    inventory.create();
    expect(await problem(provision(...args))).toContain(`InputError: `);
    expect(await problem(provision(...args))).toContain(reason);
  });

  it("reloads a Mosquitto only, never what else has its number", async () => {
    const pidFile = join(folder, "pid");
    const add = ["bk-0001", "--city", "berkane", "--board", BOARD, "--reload", pidFile];
    expect(await problem(provision(...add))).toContain("cannot be read (ENOENT)");
    writeFileSync(pidFile, `${process.pid}\n`);
    if (process.platform === "linux")
      expect(await problem(provision(...add))).toContain(
        `no Mosquitto runs as process ${process.pid}`,
      );
    writeFileSync(pidFile, "-1\n");
    expect(await problem(provision(...add))).toContain("no Mosquitto runs as process -1");
  });
});

describe("streetnode broker", () => {
  it("keeps a configuration that was changed by hand, and refreshes users and rights", async () => {
    const mosquitto = join(folder, "broker");
    await broker("--mosquitto", mosquitto, "--install-at", "/etc/mosquitto/streetnode");
    const conf = readFileSync(join(mosquitto, "mosquitto.conf"), "utf8");
    expect(conf).toContain("password_file /etc/mosquitto/streetnode/passwords\n");
    expect(conf).toContain("certfile /etc/mosquitto/streetnode/certs/server.crt\n");
    writeFileSync(join(mosquitto, "mosquitto.conf"), `${conf}# mine\n`);
    await provision("bk-0001", "--city", "berkane", "--board", BOARD);
    expect(readFileSync(join(mosquitto, "acl"), "utf8")).toContain("user bk-0001\n");
    lines.length = 0;
    await broker("--mosquitto", mosquitto);
    expect(lines.join("\n")).toContain("mosquitto.conf differs from what I would write");
    expect(readFileSync(join(mosquitto, "mosquitto.conf"), "utf8")).toContain("# mine");
    await broker("--mosquitto", mosquitto, "--overwrite");
    expect(readFileSync(join(mosquitto, "mosquitto.conf"), "utf8")).not.toContain("# mine");
  });

  it("gives a role its password once, and a new one on demand", async () => {
    const file = join(folder, "passwords", "centre.password");
    await broker("--emqx", join(folder, "emqx"));
    const first = readFileSync(file, "utf8");
    await broker("--emqx", join(folder, "emqx"));
    expect(readFileSync(file, "utf8")).toBe(first);
    await broker("--new-password", "centre");
    expect(readFileSync(file, "utf8")).not.toBe(first);
    expect(await problem(broker("--new-password", "mayor"))).toContain("expected centre or crew");
    expect(await problem(broker())).toContain("say for which broker");
    expect(await problem(broker("--mosquitto", folder, "--install-at", "etc"))).toContain(
      "--install-at etc: expected an absolute path",
    );
  });
});

describe("streetnode label", () => {
  const label = (...args: string[]) =>
    labelCommand()
      .exitOverride()
      .parseAsync(
        [
          ...args,
          ...["--inventory", inventory.file, "--url", "https://nodes.example.org"],
          ...["--out", join(folder, "labels.pdf"), "--json"],
        ],
        { from: "user" },
      );

  it("takes every flashed node, or those that are named", async () => {
    const nodes = [1, 2, 3].map((number) => ({
      name: `bk-000${number}`,
      city: "berkane",
      board: BOARD,
    }));
    inventory.create();
    inventory.add(nodes);
    expect(await problem(label())).toContain("no node is flashed and waits for a label");
    for (const number of [1, 2]) {
      inventory.claim({ mac: `24:6f:28:00:00:0${number}` });
      inventory.flashed(`bk-000${number}`);
    }
    inventory.installed("bk-0002");
    await label();
    expect(JSON.parse(lines.at(-1) ?? "")).toMatchObject({
      pages: 1,
      labels: [
        {
          name: "bk-0001",
          mac: "24:6f:28:00:00:01",
          url: "https://nodes.example.org/field?node=bk-0001",
        },
      ],
    });
    expect(readFileSync(join(folder, "labels.pdf"), "latin1")).toMatch(/^%PDF-/);
    await label("bk-0002", "bk-0001", "bk-0002", "--start", "21");
    expect(JSON.parse(lines.at(-1) ?? "")).toMatchObject({ pages: 2, format: "L7160" });
    expect(await problem(label("bk-0003"))).toContain("bk-0003 has no board yet");
    expect(await problem(label("bk-0004"))).toContain("bk-0004: no node is called that");
    expect(await problem(label("--start", "22"))).toContain("L7160 has 21 labels a page");
  });
});
