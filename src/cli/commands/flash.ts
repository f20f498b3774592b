import { Command } from "commander";
import { exportUsers } from "../../brokerConfig/export";
import { runBatch } from "../../flash/batch";
import {
  boardConfiguration,
  boardIds,
  type BoardConfiguration,
} from "../../flash/boardConfiguration";
import type { FlashBench, FlashOutcome } from "../../flash/flashBench";
import { FlashError } from "../../flash/flashError";
import type { RuntimeImage } from "../../flash/runtimeImage";
import { RuntimeCache, archOf, readRuntimeFile } from "../../flash/runtimeCache";
import { SERIAL_PORTS, portKind, type PortFacts, type SerialAccess } from "../../flash/serialPorts";
import { wifiAccess } from "../../flash/wifi";
import { InputError } from "../../inputError";
import { Inventory, type InventoryNode } from "../../inventory/inventory";
import { replaceFile } from "../../replaceFile";
import { loadFirmware } from "../../toolchain/firmware";
import { FlashProgressBar } from "../flashProgress";
import { interruptSignal } from "../interrupt";
import { inventoryOption } from "../inventoryOption";
import { parseBroker, parseGateway, wholeNumber, type BrokerAddress } from "../options";
import { table } from "../table";
import { printExports } from "./provision";

interface FlashCommandOptions {
  readonly port?: string;
  readonly node?: string;
  readonly city?: string;
  readonly board?: string;
  readonly broker?: BrokerAddress;
  readonly gateway?: BrokerAddress;
  readonly wifi?: string;
  readonly wifiPasswordFile?: string;
  readonly runtime?: string;
  readonly fetchRuntime?: true;
  readonly batch?: true;
  readonly count?: number;
  readonly dryRun?: string;
  readonly bare?: true;
  readonly baud: number;
  readonly manualReset?: true;
  readonly yes?: true;
  readonly list?: true;
  readonly inventory: string;
  readonly json?: true;
}

/** What the command reaches the world by; a test gives its own. */
export interface FlashWorld {
  readonly access: SerialAccess;
  readonly cache: RuntimeCache;
  readonly board: (id: string) => BoardConfiguration;
  readonly bytecode: () => Uint8Array;
  /** Whether somebody can be asked. */
  readonly terminal: () => boolean;
  readonly confirm: (question: string) => Promise<boolean>;
  readonly interruption: () => AbortSignal;
}

const WORLD: FlashWorld = {
  access: SERIAL_PORTS,
  cache: new RuntimeCache(),
  board: boardConfiguration,
  bytecode: () => loadFirmware().bytecode,
  terminal: () => process.stdin.isTTY === true && process.stderr.isTTY === true,
  confirm: async (message) => {
    const { confirm } = await import("@inquirer/prompts");
    return confirm({ message, default: false }, { output: process.stderr });
  },
  interruption: interruptSignal,
};

/** `streetnode flash`: turns boards into nodes. */
export function flashCommand(world: FlashWorld = WORLD): Command {
  return new Command("flash")
    .description("write a board, check it, and mark the node in the inventory")
    .option("--list", "print the serial ports and what is on them")
    .option("--port <path>", "the serial port; not needed when one board is plugged in")
    .option("--node <id>", "the board becomes this node; without it the next one that waits")
    .option("--city <name>", "only nodes of this city")
    .option("--board <name>", "only nodes for this board of boards/")
    .option("--broker <url>", "the city's MQTT broker, as the node reaches it", parseBroker)
    .option(
      "--gateway <url>",
      "where the node gets new programs over the air, such as ws://updates.example.org:7011",
      parseGateway,
    )
    .option("--wifi <name>", "the wireless network that the node joins")
    .option("--wifi-password-file <file>", "its password; or STREETNODE_WIFI_PASSWORD")
    .option("--runtime <file>", "DeviceScript's runtime image instead of the fetched one")
    .option("--fetch-runtime", "fetch the runtime images from the official release, and end")
    .option("--batch", "go on with the next board as it is plugged in, until Ctrl-C")
    .option("--count <n>", "end a batch after so many boards were flashed", wholeNumber(1, 10_000))
    .option("--dry-run <file>", "write the flash image, without a password, to a file, and end")
    .option("--bare", "the board carries no sensors yet: do not miss them in its self-test")
    .option("--baud <rate>", "rate for writing, in baud", wholeNumber(9600, 3_000_000), 921_600)
    .option("--manual-reset", "the board has no automatic reset: hold BOOT, press EN")
    .option("--yes", "write a board again that is a node already, without asking")
    .addOption(inventoryOption())
    .option("--json", "print each board's result as one JSON object per line")
    .addHelpText(
      "after",
      `
The node's name and password come from the inventory (streetnode provision). Exit code 0
only when every board was written, verified, and passed its self-test.

Examples:
  streetnode flash --fetch-runtime
  streetnode flash --broker mqtts://broker.example.org --wifi poles --wifi-password-file wifi.txt
  streetnode flash --batch --broker mqtts://broker.example.org --wifi poles`,
    )
    .action((options: FlashCommandOptions) => flash(options, world));
}

