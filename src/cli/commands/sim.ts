import { Command, Option } from "commander";
import { nameProblem } from "../../../devs/contract/topics";
import { VirtualBroker } from "../../broker/virtual/virtualBroker";
import { Receiver } from "../../city/receiver";
import { InputError } from "../../inputError";
import { CitySimulation, nodeName } from "../../sim/citySimulation";
import { MemoryNetwork } from "../../sim/network/memoryNetwork";
import { tcpNetwork } from "../../sim/network/tcpNetwork";
import { summarize, type NodeSummary } from "../../sim/runSummary";
import { Scheduler } from "../../sim/scheduler";
import { loadReplay, parseReplayOption, withReplay } from "../../sim/world/replay";
import { streetPoleBus } from "../../sim/world/streetPole";
import { SyntheticDay } from "../../sim/world/syntheticDay";
import { loadFirmware } from "../../toolchain/firmware";
import { configurationFrom } from "../configurationOption";
import { interruptSignal } from "../interrupt";
import {
  collect,
  parseBroker,
  parseDuration,
  parseSpeed,
  wholeNumber,
  type BrokerAddress,
} from "../options";
import { Progress } from "../progress";
import { table } from "../table";

/**
 * The synthetic day starts at 05:00 UTC, before sunrise in Berkane, near an equinox, whenever it is run:
 * runs with one seed are to be the same.
 */
const START_UTC_MS = Date.UTC(2026, 2, 20, 5);

/** The broker inside this process has no address; the nodes are given one all the same. */
const OWN_BROKER: BrokerAddress = { host: "broker.invalid", port: 1883, tls: false };

const PROGRESS_MS = 500;

interface SimOptions {
  readonly nodes: number;
  readonly city: string;
  readonly broker?: BrokerAddress;
  readonly for?: number;
  readonly speed: number;
  readonly seed: number;
  readonly replay: string[];
  readonly set: string[];
  readonly log?: true;
  readonly json?: true;
}

/** What `--json` prints. */
interface SimResult {
  readonly virtualSeconds: number;
  readonly wallSeconds: number;
  readonly nodes: NodeSummary[];
  readonly broker?: { messages: number; duplicates: number; gaps: number };
}

/** `streetnode sim`: runs nodes without hardware. */
export function simCommand(): Command {
  return new Command("sim")
    .description("run simulated nodes: the real firmware on modelled sensor chips")
    .option("--nodes <n>", "how many nodes", wholeNumber(1, 1000), 1)
    .option("--city <name>", "name of the city", "berkane")
    .option(
      "--broker <url>",
      "MQTT broker to connect to in real time (default: its own)",
      parseBroker,
    )
    .option("--for <time>", "virtual time to run, such as 30s, 10m or 24h", parseDuration)
    .addOption(
      new Option("--speed <x>", "virtual seconds per real second, or max")
        .argParser(parseSpeed)
        .default(1, "1"),
    )
    .option("--seed <n>", "the same seed gives the same run", wholeNumber(0, 0xffffffff), 1)
    .option("--replay <metric=FILE:COLUMN>", "drive a sensor from a CSV file", collect, [])
    .option("--set <PATH=VALUE>", "override a value of the nodes' configuration", collect, [])
    .option("--log", "print every line of the nodes' logs")
    .option("--json", "print the result as one JSON object on the last line")
    .addHelpText(
      "after",
      "\nExample:\n  streetnode sim --nodes 3 --for 2h --speed max --seed 1 --json",
    )
    .action(async (options: SimOptions) => {
      const result = await simulate(options);
      if (options.json) console.log(JSON.stringify(result));
      else printResult(result);
      const problem = problemOf(result);
      if (problem) throw new Error(problem);
    });
}

