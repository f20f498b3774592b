import { Command } from "commander";
import { nameProblem } from "../../../devs/contract/topics";
import { Broker } from "../../broker/broker";
import { realBeaconClock, startTimeBeacon } from "../../broker/timeBeacon";
import { CityView } from "../../city/cityView";
import { Receiver } from "../../city/receiver";
import { InputError } from "../../inputError";
import { PortTakenError } from "../../net/listen";
import { cityDay } from "../../sim/city/cityDay";
import { CitySimulation, nodeName } from "../../sim/citySimulation";
import { MemoryNetwork } from "../../sim/network/memoryNetwork";
import { Scheduler } from "../../sim/scheduler";
import { streetPoleBus } from "../../sim/world/streetPole";
import { loadFirmware } from "../../toolchain/firmware";
import { startWebServer } from "../../web/server";
import { configurationFrom } from "../configurationOption";
import { interruptSignal } from "../interrupt";
import { collect, parseDuration, wholeNumber } from "../options";

const MQTT_PORT = 1883;
const WEBSOCKET_PORT = 9001;
const PAGE_PORT = 8080;
/** Ports after the usual one that are tried when it is taken and none was asked for. */
const ALTERNATIVES = 20;
const PORT_MAX = 65535;
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
    const mqttPort = await onPort("--mqtt-port", options.mqttPort, MQTT_PORT, (wish) =>
      broker.listenTcp(host, wish.port, wish),
    );
    const webSocketPort = await onPort("--ws-port", options.wsPort, WEBSOCKET_PORT, (wish) =>
      broker.listenWebSocket(host, wish.port, wish),
    );
    const view = new CityView({ city: options.city });
    const receiver = new Receiver(view);
    broker.onPublish((topic, payload) => receiver.receive(topic, payload, Date.now()));
    const server = await onPort("--port", options.port, PAGE_PORT, (wish) =>
      startWebServer({ ...wish, host, view, broker: `mqtt://${host}:${mqttPort}` }),
    );
    closers.push(() => server.close());

    const endBeacon = startTimeBeacon(broker, options.city, realBeaconClock);
    closers.push(async () => endBeacon());

    const startUtcMs = Date.now();
    const scheduler = new Scheduler();
    const city = new CitySimulation({
      city: options.city,
      nodes: Array.from({ length: options.nodes }, (_, i) => nodeName(options.city, i + 1)),
      seed: options.seed,
      bytecode,
      scheduler,
      network: new MemoryNetwork(scheduler, broker.server),
      broker: { host: "broker.invalid", port: MQTT_PORT, tls: false },
      configuration,
      bus: (node) => streetPoleBus(cityDay({ seed: options.seed, node, startUtcMs })),
    });
    closers.push(async () => city.powerOff());

    console.log(`page     ${server.url}`);
    console.log(
      `MQTT     mqtt://${host}:${mqttPort}   (mosquitto_sub -p ${mqttPort} -v -t 'streetnode/v1/#')`,
    );
    console.log(`         ws://${host}:${webSocketPort}`);
    console.log(`${options.nodes} nodes of ${options.city} are starting; Ctrl-C ends all of it.`);
    const signal = interruptSignal();
    await city.powerOn();
    await city.run(options.for ?? Infinity, 1, signal);
  } finally {
    for (const close of closers.reverse()) await close();
  }
}

interface PortWish {
  readonly port: number;
  readonly alternatives: number;
}

/**
 * Listens on the port that was asked for, and says so when it is taken; without one, on
 * the usual port or the next free one, and says which.
 */
async function onPort<T extends number | { port: number }>(
  option: string,
  asked: number | undefined,
  usual: number,
  start: (wish: PortWish) => Promise<T>,
): Promise<T> {
  try {
    const started = await start({
      port: asked ?? usual,
      alternatives: asked === undefined ? ALTERNATIVES : 0,
    });
    const port = typeof started === "number" ? started : started.port;
    if (port !== (asked ?? usual))
      console.log(`Port ${usual} is taken by another program, using ${port} (${option} sets it).`);
    return started;
  } catch (error) {
    if (error instanceof PortTakenError)
      throw new InputError(`${option}: ${error.message}; choose another one`);
    throw error;
  }
}
