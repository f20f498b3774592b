import { connectAsync } from "mqtt";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DOWN_COMMAND, DOWN_PLACE, nodeTopic } from "../../devs/contract/topics";
import { Broker } from "../../src/broker/broker";
import { startTimeBeacon } from "../../src/broker/timeBeacon";
import { VirtualBroker } from "../../src/broker/virtual/virtualBroker";
import { Inventory } from "../../src/inventory/inventory";
import { hashSignIn } from "../../src/people/password";
import { ROLES, type Role } from "../../src/people/roles";
import { drive } from "../../src/sim/clock";
import { CitySimulation, nodeName } from "../../src/sim/citySimulation";
import { nodeNumber, poleOf } from "../../src/sim/city/cityMap";
import { demoMap } from "../../src/sim/city/demoMap";
import type { VirtualI2cBus } from "../../src/sim/chips/virtualBus";
import { MemoryNetwork } from "../../src/sim/network/memoryNetwork";
import { Scheduler } from "../../src/sim/scheduler";
import { streetPoleBus } from "../../src/sim/world/streetPole";
import type { Surroundings } from "../../src/sim/world/surroundings";
import { SyntheticDay } from "../../src/sim/world/syntheticDay";
import { loadFirmware } from "../../src/toolchain/firmware";
import {
  REQUEST_HEADER,
  REQUEST_HEADER_VALUE,
  type MapTiles,
  type VisitRequest,
} from "../../src/web/api";
import { startCityServer, type CityServer } from "../../src/web/cityServer";
import { START_UTC_MS } from "./simulatedCity";

const CITY = "berkane";
/** Everybody's, in the tests. */
export const PASSWORD = "a long enough password";

