import { existsSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { PROJECT_FOLDER } from "../../projectFolder";
import type { NodeSummary } from "../runSummary";
import { mergeVerdicts } from "../verdict/verdict";
import type { RunPlan } from "./runPlan";
import { Shard, type ShardProgress, type ShardResult } from "./shard";

/** What a worker is started with. */
export interface WorkerTask {
  readonly plan: RunPlan;
  readonly nodes: readonly string[];
}

/** What a worker tells. */
export type FromWorker =
  | { readonly kind: "failure"; readonly node: string; readonly reason: string }
  | {
      readonly kind: "progress";
      readonly progress: ShardProgress;
      /** Lines of the logs since the last report: virtual time, node, text. */
      readonly lines: readonly [number, string, string][];
    }
  | { readonly kind: "done"; readonly result: ShardResult };

/** What a worker is told. */
export type ToWorker = "stop";

/** What the user of a fleet hears of. */
export interface FleetListener {
  /** Lines of the logs, in the order of their virtual time, and of the nodes where it is the same. */
  line?(atMs: number, node: string, text: string): void;
  failure?(node: string, reason: string): void;
  progress?(progress: ShardProgress): void;
}

export interface FleetOptions {
  /** Threads to spread the nodes over; by default one a core. 1 runs in this thread. */
  readonly threads?: number;
  readonly signal?: AbortSignal;
}

/** The worker's program in the built package; a thread cannot run TypeScript. */
const WORKER_FILE = join(PROJECT_FOLDER, "dist", "sim-worker.js");

/** How often a run in this thread tells how far it is, in real milliseconds. */
const REPORT_MS = 250;

/**
 * Runs a plan, its nodes spread over threads, and gives what came out, in the order of the
 * plan's nodes: the same for one plan, however many threads there are.
 */
export async function runFleet(
  plan: RunPlan,
  listener: FleetListener = {},
  options: FleetOptions = {},
): Promise<ShardResult> {
  const threads = Math.min(options.threads ?? availableParallelism(), plan.nodes.length);
  if (threads <= 1 || !existsSync(WORKER_FILE)) return runHere(plan, listener, options.signal);
  return runOnThreads(plan, threads, listener, options.signal);
}

async function runHere(
  plan: RunPlan,
  listener: FleetListener,
  signal: AbortSignal | undefined,
): Promise<ShardResult> {
  const shard = new Shard(plan, plan.nodes, listener);
  const timer = setInterval(() => listener.progress?.(shard.progress), REPORT_MS);
  try {
    return mergeResults(plan.nodes, [await shard.run(signal)]);
  } finally {
    clearInterval(timer);
  }
}

async function runOnThreads(
  plan: RunPlan,
  threads: number,
  listener: FleetListener,
  signal: AbortSignal | undefined,
): Promise<ShardResult> {
  // Dealt out like cards, so that a quarter with many events is spread too.
  const hands = Array.from({ length: threads }, (_, hand) =>
    plan.nodes.filter((_, i) => i % threads === hand),
  );
  const log = new MergedLog(threads, plan.nodes, listener);
  const progress: ShardProgress[] = hands.map(() => ({ nowMs: 0, acknowledged: 0 }));
  const workers: Worker[] = [];
  const stop = () => workers.forEach((worker) => worker.postMessage("stop" satisfies ToWorker));
  signal?.addEventListener("abort", stop, { once: true });
  try {
    const results = await Promise.all(
      hands.map(
        (nodes, hand) =>
          new Promise<ShardResult>((resolve, reject) => {
            const worker = new Worker(WORKER_FILE, {
              workerData: { plan, nodes } satisfies WorkerTask,
            });
            workers.push(worker);
            worker.on("message", (message: FromWorker) => {
              if (message.kind === "failure") listener.failure?.(message.node, message.reason);
              else if (message.kind === "done") resolve(message.result);
              else {
                progress[hand] = message.progress;
                log.add(hand, message.progress.nowMs, message.lines);
                listener.progress?.(together(progress));
              }
            });
            worker.once("error", reject);
            worker.once("exit", (code) =>
              reject(new Error(`a thread of the simulation ended early (code ${code})`)),
            );
          }),
      ),
    );
    log.end();
    return mergeResults(plan.nodes, results);
  } finally {
    signal?.removeEventListener("abort", stop);
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}

/** The slowest thread's time, and all that was acknowledged. */
function together(parts: readonly ShardProgress[]): ShardProgress {
  return {
    nowMs: Math.min(...parts.map(({ nowMs }) => nowMs)),
    acknowledged: parts.reduce((sum, part) => sum + part.acknowledged, 0),
  };
}

/** Puts the results of shards together, its nodes in that order. */
export function mergeResults(
  order: readonly string[],
  results: readonly ShardResult[],
): ShardResult {
  const nodes = new Map<string, NodeSummary>();
  for (const result of results) for (const node of result.nodes) nodes.set(node.node, node);
  const brokers = results.flatMap(({ broker }) => broker ?? []);
  return {
    virtualMs: Math.min(...results.map(({ virtualMs }) => virtualMs)),
    nodes: order.flatMap((node) => nodes.get(node) ?? []),
    ...(brokers.length === 0
      ? {}
      : {
          broker: {
            messages: brokers.reduce((sum, { messages }) => sum + messages, 0),
            duplicates: brokers.reduce((sum, { duplicates }) => sum + duplicates, 0),
            gaps: brokers.reduce((sum, { gaps }) => sum + gaps, 0),
          },
        }),
    latest: results
      .map(({ latest }) => latest)
      .reduce((worst, one) => (one.lateMs > worst.lateMs ? one : worst)),
    ...verdictOf(order, results),
  };
}

function verdictOf(
  order: readonly string[],
  results: readonly ShardResult[],
): Pick<ShardResult, "verdict"> {
  const parts = results.flatMap(({ verdict }) => verdict ?? []);
  if (parts.length === 0) return {};
  return { verdict: { ...mergeVerdicts(order, parts), connects: new Map() } };
}

/** The logs of several threads as one, in the order of their virtual time. */
class MergedLog {
  readonly #uptoMs: number[];
  readonly #place: Map<string, number>;
  readonly #listener: FleetListener;
  #waiting: [number, string, string][] = [];

  constructor(threads: number, nodes: readonly string[], listener: FleetListener) {
    this.#uptoMs = Array<number>(threads).fill(0);
    this.#place = new Map(nodes.map((node, i) => [node, i]));
    this.#listener = listener;
  }

  /** Takes lines of a thread that has come as far as `uptoMs`. */
  add(thread: number, uptoMs: number, lines: readonly [number, string, string][]): void {
    this.#uptoMs[thread] = uptoMs;
    for (const line of lines) this.#waiting.push(line);
    if (this.#waiting.length > 0) this.#give(Math.min(...this.#uptoMs));
  }

  /** Gives what is left. */
  end(): void {
    this.#give(Infinity);
  }

  /** Gives what lies before that time: of that time itself more may still come. */
  #give(beforeMs: number): void {
    const ready = this.#waiting.filter(([atMs]) => atMs < beforeMs);
    this.#waiting = this.#waiting.filter(([atMs]) => atMs >= beforeMs);
    const place = (node: string) => this.#place.get(node) ?? 0;
    // Lines of one node keep their order: the sort is stable.
    ready.sort((a, b) => a[0] - b[0] || place(a[1]) - place(b[1]));
    for (const [atMs, node, text] of ready) this.#listener.line?.(atMs, node, text);
  }
}
