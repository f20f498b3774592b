import { randomInt, randomUUID } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import { nameProblem } from "../../../devs/contract/topics";
import { Broker } from "../../broker/broker";
import { InputError } from "../../inputError";
import { boardIds } from "../../flash/boardConfiguration";
import { Inventory } from "../../inventory/inventory";
import { newSigningKey, signImage } from "../../ota/image";
import { VirtualDevicePort } from "../../ota/messageSocket";
import { OtaStore } from "../../ota/otaStore";
import { GATEWAY_PORT } from "../../ota/startGateway";
import { hashSignIn } from "../../people/password";
import { ROLES } from "../../people/roles";
import { openCityDatabase } from "../../history/cityDatabase";
import { SqliteHistory } from "../../history/sqliteHistory";
import { cityDay } from "../../sim/city/cityDay";
import { nodeNumber, poleOf } from "../../sim/city/cityMap";
import { demoMap } from "../../sim/city/demoMap";
import { CitySimulation, nodeName } from "../../sim/citySimulation";
import { MemoryNetwork } from "../../sim/network/memoryNetwork";
import { Scheduler } from "../../sim/scheduler";
import { streetPoleBus } from "../../sim/world/streetPole";
import { loadFirmware, projectVersion } from "../../toolchain/firmware";
import { startCityServer } from "../../web/cityServer";
import { configurationFrom } from "../configurationOption";
import { interruptSignal } from "../interrupt";
import { PAGE_PORT, listenOnPort } from "../listenOnPort";
import { collect, parseDuration, wholeNumber } from "../options";

const MQTT_PORT = 1883;
const WEBSOCKET_PORT = 9001;
const PORT_MAX = 65535;
/** Secret half of the key that signs new programs, in the demonstration's folder. */
const SIGNING_KEY = "city-signing.pem";
/** Nobody leaves a demonstration running for longer. */
const KEEP_DAYS = 30;
/** The page is watched: readings wait this long at most, not the half minute that saves bytes. */
const LIVE_PERIOD_S = 5;

interface UpOptions {
  readonly nodes: number;
  readonly city: string;
  readonly seed: number;
  readonly host: string;
  readonly mqttPort?: number;
  readonly wsPort?: number;
  readonly port?: number;
  readonly public?: true;
  readonly set: string[];
  readonly for?: number;
}

/** `streetnode up`: a demonstration city on this machine. */
export function upCommand(): Command {
  const port = wholeNumber(1, PORT_MAX);
  return new Command("up")
    .description("run a demonstration city: broker, simulated nodes and the page that shows them")
    .option("--nodes <n>", "how many nodes", wholeNumber(1, 300), 3)
    .option("--city <name>", "name of the city", "berkane")
    .option("--seed <n>", "the same seed gives the same streets", wholeNumber(0, 0xffffffff), 1)
    .option(
      "--host <address>",
      "address to listen at; others than this machine see it then",
      "127.0.0.1",
    )
    .option("--port <n>", `port of the page (default: ${PAGE_PORT} or the next free one)`, port)
    .option("--mqtt-port <n>", `port of MQTT (default: ${MQTT_PORT} or the next free one)`, port)
    .option(
      "--ws-port <n>",
      `port of MQTT over WebSocket (default: ${WEBSOCKET_PORT} or the next free one)`,
      port,
    )
    .option("--public", "let everybody watch without signing in")
    .option("--set <PATH=VALUE>", "override a value of the nodes' configuration", collect, [])
    .option("--for <time>", "end after that time, such as 30s or 10m", parseDuration)
    .addHelpText("after", "\nExample:\n  streetnode up --nodes 10 --set channels.pm25.periodS=2")
    .action(runCity);
}

