import { basename } from "node:path";
import { writeFileSync } from "node:fs";
import { Command, Option } from "commander";
import { nameProblem } from "../../../devs/contract/topics";
import { durationMs } from "../../duration";
import { InputError } from "../../inputError";
import { nodeName } from "../../sim/citySimulation";
import { runFleet } from "../../sim/run/fleet";
import { digestOf, readRecordedRun, recordRun } from "../../sim/run/recordedRun";
import type { RunPlan } from "../../sim/run/runPlan";
import type { BrokerCounts, ShardProgress, ShardResult } from "../../sim/run/shard";
import { cuesOf } from "../../sim/scenario/cues";
import { loadScenario, readyScenarios, type Action } from "../../sim/scenario/scenario";
import type { NodeSummary } from "../../sim/runSummary";
import { loadReplay, parseReplayOption } from "../../sim/world/replay";
import { verdictHtml, type RunFacts } from "../../sim/verdict/html";
import { verdictText } from "../../sim/verdict/text";
import { shortcomings, totals, type Totals, type Verdict } from "../../sim/verdict/verdict";
import { SourceLines } from "../../toolchain/sourceLines";
import { loadFirmware } from "../../toolchain/firmware";
import { readCa } from "../caOption";
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
import { checkOutputFile } from "../outputFile";
import { Progress } from "../progress";
import { table } from "../table";

/**
 * The synthetic day starts at 05:00 UTC, before sunrise in Berkane, near an equinox, whenever it is run:
 * runs with one seed are to be the same.
 */
const START_UTC_MS = Date.UTC(2026, 2, 20, 5);

/** A reading is late when it arrives so long after it was taken; five minutes it may wait for others. */
const LATE_AFTER = "10m";

/** What happens to a node itself, and so with a real broker too. */
const ON_THE_NODE: readonly Action["do"][] = ["power-cut", "brown-out", "chip-fault", "lamp-out"];

interface SimOptions {
  readonly scenario?: string;
  readonly nodes?: number;
  readonly city: string;
  readonly broker?: BrokerAddress;
  readonly ca?: string;
  readonly for?: number;
  readonly speed?: number;
  readonly seed: number;
  readonly replay: string[];
  readonly set: string[];
  readonly threads?: number;
  readonly node?: string;
  readonly log?: true;
  readonly html?: string;
  readonly record?: string;
  readonly play?: string;
  readonly json?: true;
}

/** Options that say what is run; a recorded run has them with it. */
const OF_THE_RUN: readonly (keyof SimOptions)[] = [
  "scenario",
  "nodes",
  "city",
  "broker",
  "ca",
  "for",
  "speed",
  "seed",
  "replay",
  "set",
  "record",
];

/** What `--json` prints. */
interface SimResult {
  readonly virtualSeconds: number;
  /** Absent with a verdict in virtual time: that is the same on every machine. */
  readonly wallSeconds?: number;
  /** In step with the wall clock: the longest time by which anything was late, and when that was. */
  readonly latestMs?: number;
  readonly latestAtS?: number;
  readonly nodes: readonly NodeSummary[];
  readonly broker?: BrokerCounts;
  /** With a scenario: also what it comes to, and what must not be; empty when all is well. */
  readonly verdict?: Verdict & { readonly totals: Totals; readonly problems: readonly string[] };
}

/** A run that is over. */
interface Simulated {
  readonly plan: RunPlan;
  readonly result: ShardResult;
  readonly lines: SourceLines | undefined;
  readonly wallSeconds: number;
  /** Ctrl-C ended it before its time. */
  readonly endedEarly: boolean;
}