async function flash(options: FlashCommandOptions, world: FlashWorld): Promise<void> {
  if (options.list) return listPorts(options, world);
  if (options.fetchRuntime) return fetchRuntimes(options, world);
  if (options.count !== undefined && !options.batch)
    throw new InputError("--count: is for --batch only");
  if (options.batch && options.node !== undefined)
    throw new InputError("--node: one node is one board, it does not go with --batch");
  if (options.batch && options.manualReset)
    throw new InputError("--manual-reset: needs hands at each board, it does not go with --batch");
  if (options.broker === undefined)
    throw new InputError("--broker: missing, expected such as mqtts://broker.example.org");
  if (options.wifi === undefined)
    throw new InputError("--wifi: missing, expected the name of the wireless network");

  // With Espressif's library, which no other command needs to load.
  const { FlashBench } = await import("../../flash/flashBench");
  const { access, board } = world;
  const inventory = new Inventory(options.inventory);
  const signal = world.interruption();
  const runtime = runtimes(options, world);
  const progress = new FlashProgressBar(options.json ? false : undefined);
  const bench = new FlashBench({
    access,
    inventory,
    baud: options.baud,
    manualReset: options.manualReset ?? false,
    bytecode: world.bytecode(),
    broker: options.broker,
    ...(options.gateway ? { gateway: options.gateway } : {}),
    wifi: wifiAccess(options.wifi, options.wifiPasswordFile),
    runtime,
    board,
    bare: options.bare ?? false,
    signal,
    ...(options.node === undefined ? {} : { node: options.node }),
    ...(options.city === undefined ? {} : { city: options.city }),
    ...(options.board === undefined ? {} : { boardId: options.board }),
    ask: async (question) => {
      if (options.yes) return true;
      if (!world.terminal()) return false;
      progress.clear();
      return world.confirm(question);
    },
    onProgress: (step) => {
      if (options.manualReset && step.phase === "connecting")
        console.error("Hold BOOT, press EN, let both go.");
      progress.show(step);
      if (options.manualReset && step.phase === "self-test") {
        progress.clear();
        console.error("Now press EN on the board.");
      }
    },
  });

  const waiting = nodesToFlash(inventory, options);
  checkRuntimes(new Set(waiting.map((node) => board(node.board).arch.id)), runtime);
  if (options.dryRun !== undefined) {
    const node = waiting[0];
    if (!node) throw new InputError("--dry-run: no node waits for a board: name one with --node");
    return dryRun(options.dryRun, bench, board(node.board), runtime, node, options);
  }
  const told = (outcome: FlashOutcome, flashed?: number) => {
    progress.clear();
    printOutcome(outcome, options, flashed);
    // The broker would refuse the node with its new password.
    if (outcome.passwordIsNew) {
      const exports = exportUsers(inventory);
      if (!options.json) printExports(exports, false);
    }
  };
  try {
    if (options.batch) await batch(bench, options, world, signal, told);
    else {
      const outcome = await bench.flash(await thePort(access, options.port));
      told(outcome);
      if (outcome.result !== "flashed") process.exitCode = 1;
    }
  } finally {
    progress.clear();
  }
}

/** The nodes that may be meant. */
function nodesToFlash(
  inventory: Inventory,
  { node, city, board }: FlashCommandOptions,
): InventoryNode[] {
  if (node !== undefined) {
    const found = inventory.node(node);
    if (!found) throw new InputError(`--node ${node}: no node is called so in ${inventory.file}`);
    return [found];
  }
  return inventory
    .nodes({ ...(city === undefined ? {} : { city }), states: ["new", "failed"] })
    .filter((waiting) => board === undefined || waiting.board === board);
}

/** The runtime for each chip, looked through once. */
function runtimes(
  { runtime }: FlashCommandOptions,
  { cache }: FlashWorld,
): (archId: string) => RuntimeImage {
  const known = new Map<string, RuntimeImage>();
  return (archId) => {
    const arch = archOf(archId);
    const image =
      known.get(archId) ??
      (runtime === undefined ? cache.read(arch) : readRuntimeFile(runtime, arch));
    known.set(archId, image);
    return image;
  };
}

/**
 * Tells before the first board is touched that no board could be written: nodes may wait for
 * several chips, and the runtime for one of them is enough to begin.
 *
 * @throws InputError
 */
function checkRuntimes(
  archIds: ReadonlySet<string>,
  runtime: (archId: string) => RuntimeImage,
): void {
  let problem: unknown;
  for (const archId of archIds)
    try {
      runtime(archId);
      return;
    } catch (error) {
      problem ??= error;
    }
  if (problem) throw problem;
}

