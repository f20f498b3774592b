import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { UP_STATE } from "../../devs/contract/topics";
import { Broker } from "../../src/broker/broker";
import { EMPTY_MAP } from "../../src/city/mapFile";
import { Inventory } from "../../src/inventory/inventory";
import { newSigningKey, signImage } from "../../src/ota/image";
import { OtaStore } from "../../src/ota/otaStore";
import { planRollout } from "../../src/ota/planRollout";
import { servingGateway, startGateway } from "../../src/ota/startGateway";
import { startCityServer, type CityServer } from "../../src/web/cityServer";
import { BOARD, headOfProgram } from "../support/scriptedUpdates";
import { ScriptedNode } from "../support/scriptedNode";

const NODE = "bk-0001";
/** Longest wait for something that takes a second on an idle machine. */
const PATIENCE = { timeout: 60_000, interval: 100 };

let folder: string;
let broker: Broker;
let brokerPort: number;
let inventory: Inventory;
let store: OtaStore;
const servers: CityServer[] = [];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "streetnode-city-gateway-"));
  writeFileSync(join(folder, "index.html"), "");
  writeFileSync(join(folder, "field.html"), "");
  inventory = new Inventory(join(folder, "inventory.db"), "tester");
  inventory.create();
  store = new OtaStore(inventory.file, "tester");
  broker = await Broker.start();
  brokerPort = await broker.listenTcp("127.0.0.1", 0);
});
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
  await broker.close();
  rmSync(folder, { recursive: true, force: true });
});

async function start(): Promise<CityServer> {
  const server = await startCityServer({
    city: "berkane",
    broker: { host: "127.0.0.1", port: brokerPort, tls: false },
    brokerUrl: "mqtt://127.0.0.1",
    historyFile: join(folder, "city.db"),
    inventory,
    map: EMPTY_MAP,
    keepDays: 30,
    publicView: true,
    host: "127.0.0.1",
    port: 0,
    folder,
    updates: "simulated",
    onProblem: () => {},
  });
  servers.push(server);
  await server.connected;
  return server;
}

it("knows after a restart which channels a node had, and serves its inventory alone", async () => {
  const { privateKey, publicKey } = newSigningKey();
  store.trust(publicKey);
  const [before, image] = [1, 2].map((body) =>
    store.addImage(
      signImage(
        { bytecode: headOfProgram(body), version: `${body}.0.0`, boards: [BOARD] },
        privateKey,
      ),
    ),
  );
  inventory.add([{ name: NODE, city: "berkane", board: BOARD }]);
  inventory.claim({ mac: "02:00:00:00:00:01", name: NODE });
  inventory.flashed(NODE);
  store.updateKey(NODE);

  const first = await start();
  const node = await ScriptedNode.connect(`mqtt://127.0.0.1:${brokerPort}`, NODE);
  try {
    await node.read(12, Date.now());
    await node.read(41, Date.now(), "no2");
    const state = { state: "online", reason: "boot", boot: 1, version: "1.0.0" };
    await node.say(UP_STATE, { ...state, program: before?.shortHash }, true);
    expect(servingGateway(inventory)).toContain(`${process.pid}`);
    const link = { connected: () => false, publish: () => {} };
    await expect(startGateway({ city: "berkane", inventory, link })).rejects.toThrow(
      "has an update gateway already",
    );
    servers.splice(0);
    // What was acknowledged is on disk when the server has ended.
    await first.close();
    expect(servingGateway(inventory)).toBeUndefined();

    await start();
    planRollout(inventory, store, {
      image: image?.hash ?? "",
      city: "berkane",
      patterns: [NODE],
      plan: { canary: 1, batch: 1, waitMs: 1, canaryWaitMs: 1, limit: 0, backMs: 600_000 },
    });
    await vi.waitFor(
      () => expect(store.steps(1)[0]).toMatchObject({ state: "asked", channels: ["no2", "pm25"] }),
      PATIENCE,
    );
    await vi.waitFor(
      () => expect(node.commands).toMatchObject([{ command: "update", program: image?.shortHash }]),
      PATIENCE,
    );
  } finally {
    await node.close();
  }
});