/** `streetnode sim`: runs nodes without hardware. */
export function simCommand(): Command {
  return new Command("sim")
    .description("run simulated nodes: the real firmware on modelled sensor chips")
    .option("--scenario <name|FILE>", `what happens: ${readyScenarios().join(", ")}, or a file`)
    .option(
      "--nodes <n>",
      "how many nodes (default: 1, or as the scenario says)",
      wholeNumber(1, 1000),
    )
    .option("--city <name>", "name of the city", "berkane")
    .option(
      "--broker <url>",
      "MQTT broker to connect to in real time (default: its own)",
      parseBroker,
    )
    .option("--ca <file>", "certificate of the broker's authority, for mqtts (PEM)")
    .option("--for <time>", "virtual time to run, such as 30s, 10m or 24h", parseDuration)
    .addOption(
      new Option(
        "--speed <x>",
        "virtual seconds per real second, or max (default: 1, max with a scenario)",
      ).argParser(parseSpeed),
    )
    .option("--seed <n>", "the same seed gives the same run", wholeNumber(0, 0xffffffff), 1)
    .option("--replay <metric=FILE:COLUMN>", "drive a sensor from a CSV file", collect, [])
    .option("--set <PATH=VALUE>", "override a value of the nodes' configuration", collect, [])
    .option(
      "--threads <n>",
      "threads to spread the nodes over (default: one a core)",
      wholeNumber(1, 64),
    )
    .option("--log", "print every line of the nodes' logs")
    .option("--node <id>", "with --log: only this node's lines")
    .option("--html <FILE>", "with --scenario: write the verdict as one HTML file with charts")
    .option("--record <FILE>", "write down a run in virtual time, to repeat it exactly")
    .option("--play <FILE>", "repeat a run that was recorded, with the firmware it had then")
    .option("--json", "print the result as one JSON object on the last line")
    .addHelpText(
      "after",
      "\nExamples:\n  streetnode sim --nodes 3 --for 2h --speed max --seed 1 --json\n  streetnode sim --scenario storm --nodes 5",
    )
    .action(async (options: SimOptions, command: Command) => {
      const given = OF_THE_RUN.filter((name) => command.getOptionValueSource(name) === "cli");
      if (options.play !== undefined && given.length > 0)
        throw new InputError(
          `--play: repeats the run as it was recorded, leave --${given.join(" and --")} out`,
        );
      const recorded = options.play === undefined ? undefined : readRecordedRun(options.play);
      const plan = recorded ? { ...recorded.plan, log: options.log === true } : planOf(options);
      checkReports(options, plan);
      const run = await simulate(options, plan);
      const result = resultOf(run);
      if (options.json) console.log(JSON.stringify(result));
      else printResult(result);
      // What a machine takes is no part of a result that is the same on all of them.
      if (result.wallSeconds === undefined)
        console.error(timing({ ...result, wallSeconds: run.wallSeconds }));
      writeReports(options, run, result);
      const problem = repetitionProblem(options, run, recorded?.digest) ?? problemOf(result);
      if (problem) throw new Error(problem);
    });
}

async function simulate(options: SimOptions, plan: RunPlan): Promise<Simulated> {
  const lines = sourceLinesOf(plan);
  const progress = new Progress();
  const failures = new Set<string>();
  const signal = interruptSignal();
  const startMs = performance.now();
  try {
    const result = await runFleet(
      plan,
      {
        line: (atMs, node, text) => {
          if (options.node === undefined || options.node === node)
            progress.note(`${(atMs / 1000).toFixed(3)} ${node} ${lines?.translate(text) ?? text}`);
        },
        failure: (node, reason) => {
          // The broker inside the run is away when the scenario says so.
          if (!plan.broker || failures.has(reason)) return;
          failures.add(reason);
          const { host, port } = plan.broker;
          progress.note(
            `${node} cannot reach the broker at ${host}:${port}: ${reason}. The nodes keep trying.`,
          );
        },
        progress: (now) => progress.show(progressLine(now, plan.nodes.length)),
      },
      {
        signal,
        ...(options.threads === undefined ? {} : { threads: options.threads }),
      },
    );
    return {
      plan,
      result,
      lines,
      wallSeconds: (performance.now() - startMs) / 1000,
      endedEarly: signal.aborted && result.virtualMs < plan.durationMs,
    };
  } finally {
    progress.clear();
  }
}