/** A city of the real firmware with the real server before it, for tests with a browser. */
export interface PagesCity {
  readonly server: CityServer;
  readonly broker: Broker;
  /** The nodes' own broker, in virtual time; what passes there passes at the other. */
  readonly nodeBroker: VirtualBroker;
  readonly scheduler: Scheduler;
  readonly city: CitySimulation;
  readonly network: MemoryNetwork;
  readonly buses: ReadonlyMap<string, VirtualI2cBus>;
  /** The city's clock, UTC in milliseconds. */
  now(): number;
  /** Runs for so much virtual time. */
  run(ms: number): Promise<void>;
  /** A visit as it is sent from a phone, by a crew. */
  visit(visit: Partial<VisitRequest> & Pick<VisitRequest, "node">): Promise<Response>;
  /** Ends the server, and starts it again at the same address with what it stored. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

/** What can differ from one test to the next. */
export interface PagesCityOptions {
  readonly nodes: number;
  /** Folder of the built pages. */
  readonly folder: string;
  readonly publicView?: boolean;
  readonly tiles?: MapTiles;
  readonly configuration?: object;
  readonly startUtcMs?: number;
  readonly signalDbm?: (node: string) => number | undefined;
  /** Nodes with a wrong password. */
  readonly refused?: readonly string[];
  readonly surroundings?: (node: string) => Surroundings;
}

/** The server, in real time, is never further behind the nodes, in virtual time. */
const STEP_MS = 5000;

/** Starts server and nodes; one person of each role may sign in, called like the role. */
export async function startPagesCity(options: PagesCityOptions): Promise<PagesCity> {
  const startUtcMs = options.startUtcMs ?? START_UTC_MS;
  const data = mkdtempSync(join(tmpdir(), "streetnode-pages-"));
  const broker = await Broker.start();
  const mqttPort = await broker.listenTcp("127.0.0.1", 0);
  const inventory = new Inventory(join(data, "inventory.db"));
  inventory.create();
  for (const role of ROLES) inventory.addSignIn(role, role, await hashSignIn(PASSWORD));
  const scheduler = new Scheduler();
  const now = (): number => Math.round(startUtcMs + scheduler.nowMs);
  const serve = (port: number): Promise<CityServer> =>
    startCityServer({
      host: "127.0.0.1",
      port,
      folder: options.folder,
      broker: { host: "127.0.0.1", port: mqttPort, tls: false },
      brokerUrl: `mqtt://127.0.0.1:${mqttPort}`,
      city: CITY,
      historyFile: join(data, "city.db"),
      inventory,
      map: demoMap(),
      tiles: options.tiles,
      keepDays: 30,
      publicView: options.publicView ?? true,
      onProblem: () => {},
      now,
    });
  let server = await serve(0);
  await server.connected;
  // The nodes' broker lives in virtual time; what passes there passes at the real one.
  const virtual = new VirtualBroker(scheduler);
  for (const node of options.refused ?? []) virtual.refused.add(node);
  const bridge = await connectAsync(`mqtt://127.0.0.1:${mqttPort}`, { clientId: "bridge" });
  const underway = new Set<Promise<unknown>>();
  virtual.onPublish((topic, payload) => {
    if (!topic.includes("/up/")) return;
    const sent = bridge
      .publishAsync(topic, Buffer.from(payload), { qos: 1, retain: /(state|config)$/.test(topic) })
      .finally(() => underway.delete(sent));
    underway.add(sent);
  });
  bridge.on("message", (topic, payload) =>
    virtual.publish(topic, payload, { qos: 1, retain: topic.endsWith(DOWN_PLACE) }),
  );
  for (const leaf of [DOWN_COMMAND, DOWN_PLACE])
    await bridge.subscribeAsync(nodeTopic(CITY, "+", leaf), { qos: 1 });
  startTimeBeacon(virtual, CITY, {
    utcMs: now,
    after: (delayMs, callback) => scheduler.after(delayMs, callback),
  });
  const network = new MemoryNetwork(scheduler, virtual);
  const buses = new Map<string, VirtualI2cBus>();
  const city = new CitySimulation({
    city: CITY,
    nodes: Array.from({ length: options.nodes }, (_, i) => nodeName(CITY, i + 1)),
    seed: 1,
    bytecode: loadFirmware().bytecode,
    scheduler,
    network,
    broker: { host: "broker.invalid", port: 1883, tls: false },
    configuration: options.configuration ?? { release: { periodS: 5 } },
    ...(options.signalDbm ? { signalDbm: options.signalDbm } : {}),
    bus: (node) => {
      const bus = streetPoleBus(
        options.surroundings?.(node) ?? new SyntheticDay({ seed: 1, node, startUtcMs }),
      );
      buses.set(node, bus);
      return bus;
    },
  });
  await city.powerOn();
  let cookie: string | undefined;
  const post = (path: string, body: object): Promise<Response> =>
    fetch(new URL(path, server.url), {
      method: "POST",
      headers: {
        "content-type": "application/json",
        [REQUEST_HEADER]: REQUEST_HEADER_VALUE,
        ...(cookie === undefined ? {} : { cookie }),
      },
      body: JSON.stringify(body),
    });
  return {
    get server() {
      return server;
    },
    broker,
    nodeBroker: virtual,
    scheduler,
    city,
    network,
    buses,
    now,
    run: async (ms) => {
      const untilMs = scheduler.nowMs + ms;
      while (scheduler.nowMs < untilMs) {
        const stepMs = Math.min(untilMs, scheduler.nowMs + STEP_MS);
        await drive(scheduler, { speed: Infinity, untilMs: stepMs });
        await Promise.all(underway);
      }
    },
    visit: async (visit) => {
      if (cookie === undefined) {
        const answer = await post("/api/sign-in", {
          name: "crew" satisfies Role,
          password: PASSWORD,
        });
        cookie = answer.headers.get("set-cookie")?.split(";")[0];
      }
      const { id, place } = poleOf(nodeNumber(visit.node));
      return post("/api/visits", {
        id: crypto.randomUUID(),
        kind: "accept",
        pole: id,
        lat: place.latitudeDeg,
        lon: place.longitudeDeg,
        atMs: now(),
        checks: [],
        ...visit,
      });
    },
    restart: async () => {
      const { port } = server;
      await server.close();
      server = await serve(port);
      await server.connected;
    },
    close: async () => {
      city.powerOff();
      await bridge.endAsync();
      await server.close();
      await broker.close();
      rmSync(data, { recursive: true, force: true });
    },
  };
}
