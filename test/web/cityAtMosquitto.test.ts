import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectAsync, type MqttClient } from "mqtt";
import { rolldown } from "rolldown";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { mosquittoUserFiles } from "../../src/brokerConfig/mosquitto";
import { Inventory } from "../../src/inventory/inventory";
import { ROLES, actionsOf } from "../../src/people/roles";
import { PROJECT_FOLDER } from "../../src/projectFolder";
import { freePort, HAS_MOSQUITTO, startMosquitto, type Mosquitto } from "../support/mosquitto";
import { quickHash } from "../support/quickHash";
import { ScriptedNode } from "../support/scriptedNode";

const CITY = "berkane";
const PATIENCE_MS = 30_000;
const PASSWORD = "a password for tests";
/** MQTT 5 reason code (section 2.4). */
const NOT_AUTHORIZED = 135;

describe.runIf(HAS_MOSQUITTO)("with Mosquitto", () => {
  let folder: string;
  let inventory: Inventory;
  let mosquitto: Mosquitto | undefined;
  let server: ChildProcess | undefined;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "streetnode-city-"));
    inventory = new Inventory(join(folder, "inventory.db"));
    inventory.create();
  });

  afterEach(async () => {
    server?.kill("SIGKILL");
    await mosquitto?.stop();
    mosquitto = undefined;
    rmSync(folder, { recursive: true, force: true });
  });

  it("a role at the broker may do what it may at the pages, and no more", async () => {
    inventory.add([{ name: "bk-0001", city: CITY, board: "b" }]);
    for (const role of [...ROLES, "centre"] as const) inventory.addPerson(role, role);
    const passwords = new Map<string, string>();
    inventory.deliverPasswords((name, password) => passwords.set(name, password));
    passwords.set(
      "bk-0001",
      inventory.claim({ name: "bk-0001", mac: "24:6f:28:00:00:01" }).password,
    );
    mosquitto = await startMosquitto({
      config: "allow_anonymous false\nacl_file {folder}/acl\npassword_file {folder}/passwords",
      files: Object.fromEntries(mosquittoUserFiles(inventory.brokerUsers())),
    });
    const { port } = mosquitto;
    const connect = (username: string): Promise<MqttClient> =>
      connectAsync({ port, protocolVersion: 5, username, password: passwords.get(username) ?? "" });
    const centre = await connect("centre");
    const node = await connect("bk-0001");
    for (const role of ROLES) {
      const may = actionsOf(role, false);
      const client = await connect(role);
      const heard: string[] = [];
      client.on("message", (topic) => heard.push(topic));
      const root = `streetnode/v1/${CITY}`;
      const verdicts = {
        command: await mayPublish(client, `${root}/bk-0001/down/command`),
        configure: await mayPublish(client, `${root}/bk-0001/down/config`),
        all: await mayPublish(client, `${root}/all/down/command`),
        time: await mayPublish(client, `${root}/all/down/time`),
        place: await mayPublish(client, `${root}/bk-0001/down/place`),
        up: await mayPublish(client, `${root}/bk-0001/up/data`),
      };
      expect({ role, ...verdicts }).toEqual({
        role,
        command: may.includes("command"),
        configure: may.includes("configure"),
        all: false,
        time: false,
        place: false,
        up: false,
      });
      // Mosquitto grants every subscription, and judges each message.
      await client.subscribeAsync(`${root}/#`, { qos: 1 });
      await centre.publishAsync(`${root}/bk-0001/down/command`, "{}", { qos: 1 });
      await node.publishAsync(`${root}/bk-0001/up/data`, "{}", { qos: 1 });
      await vi.waitFor(() => expect(heard).not.toEqual([]), PATIENCE_MS);
      expect(may).toContain("watch");
      expect(heard).toEqual([`${root}/bk-0001/up/data`]);
      await client.endAsync();
    }
    await centre.endAsync();
    await node.endAsync();
  });

  it("no reading, acceptance or audit line is lost when the server is killed again and again", async () => {
    inventory.addSignIn("amina", "operator", quickHash(PASSWORD));
    // Of Mosquitto's own it would keep a thousand messages for who is away.
    const broker = await startMosquitto({
      config: "allow_anonymous true\nmax_queued_messages 500000\nmax_queued_bytes 536870912",
    });
    mosquitto = broker;
    const command = await buildCity();
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const nodes = await Promise.all(
      ["bk-0001", "bk-0002", "bk-0003"].map((name) =>
        ScriptedNode.connect(`mqtt://127.0.0.1:${broker.port}`, name),
      ),
    );
    const start = async (): Promise<void> => {
      server = spawn(
        process.execPath,
        [
          ...[command.file, "city", "--broker", `mqtt://127.0.0.1:${broker.port}`],
          ...["--inventory", inventory.file, "--port", String(port)],
        ],
        { stdio: ["ignore", "ignore", "inherit"] },
      );
      await vi.waitFor(() => fetch(`${url}/api/session`), PATIENCE_MS);
    };
    const post = async (path: string, body: object, cookie = ""): Promise<Response> =>
      fetch(`${url}${path}`, {
        method: "POST",
        headers: { "x-streetnode": "1", cookie },
        body: JSON.stringify(body),
      });
    await start();
    const signedIn = await post("/api/sign-in", { name: "amina", password: PASSWORD });
    const cookie = signedIn.headers.get("set-cookie")?.split(";")[0] ?? "";
    await vi.waitFor(async () => {
      const answer = await fetch(`${url}/api/nodes`, { headers: { cookie } });
      expect(((await answer.json()) as { nodes: object[] }).nodes).toHaveLength(3);
    }, PATIENCE_MS);

    const startMs = Date.now();
    let sent = 0;
    let over = false;
    const sending = (async () => {
      while (!over) {
        await Promise.all(nodes.map((node) => node.read(sent, startMs + sent)));
        sent++;
        await new Promise((resolve) => setTimeout(resolve, 30));
      }
    })();
    const accepted: string[] = [];
    for (let round = 0; round < 4; round++) {
      // A phone sends its visit until it is told that it was taken.
      const id = `00000000-0000-4000-8000-00000000000${round}`;
      const visit = { id, kind: "accept", node: "bk-0001", pole: `P-${round}`, lat: 1, lon: 1 };
      const body = { ...visit, atMs: Date.now(), checks: [], despite: "not looked" };
      const taken = (async () => {
        while (!(await post("/api/visits", body, cookie).catch(() => undefined))?.ok)
          await new Promise((resolve) => setTimeout(resolve, 50));
        accepted.push(id);
      })();
      await new Promise((resolve) => setTimeout(resolve, 5 + 400 * round));
      server?.kill("SIGKILL");
      await start();
      await taken;
    }
    over = true;
    await sending;
    const get = async (path: string) => fetch(`${url}${path}`, { headers: { cookie } });
    // Each exactly once: every node's values are 0 to sent - 1.
    await vi.waitFor(async () => {
      const csv = await (await get(`/api/history.csv?fromMs=0`)).text();
      const values = csv.trim().split("\r\n").slice(1);
      expect(values).toHaveLength(nodes.length * sent);
      expect(new Set(values).size).toBe(values.length);
    }, PATIENCE_MS);
    const { visits } = (await (await get("/api/visits")).json()) as { visits: { id: string }[] };
    expect(visits.map(({ id }) => id).sort()).toEqual(accepted);
    const { entries } = (await (await get("/api/audit")).json()) as { entries: { what: string }[] };
    const count = (what: string) => entries.filter((entry) => entry.what === what).length;
    expect([count("sign-in"), count("accept")]).toEqual([1, 4]);
    expect(nodes[0]?.place).toContain('"P-3"');
    expect(sent).toBeGreaterThan(20);

    server?.kill("SIGTERM");
    for (const node of nodes) await node.close();
    command.remove();
  });
});

async function mayPublish(client: MqttClient, topic: string): Promise<boolean> {
  try {
    await client.publishAsync(topic, "{}", { qos: 1 });
    return true;
  } catch (error) {
    if ((error as { code?: number }).code === NOT_AUTHORIZED) return false;
    throw error;
  }
}

/** The command, built from its sources within the project so that it finds its packages and pages. */
async function buildCity(): Promise<{ file: string; remove(): void }> {
  const built = mkdtempSync(join(PROJECT_FOLDER, "dist", "test-"));
  const entry = join(built, "entry.ts");
  const source = join(PROJECT_FOLDER, "src/cli/commands/city.ts");
  writeFileSync(
    entry,
    `import { Command } from "commander";
import { cityCommand } from ${JSON.stringify(source)};
await new Command("streetnode").addCommand(cityCommand()).parseAsync();
`,
  );
  const bundle = await rolldown({
    input: { city: entry },
    platform: "node",
    external: (id) => !id.startsWith(".") && !id.startsWith("/"),
  });
  await bundle.write({ dir: built, format: "esm" });
  await bundle.close();
  return {
    file: join(built, "city.js"),
    remove: () => rmSync(built, { recursive: true, force: true }),
  };
}