/** What is printed of a run. */
function resultOf({ plan, result, lines, wallSeconds }: Simulated): SimResult {
  const { virtualMs, nodes, broker, latest } = result;
  const verdict = result.verdict && withSourceLines(result.verdict, lines);
  const isFree = plan.speed === Infinity;
  return {
    virtualSeconds: virtualMs / 1000,
    ...(verdict && isFree ? {} : { wallSeconds }),
    ...(isFree
      ? {}
      : { latestMs: Math.round(latest.lateMs), latestAtS: Math.round(latest.atMs / 1000) }),
    nodes,
    ...(broker ? { broker } : {}),
    ...(verdict
      ? { verdict: { ...verdict, totals: totals(verdict), problems: shortcomings(verdict) } }
      : {}),
  };
}

/** Writes the files that were asked for; a run that ended early is none to be repeated. */
function writeReports(options: SimOptions, run: Simulated, { verdict }: SimResult): void {
  const { plan, result, endedEarly } = run;
  if (options.html !== undefined && verdict)
    writeFileSync(options.html, verdictHtml(verdict, factsOf(plan, result.virtualMs)));
  if (options.record !== undefined && !endedEarly) recordRun(options.record, plan, result);
}

/** Why a run cannot be repeated, or was no repetition; undefined when it can, or was one. */
function repetitionProblem(
  { record, play }: SimOptions,
  { result, endedEarly }: Simulated,
  digest: string | undefined,
): string | undefined {
  if (record !== undefined && endedEarly)
    return `--record ${record}: the run was ended early, nothing was written`;
  if (digest === undefined) return undefined;
  if (endedEarly) return `--play ${play}: ended early, not compared with what was recorded`;
  if (digestOf(result) !== digest)
    return `--play ${play}: the run did not come out as it was recorded; was it recorded by another version?`;
  return undefined;
}

function planOf(options: SimOptions): RunPlan {
  const cityProblem = nameProblem(options.city);
  if (cityProblem) throw new InputError(`--city ${options.city}: ${cityProblem}`);
  const scenario = options.scenario === undefined ? undefined : loadScenario(options.scenario);
  const forMs = options.for ?? (scenario && durationMs(scenario.for));
  // A scenario is about virtual time: nobody watches it for a week.
  const speed = options.speed ?? (scenario && !options.broker ? Infinity : 1);
  if (speed === Infinity && forMs === undefined)
    throw new InputError("--speed max: needs --for, or the run would never end");
  if (options.broker && speed !== 1)
    throw new InputError("--speed: with --broker the run is in real time, leave --speed out");
  const count = options.nodes ?? scenario?.nodes ?? 1;
  const nodes = Array.from({ length: count }, (_, i) => nodeName(options.city, i + 1));
  const cues = scenario ? cuesOf(scenario, nodes, options.seed, options.scenario) : [];
  const impossible = options.broker && cues.find(({ action }) => !ON_THE_NODE.includes(action.do));
  if (impossible)
    throw new InputError(
      `--broker: a real broker and its network cannot be made to do '${impossible.action.do}' of the scenario`,
    );
  // The run's own broker asks for none, and a run is the same whatever the environment holds.
  const password = options.broker && process.env["STREETNODE_PASSWORD"];
  return {
    city: options.city,
    nodes,
    seed: options.seed,
    startUtcMs: scenario?.start === undefined ? START_UTC_MS : Date.parse(scenario.start),
    durationMs: forMs ?? Infinity,
    speed,
    ...(options.broker ? { broker: options.broker } : {}),
    ...(options.ca === undefined ? {} : { ca: readCa(options.ca, options.broker) }),
    ...(password === undefined ? {} : { password }),
    configuration: configurationFrom(options.set, scenario?.configuration),
    replays: options.replay
      .map((text) => loadReplay(parseReplayOption(text)))
      .map(({ metric, rows }) => ({ metric, rows })),
    bytecode: loadFirmware().bytecode,
    ...(scenario
      ? {
          scenario: {
            name: basename(options.scenario ?? "").replace(/\.jsonc?$/, ""),
            description: scenario.description,
          },
        }
      : {}),
    cues,
    judged: scenario !== undefined,
    lateAfterMs: durationMs(scenario?.lateAfter ?? LATE_AFTER),
    warmerCel: scenario?.weather?.warmerCel ?? 0,
    log: options.log === true,
  };
}