async function simulate(options: SimOptions): Promise<SimResult> {
  const cityProblem = nameProblem(options.city);
  if (cityProblem) throw new InputError(`--city ${options.city}: ${cityProblem}`);
  if (options.speed === Infinity && options.for === undefined)
    throw new InputError("--speed max: needs --for, or the run would never end");
  if (options.broker && options.speed !== 1)
    throw new InputError("--speed: with --broker the run is in real time, leave --speed out");
  const configuration = configurationFrom(options.set);
  const replays = options.replay.map((text) => loadReplay(parseReplayOption(text)));
  const { bytecode } = loadFirmware();

  const scheduler = new Scheduler();
  const ownBroker = options.broker ? undefined : new VirtualBroker(scheduler);
  const receiver = new Receiver();
  ownBroker?.onPublish((topic, payload) =>
    receiver.receive(topic, payload, START_UTC_MS + scheduler.nowMs),
  );
  const progress = new Progress();
  const failures = new Set<string>();
  const city = new CitySimulation({
    city: options.city,
    nodes: Array.from({ length: options.nodes }, (_, i) => nodeName(options.city, i + 1)),
    seed: options.seed,
    bytecode,
    scheduler,
    network: ownBroker ? new MemoryNetwork(scheduler, ownBroker, options.seed) : tcpNetwork(),
    broker: options.broker ?? OWN_BROKER,
    password: process.env["STREETNODE_PASSWORD"],
    configuration,
    bus: (node) =>
      streetPoleBus(
        withReplay(
          new SyntheticDay({ seed: options.seed, node, startUtcMs: START_UTC_MS }),
          replays,
        ),
      ),
    onLog: (node, line) => {
      if (options.log)
        progress.note(`${(scheduler.nowMs / 1000).toFixed(3)} ${node} ${line.trimStart()}`);
    },
    onFailure: (node, reason) => {
      const known = failures.has(reason);
      failures.add(reason);
      const { host, port } = options.broker ?? OWN_BROKER;
      if (!known)
        progress.note(
          `${node} cannot reach the broker at ${host}:${port}: ${reason}. The nodes keep trying.`,
        );
    },
  });

  const signal = interruptSignal();
  const startMs = performance.now();
  const timer = setInterval(() => progress.show(progressLine(city, scheduler)), PROGRESS_MS);
  try {
    await city.powerOn();
    await city.run(options.for ?? Infinity, options.speed, signal);
  } finally {
    clearInterval(timer);
    progress.clear();
  }
  const wallSeconds = (performance.now() - startMs) / 1000;
  const nodes = city.nodes.map((node) => summarize(node, bytecode.length));
  city.powerOff();
  const { messages, duplicates, gaps } = receiver.counters;
  return {
    virtualSeconds: scheduler.nowMs / 1000,
    wallSeconds,
    nodes,
    ...(ownBroker ? { broker: { messages, duplicates, gaps } } : {}),
  };
}

function problemOf({ nodes }: SimResult): string | undefined {
  const panics = nodes.reduce((sum, node) => sum + node.panics, 0);
  if (panics > 0) return `${panics} panics: run again with --log to see where`;
  const silent = nodes.filter((node) => node.messagesAcknowledged === 0).length;
  if (silent > 0) return `${silent} of ${nodes.length} nodes never reached the broker`;
  return undefined;
}

function progressLine(city: CitySimulation, scheduler: Scheduler): string {
  const clock = new Date(scheduler.nowMs).toISOString().slice(11, 19);
  const days = Math.floor(scheduler.nowMs / 86_400_000);
  const messages = city.nodes.reduce((sum, node) => sum + node.traffic.acknowledged, 0);
  return `${days > 0 ? `day ${days + 1}, ` : ""}${clock} of virtual time, ${city.nodes.length} nodes, ${messages} messages acknowledged`;
}

function printResult(result: SimResult): void {
  console.log(
    table(
      ["node", "boots", "panics", "samples", "reported", "messages", "acked", "bytes", "heap peak"],
      result.nodes.map((node) => [
        node.node,
        node.boots,
        node.panics,
        node.samples,
        node.readingsReported,
        node.messagesPublished,
        node.messagesAcknowledged,
        node.bytesPublished,
        node.heapPeakBytes,
      ]),
    ),
  );
  const { broker } = result;
  if (broker)
    console.log(
      `broker: ${broker.messages} messages, ${broker.duplicates} duplicates, ${broker.gaps} gaps`,
    );
  console.log(
    `${result.virtualSeconds.toFixed(0)} s of virtual time in ${result.wallSeconds.toFixed(1)} s`,
  );
}
