import { generateKeyPairSync } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CommanderError } from "commander";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { otaCommand } from "../../src/cli/commands/ota";
import { InputError } from "../../src/inputError";
import { takeFileLock } from "../../src/inventory/fileLock";
import { Inventory } from "../../src/inventory/inventory";
import { InventoryError } from "../../src/inventory/inventoryError";
import { keyId, newSigningKey, signImage } from "../../src/ota/image";
import { OtaStore } from "../../src/ota/otaStore";
import { BOARD, headOfProgram } from "../support/scriptedUpdates";

let folder: string;
let inventory: Inventory;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "streetnode-ota-cli-"));
  inventory = new Inventory(join(folder, "inventory.db"), "test");
  vi.stubEnv("STREETNODE_INVENTORY", inventory.file);
});
afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

/** Runs a command in this process, as the program does. */
async function ota(...args: string[]): Promise<{ failed: boolean; output: string }> {
  let output = "";
  const print = vi.spyOn(console, "log").mockImplementation((text) => {
    output += `${String(text)}\n`;
  });
  const command = otaCommand();
  for (const each of [command, ...command.commands])
    each.exitOverride().configureOutput({ writeErr: (text) => (output += text) });
  try {
    await command.parseAsync(args, { from: "user" });
    return { failed: false, output };
  } catch (error) {
    if (!(error instanceof CommanderError)) output += (error as Error).message;
    // Anything else would be told with its stack.
    expect([CommanderError, InputError, InventoryError]).toContain((error as Error).constructor);
    return { failed: true, output };
  } finally {
    print.mockRestore();
  }
}

const at = (name: string) => join(folder, name);

function write(name: string, content: string | Uint8Array): string {
  writeFileSync(at(name), content);
  return at(name);
}

/** What a command said that failed: one line. */
async function refusal(...args: string[]): Promise<string> {
  const { failed, output } = await ota(...args);
  expect(failed, output).toBe(true);
  expect(output.trim().split("\n"), output).toHaveLength(1);
  return output.trim();
}

describe("the keys of images", () => {
  it("are made in pairs, are never overwritten, and the secret half is only its owner's", async () => {
    expect((await ota("keygen", at("city.pem"))).failed).toBe(false);
    expect(statSync(at("city.pem")).mode & 0o077).toBe(0);
    const secret = readFileSync(at("city.pem"), "utf8");
    expect(await refusal("keygen", at("city.pem"))).toContain("city.pem.pub: is there already");
    expect(readFileSync(at("city.pem"), "utf8")).toBe(secret);
    write("half.pem", "");
    expect(await refusal("keygen", at("half.pem"))).toContain("half.pem: is there already");
    expect(existsSync(at("half.pem.pub"))).toBe(false);
  });

  it("are trusted by their public half alone", async () => {
    const { privateKey, publicKey } = newSigningKey();
    const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
    for (const [file, reason] of [
      [write("secret.pem", privateKey), "holds the secret half of a key"],
      [write("both.pem", publicKey + privateKey), "holds the secret half of a key"],
      [
        write("rsa.pub", rsa.publicKey.export({ type: "spki", format: "pem" }).toString()),
        "is a key of the kind rsa, expected ed25519",
      ],
      [write("garbage.pub", "garbage"), "is no key of Ed25519 in PEM"],
      [at("nowhere.pub"), "no such file"],
    ] as const)
      expect(await refusal("trust", file)).toContain(reason);
    expect(readFileSync(inventory.file).includes("PRIVATE KEY")).toBe(false);
    expect((await ota("trust", write("a.pub", publicKey))).failed).toBe(false);
    const { keys } = JSON.parse((await ota("list", "--json")).output) as {
      keys: { key: string }[];
    };
    expect(keys).toHaveLength(1);
    expect((await ota("distrust", keys[0]?.key ?? "")).failed).toBe(false);
    expect((await ota("list")).output).toContain("No key is trusted yet");
  });

  it("sign only where they can", async () => {
    const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const file = write(
      "rsa.pem",
      rsa.privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    );
    expect(await refusal("sign", "--key", file)).toContain("rsa.pem: is a key of the kind rsa");
    expect(await refusal("sign", "--key", at("a.pub"))).toContain("a.pub: is no key of Ed25519");
  });
});

