import { readFileSync } from "node:fs";
import { isIP } from "node:net";
import { dirname, join } from "node:path";
import { createSecureContext } from "node:tls";
import { Command } from "commander";
import { nameProblem } from "../../../devs/contract/topics";
import { EMPTY_MAP, readMap } from "../../city/mapFile";
import { InputError } from "../../inputError";
import { Inventory } from "../../inventory/inventory";
import { GATEWAY_PORT } from "../../ota/startGateway";
import { startCityServer, type CityServer } from "../../web/cityServer";
import type { MapTiles } from "../../web/api";
import type { WebServerOptions } from "../../web/server";
import { brokerOption } from "../brokerOption";
import { readCa } from "../caOption";
import { interruptSignal } from "../interrupt";
import { inventoryOption } from "../inventoryOption";
import { PAGE_PORT, listenOnPort } from "../listenOnPort";
import { wholeNumber, type BrokerAddress } from "../options";

const KEEP_DAYS = 90;

interface CityOptions {
  readonly broker: BrokerAddress;
  readonly ca?: string;
  readonly city: string;
  readonly inventory: string;
  readonly history?: string;
  readonly map?: string;
  readonly tiles?: string;
  readonly tilesCredit?: string;
  readonly keep: number;
  readonly public?: true;
  readonly host: string;
  readonly port?: number;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly trustedProxy?: string;
  readonly updatesPort?: number;
  readonly updatesNodes?: number;
  readonly updatesRate?: number;
}

/**
 * `streetnode city`: the pages, the time beacon and the receiver, at any broker.
 *
 * @param interruption gives the signal that ends it.
 * @param onStarted is given the server when it listens.
 */
export function cityCommand(
  interruption: () => AbortSignal = interruptSignal,
  onStarted: (server: CityServer) => void = () => {},
): Command {
  return new Command("city")
    .description("run the city's server: pages, history and time beacon, at any broker")
    .addOption(brokerOption("the city's MQTT broker"))
    .option("--ca <file>", "certificate of the broker's authority, for mqtts (PEM)")
    .option("--city <name>", "name of the city", "berkane")
    .addOption(inventoryOption())
    .option("--history <file>", "the server's database (default: CITY.db beside the inventory)")
    .option("--map <file>", "streets and poles as GeoJSON")
    .option("--tiles <url>", "tile server below the poles, with {z}, {x} and {y}; none is needed")
    .option("--tiles-credit <text>", "who made the tiles, to be shown on the map")
    .option(
      "--keep <days>",
      "days after which readings and events are forgotten",
      wholeNumber(1, 36_500),
      KEEP_DAYS,
    )
    .option("--public", "let everybody watch without signing in")
    .option("--host <address>", "address to listen at", "127.0.0.1")
    .option(
      "--port <n>",
      `port of the pages (default: ${PAGE_PORT} or the next free one)`,
      wholeNumber(1, 65535),
    )
    .option(
      "--updates-port <n>",
      `serve new programs to nodes at this port (usually ${GATEWAY_PORT}); off when left out`,
      wholeNumber(1, 65535),
    )
    .option(
      "--updates-nodes <n>",
      "nodes that get a program at the same time (default: 8)",
      wholeNumber(1, 1000),
    )
    .option(
      "--updates-rate <bytes>",
      "bytes of programs a second, over all nodes (default: 64000)",
      wholeNumber(1000, 1_000_000_000),
    )
    .option("--tls-cert <file>", "serve over TLS: certificate with its chain (PEM)")
    .option("--tls-key <file>", "the certificate's key (PEM)")
    .option("--trusted-proxy <address>", "a reverse proxy whose X-Forwarded headers are believed")
    .addHelpText(
      "after",
      `
The user name and password at the broker come from STREETNODE_USER and STREETNODE_PASSWORD;
the user is centre. People sign in with what streetnode people gave them.

Example:
  streetnode city --broker mqtts://broker.example.org:8884 --city berkane --map poles.geojson \\
    --host 0.0.0.0 --port 443 --tls-cert server.crt --tls-key server.key`,
    )
    .action((options: CityOptions) => runCity(options, interruption(), onStarted));
}