/** The one port that is meant. */
async function thePort(access: SerialAccess, path: string | undefined): Promise<PortFacts> {
  const ports = await access.list();
  if (path !== undefined) return ports.find((facts) => facts.path === path) ?? { path };
  const boards = ports.filter((facts) => portKind(facts).board !== undefined);
  const [first, ...others] = boards;
  if (!first)
    throw new FlashError(
      "no-port",
      "no board is plugged in; if one is: streetnode flash --list, and another cable",
    );
  if (others.length > 0)
    throw new InputError(
      `--port: several boards are plugged in: ${boards.map((facts) => facts.path).join(", ")}`,
    );
  return first;
}

async function batch(
  bench: FlashBench,
  options: FlashCommandOptions,
  { access }: FlashWorld,
  signal: AbortSignal,
  told: (outcome: FlashOutcome, flashed: number) => void,
): Promise<void> {
  const { flashed, bad, stopped } = await runBatch({
    access,
    signal,
    ...(options.port === undefined ? {} : { port: options.port }),
    ...(options.count === undefined ? {} : { count: options.count }),
    flash: (facts) => bench.flash(facts),
    onOutcome: told,
    onWaiting: (count) => {
      if (!options.json)
        console.error(`Plug in ${count === 0 ? "a" : "the next"} board; Ctrl-C ends.`);
    },
  });
  if (options.json) console.log(JSON.stringify({ flashed: flashed.length, bad }));
  else {
    console.log(`${flashed.length} flashed, ${bad.length} not.`);
    if (bad.length > 0)
      console.log(
        table(
          ["port", "MAC", "node", "why"],
          bad.map(({ port, mac, node, reason }) => [port, mac ?? "", node ?? "", reason ?? ""]),
        ),
      );
    if (flashed.length > 0) console.log("Their labels: streetnode label --url BASE");
  }
  if (stopped) throw stopped;
  if (bad.length > 0) process.exitCode = 1;
}

function printOutcome(
  outcome: FlashOutcome,
  { json }: FlashCommandOptions,
  count: number | undefined,
): void {
  if (json) {
    console.log(JSON.stringify(outcome));
    return;
  }
  const { port, result, reason, node, mac, chip, checks } = outcome;
  const number = count === undefined ? "" : `${count}  `;
  if (result === "flashed")
    console.log(
      `${number}${node}  ${mac}  ${chip}: written, verified, well (${checks?.join(", ")})`,
    );
  else {
    const again = result === "skipped" ? "; --yes writes it again" : "";
    console.error(`streetnode: ${port}: ${reason}${again}`);
  }
}

function dryRun(
  file: string,
  bench: FlashBench,
  board: BoardConfiguration,
  runtime: (archId: string) => RuntimeImage,
  node: InventoryNode,
  { json }: FlashCommandOptions,
): void {
  const used = runtime(board.arch.id);
  const image = bench.image(board, used, node, undefined);
  try {
    // The wireless network's password is in it: only its owner may read it.
    replaceFile(file, Buffer.from(image.content));
  } catch (error) {
    throw new InputError(`--dry-run ${file}: ${(error as Error).message}`);
  }
  const result = {
    file,
    node: node.name,
    board: node.board,
    runtime: used.version,
    offset: image.offset,
    bytes: image.content.length,
  };
  if (json) console.log(JSON.stringify(result));
  else
    console.log(
      `${file}: ${node.name} for ${node.board}, runtime ${used.version}, ${image.content.length} bytes for flash address 0x${image.offset.toString(16)}. It holds no password for the broker.`,
    );
}

async function listPorts(options: FlashCommandOptions, { access }: FlashWorld): Promise<void> {
  const macs = new Map<string, string>();
  try {
    for (const { mac, name } of new Inventory(options.inventory).nodes())
      if (mac !== undefined) macs.set(mac.replaceAll(":", "").toUpperCase(), name);
  } catch {
    // Without an inventory no board has a name.
  }
  const ports = (await access.list()).map((facts) => ({
    port: facts.path,
    what: portKind(facts).name,
    board: portKind(facts).board !== undefined,
    // A chip's own USB has the board's address as its serial number.
    node: macs.get(facts.serialNumber?.replace(/^JD|:/g, "").toUpperCase() ?? "") ?? "",
  }));
  if (options.json) console.log(JSON.stringify({ ports }));
  else if (ports.length === 0) console.log("There is no serial port.");
  else
    console.log(
      table(
        ["port", "what is on it", "node"],
        ports.map(({ port, what, node }) => [port, what, node]),
      ),
    );
}

async function fetchRuntimes(options: FlashCommandOptions, world: FlashWorld): Promise<void> {
  const ids = options.board === undefined ? boardIds() : [options.board];
  const chips = [...new Set(ids.map((id) => world.board(id).arch.id))];
  const fetched = [];
  for (const chip of chips) {
    const arch = archOf(chip);
    const image = await world.cache.fetch(arch);
    const file = world.cache.file(arch);
    fetched.push({ chip, version: image.version, sha256: image.sha256, file });
    if (!options.json) console.log(`${arch.name}: runtime ${image.version} in ${file}`);
  }
  if (options.json) console.log(JSON.stringify({ fetched }));
}