/** Refuses reports that this run cannot give, before it is run. */
function checkReports(options: SimOptions, plan: RunPlan): void {
  if (options.node !== undefined && !plan.nodes.includes(options.node))
    throw new InputError(
      `--node ${options.node}: no such node; there are ${plan.nodes.slice(0, 5).join(", ")}${plan.nodes.length > 5 ? ", …" : ""}`,
    );
  if (options.node !== undefined && !options.log) throw new InputError("--node: needs --log");
  if (options.html !== undefined && !plan.judged) throw new InputError("--html: needs --scenario");
  if (options.html !== undefined && plan.broker)
    throw new InputError("--html: there is a verdict in virtual time only, leave --broker out");
  if (options.record !== undefined && (plan.broker || plan.durationMs === Infinity))
    throw new InputError(
      "--record: needs a run in virtual time with an end: no --broker, but --for",
    );
  // Not after an hour's run.
  if (options.html !== undefined) checkOutputFile("--html", options.html);
  if (options.record !== undefined) checkOutputFile("--record", options.record);
}

/** Source lines for the plan's bytecode; undefined where it is not that of the sources here. */
function sourceLinesOf({ bytecode }: RunPlan): SourceLines | undefined {
  const here = loadFirmware();
  const same = Buffer.compare(Buffer.from(here.bytecode), Buffer.from(bytecode)) === 0;
  return same ? new SourceLines(here.debugInfo) : undefined;
}

function factsOf(plan: RunPlan, virtualMs: number): RunFacts {
  return {
    name: plan.scenario?.name ?? "",
    description: plan.scenario?.description ?? "",
    seed: plan.seed,
    startUtcMs: plan.startUtcMs,
    virtualSeconds: virtualMs / 1000,
  };
}

/** The verdict without what only its making needed, its panics with lines of the source. */
function withSourceLines(
  { nodes, series, connectsPerSecondMax, duplicates }: Verdict,
  lines: SourceLines | undefined,
): Verdict {
  return {
    nodes: nodes.map((node) => ({
      ...node,
      panicsAt: node.panicsAt.map((panic) => lines?.translate(panic) ?? panic),
    })),
    series,
    connectsPerSecondMax,
    duplicates,
  };
}

function problemOf({ nodes, verdict }: SimResult): string | undefined {
  if (verdict && verdict.problems.length > 0) return verdict.problems.join("; ");
  const panics = nodes.reduce((sum, node) => sum + node.panics, 0);
  if (panics > 0) return `${panics} panics: run again with --log to see where`;
  const silent = nodes.filter((node) => node.messagesAcknowledged === 0).length;
  if (silent > 0) return `${silent} of ${nodes.length} nodes never reached the broker`;
  return undefined;
}

function progressLine({ nowMs, acknowledged }: ShardProgress, nodes: number): string {
  const clock = new Date(nowMs).toISOString().slice(11, 19);
  const days = Math.floor(nowMs / 86_400_000);
  return `${days > 0 ? `day ${days + 1}, ` : ""}${clock} of virtual time, ${nodes} nodes, ${acknowledged} messages acknowledged`;
}

function printResult(result: SimResult): void {
  const { broker, verdict, wallSeconds } = result;
  if (verdict) console.log(verdictText(verdict));
  else
    console.log(
      table(
        [
          "node",
          "boots",
          "panics",
          "samples",
          "reported",
          "messages",
          "acked",
          "bytes",
          "heap peak",
        ],
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
  if (broker && !verdict)
    console.log(
      `broker: ${broker.messages} messages, ${broker.duplicates} duplicates, ${broker.gaps} gaps`,
    );
  if (wallSeconds !== undefined) console.log(timing({ ...result, wallSeconds }));
}

function timing({
  virtualSeconds,
  wallSeconds,
  latestMs,
  latestAtS,
}: SimResult & { wallSeconds: number }): string {
  const late =
    latestMs === undefined ? "" : `, nothing later than ${latestMs} ms (at ${latestAtS} s)`;
  return `${virtualSeconds.toFixed(0)} s of virtual time in ${wallSeconds.toFixed(1)} s${late}`;
}
