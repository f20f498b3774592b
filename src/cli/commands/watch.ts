import { Command } from "commander";
import { nameProblem } from "../../../devs/contract/topics";
import { CityClient } from "../../city/cityClient";
import { Receiver, type CityListener } from "../../city/receiver";
import { unitSymbol } from "../../city/unitSymbols";
import { InputError } from "../../inputError";
import { visibleText } from "../../visibleText";
import { brokerOption } from "../brokerOption";
import { readCa } from "../caOption";
import { interruptSignal } from "../interrupt";
import { parseDuration, type BrokerAddress } from "../options";

/** Longest topic of a node: two names of 23 characters between the levels of the contract. */
const TOPIC_SHOWN_MAX = 80;

interface WatchOptions {
  readonly broker: BrokerAddress;
  readonly ca?: string;
  readonly city: string;
  readonly node?: string;
  readonly for?: number;
  readonly json?: true;
}

/**
 * `streetnode watch`: prints what the nodes of a city publish, as it arrives.
 *
 * @param interruption gives the signal that ends it.
 */
export function watchCommand(interruption: () => AbortSignal = interruptSignal): Command {
  return new Command("watch")
    .description("print what nodes publish: readings, states, events, gaps")
    .addOption(brokerOption("MQTT broker to listen at"))
    .option("--ca <file>", "certificate of the broker's authority, for mqtts (PEM)")
    .option("--city <name>", "name of the city", "berkane")
    .option("--node <id>", "only this node")
    .option("--for <time>", "end after this time, such as 30s, 10m or 24h", parseDuration)
    .option("--json", "print one JSON object per line")
    .addHelpText(
      "after",
      `
The user name and password come from STREETNODE_USER and STREETNODE_PASSWORD. Without
--ca the broker's certificate must come from a public authority.

Example:
  streetnode watch --broker mqtt://127.0.0.1:1883 --city berkane --node bk-0001 --json`,
    )
    .action((options: WatchOptions) => watch(options, interruption()));
}

async function watch(options: WatchOptions, interrupted: AbortSignal): Promise<void> {
  const cityProblem = nameProblem(options.city);
  if (cityProblem) throw new InputError(`--city ${options.city}: ${cityProblem}`);
  const nodeNameProblem = options.node === undefined ? undefined : nameProblem(options.node);
  if (nodeNameProblem) throw new InputError(`--node ${options.node}: ${nodeNameProblem}`);

  const print = options.json ? jsonListener() : textListener();
  const receiver = new Receiver(print, { joinsMidway: true });
  let connections = 0;
  let problem: string | undefined;
  const client = new CityClient({
    broker: options.broker,
    ca: options.ca === undefined ? undefined : readCa(options.ca, options.broker),
    city: options.city,
    node: options.node,
    user: process.env["STREETNODE_USER"],
    password: process.env["STREETNODE_PASSWORD"],
    onMessage: (topic, payload) => receiver.receive(topic, payload, Date.now()),
    onConnected: () => {
      if (connections++ > 0) console.error("Connected again.");
    },
    onProblem: (text) => {
      problem = text;
      console.error(`streetnode watch: ${text}. Trying again.`);
    },
  });
  await ended(options.for, interrupted);
  await client.close();
  if (connections === 0)
    throw new Error(`never connected${problem === undefined ? "" : `: ${problem}`}`);
}

function ended(forMs: number | undefined, interrupted: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = forMs === undefined ? undefined : setTimeout(resolve, forMs);
    interrupted.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

/** One JSON object per line: `type` says what it is, times are ISO 8601 in UTC. */
function jsonListener(): CityListener {
  const print = (type: string, origin: object, more: object) =>
    console.log(JSON.stringify({ type, ...origin, ...more }));
  const time = (timeMs: number) => ({ time: new Date(timeMs).toISOString() });
  return {
    reading: ({ timeMs, ...reading }) => print("reading", reading, time(timeMs)),
    state: ({ city, node, state, arrivedMs }) =>
      print("state", { city, node }, { ...state, ...time(arrivedMs) }),
    event: ({ city, node, event: { t: _, ...event }, timeMs, untimed }) =>
      print("event", { city, node }, { ...event, untimed, ...time(timeMs) }),
    health: ({ city, node, health, arrivedMs }) =>
      print("health", { city, node }, { ...health, ...time(arrivedMs) }),
    duplicate: (origin) => print("duplicate", origin, {}),
    gap: ({ city, node, ...gap }) => print("gap", { city, node }, gap),
    bad: (message) => print("bad", {}, message),
  };
}

function textListener(): CityListener {
  const print = (timeMs: number, node: string, text: string) =>
    console.log(`${localTime(timeMs)}  ${node.padEnd(10)}  ${text}`);
  return {
    reading: ({ timeMs, node, metric, value, unit, untimed }) =>
      print(
        timeMs,
        node,
        `${metric.padEnd(13)} ${value} ${unitSymbol(unit)}`.trimEnd() + whenUnknown(untimed),
      ),
    state: ({ node, state, arrivedMs }) =>
      print(
        arrivedMs,
        node,
        `${state.state.toUpperCase()} (${[state.reason, `boot ${state.boot}`, state.version, state.board].filter(Boolean).join(", ")})`,
      ),
    event: ({ node, event, timeMs, untimed }) =>
      print(
        timeMs,
        node,
        ["EVENT", event.event, event.chip ?? event.channel, event.reason, event.v]
          .filter((part) => part !== undefined)
          .join(" ") + whenUnknown(untimed),
      ),
    health: ({ node, health, arrivedMs }) =>
      print(
        arrivedMs,
        node,
        `health: up ${health.uptimeS} s, ${health.samples} samples, ${health.reported} reported, ${health.waiting} waiting, ${health.dropped} dropped`,
      ),
    gap: ({ node, boot, from, to }) =>
      print(
        Date.now(),
        node,
        `GAP: ${to - from + 1} messages missing so far (boot ${boot}, ${from} to ${to})`,
      ),
    bad: ({ topic, reason }) =>
      console.error(visibleText(`bad message on ${cut(topic)}: ${reason}`)),
  };
}

function cut(topic: string): string {
  return topic.length > TOPIC_SHOWN_MAX ? `${topic.slice(0, TOPIC_SHOWN_MAX)}...` : topic;
}

/** What follows the latest time at which something can have been. */
function whenUnknown(untimed: true | undefined): string {
  return untimed ? "  (before that time, nobody knows when)" : "";
}

/** Local time of this computer, `2026-03-20 13:04:05`. */
function localTime(timeMs: number): string {
  const date = new Date(timeMs);
  const two = (n: number) => String(n).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}