describe("images and rollouts", () => {
  const nodes = ["bk-0001", "bk-0002"];
  const key = newSigningKey();
  let good: string;
  beforeAll(() => {
    inventory.create();
    inventory.add(nodes.map((name) => ({ name, city: "berkane", board: BOARD })));
    const store = new OtaStore(inventory.file, "test");
    nodes.forEach((name, i) => {
      inventory.claim({ mac: `02:00:00:00:00:0${i}`, name });
      inventory.flashed(name);
      store.updateKey(name);
    });
    store.trust(key.publicKey);
    good = write("good.image", image());
  });

  function image(more: { boards?: string[]; body?: number } = {}, secret = key.privateKey): Buffer {
    const { boards = [BOARD], body = 1 } = more;
    return signImage({ bytecode: headOfProgram(body), version: "1.2.3", boards }, secret);
  }

  it("are refused with the reason", async () => {
    const bytes = readFileSync(good);
    const flipped = Buffer.from(bytes);
    flipped[bytes.length - 9] = (flipped[bytes.length - 9] ?? 0) ^ 4;
    const [magic = "", header = ""] = bytes.toString("latin1").split("\n");
    const unsigned = Buffer.concat([
      Buffer.from(`${magic}\n${header}\n\n`),
      bytes.subarray(bytes.length - 320),
    ]);
    for (const [name, content, reason] of [
      ["other.image", image({}, newSigningKey().privateKey), "not-signed: it is not signed by"],
      ["unsigned.image", unsigned, "not-signed: it is not signed by"],
      [
        "short.image",
        bytes.subarray(0, bytes.length - 32),
        "damaged: it does not hold the program",
      ],
      ["headless.image", bytes.subarray(0, 60), "damaged: it ends within its header"],
      ["flipped.image", flipped, "damaged: it does not hold the program"],
      ["text.image", Buffer.from("hello"), "not-an-image: it does not begin as"],
      ["empty.image", Buffer.alloc(0), "not-an-image: it does not begin as"],
    ] as const)
      expect(await refusal("add", write(name, content))).toContain(`${name}: ${reason}`);
    const board = write("board.image", image({ boards: ["other_board"] }));
    expect(await refusal("rollout", board, "--nodes", "*")).toContain(
      `wrong-board: it is for other_board, not for ${BOARD} (bk-0001)`,
    );
  });

  it("are signed anew with another key", async () => {
    const { publicKey, privateKey } = newSigningKey();
    const newer = write("newer.pem", privateKey);
    const out = at("anew.image");
    expect((await ota("sign", "--key", newer, "--image", good, "--out", out)).failed).toBe(false);
    expect(await refusal("add", out)).toContain("anew.image: not-signed");
    await ota("trust", write("newer.pub", publicKey));
    expect((await ota("add", out)).output).toContain("1.2.3");
    // The program stays when the older key goes: the newer one has signed it, too.
    const store = new OtaStore(inventory.file, "test");
    expect(store.distrust(keyId(key.publicKey)).images).toBe(0);
    expect([...store.images().values()].map(({ header }) => header.version)).toEqual(["1.2.3"]);
    store.trust(key.publicKey);
  });

  it("name the option that cannot be", async () => {
    for (const [args, reason] of [
      [
        ["--nodes", "zz*"],
        "--nodes zz*: matches none of the 2 flashed or installed nodes of berkane",
      ],
      [["--nodes", "*", "--city", "X"], "--city X:"],
      [[], "--nodes: missing"],
      [["--nodes", "*", "--wait", "10"], "expected a time such as 30s"],
      [["--nodes", "*", "--back", "1m"], "--back: expected 10m or more"],
      [["--nodes", "*", "--canary", "0"], "expected a whole number from 1"],
    ] as const)
      expect(await refusal("rollout", good, ...args)).toContain(reason);
    inventory.add([{ name: "bk-0003", city: "berkane", board: BOARD }]);
    inventory.claim({ mac: "02:00:00:00:00:09", name: "bk-0003" });
    inventory.flashed("bk-0003");
    expect(await refusal("rollout", good, "--nodes", "*")).toContain("bk-0003 has no update key");
  });

  it("go as they are told, and say when no gateway is there to do it", async () => {
    expect(await refusal("status")).toContain("there was no rollout yet");
    const begun = await ota("rollout", good, "--nodes", "bk-000[12]", "--nodes", "bk-0001");
    expect(begun.output).toContain("matches none");
    const args = ["rollout", good, "--nodes", "bk-0001", "--nodes", "bk-0002", "--wait", "10m"];
    const { failed, output } = await ota(...args);
    expect(failed, output).toBe(false);
    expect(output).toContain("Rollout 1 to 2 nodes has begun");
    expect(output).toContain("No gateway serves this inventory now: streetnode city");
    expect(await refusal(...args)).toContain(
      "rollout 1 is not over (canary): let it end, or abort it",
    );
    expect(await refusal("resume")).toContain("rollout 1 is not paused (canary)");
    expect((await ota("pause")).output).toContain("told to pause");
    const status = JSON.parse((await ota("status", "--json")).output) as object;
    expect(status).toMatchObject({
      id: 1,
      version: "1.2.3",
      state: "canary",
      gateway: false,
      plan: { canary: 2, batch: 25, waitMs: 600_000, canaryWaitMs: 1_800_000 },
      nodes: [{ node: "bk-0001" }, { node: "bk-0002" }],
    });
    const release = takeFileLock(`${inventory.file}.gateway`, 0);
    try {
      const told = (await ota("status")).output;
      expect(told).toContain("Rollout 1 of 1.2.3");
      expect(told).not.toContain("No gateway");
    } finally {
      release();
    }
    expect((await ota("abort")).failed).toBe(false);
    expect(await refusal("resume")).toContain("is being stopped");
    expect(await refusal("abort", "7")).toContain("no rollout 7");
    expect(inventory.audit().map(({ what }) => what)).toEqual(
      expect.arrayContaining(["image-added", "rollout-begun", "rollout-pause", "rollout-abort"]),
    );
  });
});