async function runCity(options: UpOptions): Promise<void> {
  const cityProblem = nameProblem(options.city);
  if (cityProblem) throw new InputError(`--city ${options.city}: ${cityProblem}`);
  const configuration = { release: { periodS: LIVE_PERIOD_S }, ...configurationFrom(options.set) };
  const { bytecode } = loadFirmware();
  const { host } = options;

  const broker = await Broker.start();
  const closers: (() => Promise<void>)[] = [() => broker.close()];
  try {
    const mqttPort = await listenOnPort("--mqtt-port", options.mqttPort, MQTT_PORT, (wish) =>
      broker.listenTcp(host, wish.port, wish),
    );
    const webSocketPort = await listenOnPort("--ws-port", options.wsPort, WEBSOCKET_PORT, (wish) =>
      broker.listenWebSocket(host, wish.port, wish),
    );
    const nodes = Array.from({ length: options.nodes }, (_, i) => nodeName(options.city, i + 1));
    const folder = mkdtempSync(join(tmpdir(), "streetnode-up-"));
    closers.push(async () => rmSync(folder, { recursive: true, force: true }));
    const historyFile = join(folder, "city.db");
    await hangUp(historyFile, options.city, nodes.slice(0, -1));
    const inventory = new Inventory(join(folder, "inventory.db"));
    const passwords = await addPeople(inventory);
    const updates = prepareUpdates(inventory, folder, options.city, nodes);
    const server = await listenOnPort("--port", options.port, PAGE_PORT, (wish) =>
      startCityServer({
        ...wish,
        host,
        broker: { host: reachableHost(host), port: mqttPort, tls: false },
        brokerUrl: `mqtt://${host}:${mqttPort}`,
        city: options.city,
        historyFile,
        inventory,
        map: demoMap(),
        keepDays: KEEP_DAYS,
        publicView: options.public ?? false,
        updates: "simulated",
        onProblem: (problem) => console.error(`streetnode up: ${problem}`),
      }),
    );
    closers.push(() => server.close());
    await server.connected;

    const gateway = new VirtualDevicePort((request, socket) => server.updates?.(request, socket));
    const startUtcMs = Date.now();
    const scheduler = new Scheduler();
    const city = new CitySimulation({
      city: options.city,
      nodes,
      seed: options.seed,
      bytecode,
      scheduler,
      network: new MemoryNetwork(scheduler, ({ port }) =>
        port === GATEWAY_PORT ? gateway : broker.server,
      ),
      gateway: (node) => ({
        host: "gateway.invalid",
        port: GATEWAY_PORT,
        tls: false,
        key: updates.updateKey(node),
      }),
      broker: { host: "broker.invalid", port: MQTT_PORT, tls: false },
      configuration,
      bus: (node) => streetPoleBus(cityDay({ seed: options.seed, node, startUtcMs })),
    });
    closers.push(async () => city.powerOff());

    console.log(`page     ${server.url}`);
    console.log("sign in  for this demonstration only:");
    for (const [name, password] of passwords)
      console.log(`         ${name.padEnd(10)}  ${password}`);
    console.log(
      `MQTT     mqtt://${host}:${mqttPort}   (mosquitto_sub -p ${mqttPort} -v -t 'streetnode/v1/#')`,
    );
    console.log(`         ws://${host}:${webSocketPort}`);
    console.log(`updates  --inventory ${inventory.file} --key ${join(folder, SIGNING_KEY)}`);
    console.log("         (streetnode ota sign, add, rollout and status take these)");
    console.log(`${options.nodes} nodes of ${options.city} are starting; Ctrl-C ends all of it.`);
    const signal = interruptSignal();
    await city.powerOn();
    await city.run(options.for ?? Infinity, 1, signal);
  } finally {
    for (const close of closers.reverse()) await close();
  }
}

/** Stores that a crew hung these nodes on their poles. The last node is left for whoever tries it. */
async function hangUp(file: string, city: string, nodes: readonly string[]): Promise<void> {
  const history = new SqliteHistory(openCityDatabase(file, city));
  for (const node of nodes) {
    const { id, place } = poleOf(nodeNumber(node));
    await history.addVisit(
      {
        id: randomUUID(),
        kind: "accept",
        node,
        pole: id,
        lat: place.latitudeDeg,
        lon: place.longitudeDeg,
        atMs: Date.now(),
        receivedMs: Date.now(),
        checks: [],
        cityChecks: [],
        by: "demonstration",
        hasPhoto: false,
      },
      undefined,
    );
  }
  await history.close();
}

/**
 * Enters the nodes as flashed, with keys of their own, and the program that they run as one to
 * come back to, signed with a key that is made here.
 */
function prepareUpdates(
  inventory: Inventory,
  folder: string,
  city: string,
  nodes: readonly string[],
): OtaStore {
  const [board = ""] = boardIds();
  inventory.add(nodes.map((name) => ({ name, city, board })));
  for (const [i, name] of nodes.entries()) {
    // Addresses that their owner may give out (IEEE 802, bit 1 of the first byte).
    const number = (i + 1).toString(16).padStart(4, "0");
    inventory.claim({ mac: `02:00:00:00:${number.slice(0, 2)}:${number.slice(2)}`, name });
    inventory.flashed(name);
  }
  const store = new OtaStore(inventory.file, "demonstration");
  for (const name of nodes) store.updateKey(name);
  const { privateKey, publicKey } = newSigningKey();
  writeFileSync(join(folder, SIGNING_KEY), privateKey, { mode: 0o600 });
  store.trust(publicKey);
  const { bytecode } = loadFirmware();
  store.addImage(
    signImage({ bytecode, version: projectVersion(), boards: boardIds() }, privateKey),
  );
  return store;
}

/** Adds one person of each role, called like the role. @returns their passwords */
async function addPeople(inventory: Inventory): Promise<Map<string, string>> {
  inventory.create();
  const passwords = new Map(ROLES.map((role) => [role, easyPassword()] as const));
  await Promise.all(
    ROLES.map(async (role) =>
      inventory.addSignIn(role, role, await hashSignIn(passwords.get(role) as string)),
    ),
  );
  return passwords;
}

/** Nearly sixty random bits, to be typed on a phone. */
function easyPassword(): string {
  const letters = "abcdefghjkmnpqrstuvwxyz23456789";
  return Array.from({ length: 12 }, () => letters[randomInt(letters.length)]).join("");
}

/** Where this process reaches what listens there. */
function reachableHost(host: string): string {
  if (host === "0.0.0.0") return "127.0.0.1";
  return host === "::" ? "::1" : host;
}