async function runCity(
  options: CityOptions,
  interrupted: AbortSignal,
  onStarted: (server: CityServer) => void,
): Promise<void> {
  const { city, host, trustedProxy } = options;
  const cityProblem = nameProblem(city);
  if (cityProblem) throw new InputError(`--city ${city}: ${cityProblem}`);
  if (trustedProxy !== undefined && isIP(trustedProxy) === 0)
    throw new InputError(`--trusted-proxy ${trustedProxy}: expected an IP address`);
  for (const [option, value] of [
    ["--updates-nodes", options.updatesNodes],
    ["--updates-rate", options.updatesRate],
  ])
    if (value !== undefined && options.updatesPort === undefined)
      throw new InputError(`${option}: there are no updates without --updates-port`);
  const tls = readTls(options);
  const tiles = readTiles(options);
  const map = options.map === undefined ? EMPTY_MAP : readMap(options.map);
  const ca = options.ca === undefined ? undefined : readCa(options.ca, options.broker);
  const inventory = new Inventory(options.inventory);
  inventory.create();
  const warn = (text: string) => console.error(`streetnode city: ${text}`);
  if (!options.public && !inventory.people().some(({ signIn }) => signIn !== undefined))
    warn("nobody can sign in yet: streetnode people add NAME --role operator");
  if (!tls && trustedProxy === undefined && !["127.0.0.1", "::1", "localhost"].includes(host))
    warn("without TLS passwords are sent in clear, and phones give neither camera nor position");

  const { broker } = options;
  const server = await listenOnPort("--port", options.port, PAGE_PORT, (wish) =>
    startCityServer({
      ...wish,
      host,
      broker,
      ca,
      user: process.env["STREETNODE_USER"],
      password: process.env["STREETNODE_PASSWORD"],
      city,
      historyFile: options.history ?? join(dirname(inventory.file), `${city}.db`),
      inventory,
      map,
      tiles,
      keepDays: options.keep,
      publicView: options.public ?? false,
      tls,
      trustedProxy,
      updates:
        options.updatesPort === undefined
          ? undefined
          : {
              host,
              port: options.updatesPort,
              nodesAtOnce: options.updatesNodes,
              bytesPerS: options.updatesRate,
            },
      brokerUrl: `${broker.tls ? "mqtts" : "mqtt"}://${broker.host}:${broker.port}`,
      onProblem: (problem) => warn(problem),
    }),
  );
  console.log(`page     ${server.url}`);
  onStarted(server);
  await new Promise<void>((resolve) => {
    if (interrupted.aborted) resolve();
    else interrupted.addEventListener("abort", () => resolve(), { once: true });
  });
  await server.close();
}

/** The tile server; its address goes into the pages' content policy. */
function readTiles({ tiles, tilesCredit = "" }: CityOptions): MapTiles | undefined {
  if (tiles === undefined && tilesCredit !== "")
    throw new InputError("--tiles-credit: there are no --tiles");
  if (tiles === undefined) return undefined;
  const isWhole = ["{z}", "{x}", "{y}"].every((part) => tiles.split(part).length === 2);
  const isWeb = URL.canParse(tiles) && /^https?:$/.test(new URL(tiles).protocol);
  if (!isWhole || !isWeb)
    throw new InputError(
      `--tiles ${tiles}: expected an address such as https://tiles.example.org/{z}/{x}/{y}.png`,
    );
  return { url: tiles, credit: tilesCredit };
}

function readTls({ tlsCert, tlsKey }: CityOptions): WebServerOptions["tls"] {
  if (tlsCert === undefined && tlsKey === undefined) return undefined;
  if (tlsCert === undefined || tlsKey === undefined)
    throw new InputError("--tls-cert and --tls-key: TLS needs both");
  const cert = readPem("--tls-cert", tlsCert);
  const key = readPem("--tls-key", tlsKey);
  try {
    createSecureContext({ cert, key });
  } catch (error) {
    throw new InputError(
      `--tls-cert ${tlsCert}: cannot be used with ${tlsKey}: ${(error as Error).message}`,
    );
  }
  return { cert, key };
}

function readPem(option: string, file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new InputError(`${option} ${file}: ${(error as Error).message}`);
  }
}
