import { parentPort, workerData } from "node:worker_threads";
import type { FromWorker, ToWorker, WorkerTask } from "./fleet";
import { Shard } from "./shard";

/** How often a worker tells how far it is, in real milliseconds. */
const REPORT_MS = 250;

/** The other end of a `Fleet`: runs one shard and tells of it. */
async function work(): Promise<void> {
  const port = parentPort;
  if (!port) throw new Error("This program runs as a worker thread of the simulator");
  const say = (message: FromWorker) => port.postMessage(message);
  const { plan, nodes } = workerData as WorkerTask;
  let lines: [number, string, string][] = [];
  const shard = new Shard(plan, nodes, {
    line: (atMs, node, text) => lines.push([atMs, node, text]),
    failure: (node, reason) => say({ kind: "failure", node, reason }),
  });
  const stop = new AbortController();
  port.on("message", (message: ToWorker) => {
    if (message === "stop") stop.abort();
  });
  const report = () => {
    say({ kind: "progress", progress: shard.progress, lines });
    lines = [];
  };
  const timer = setInterval(report, REPORT_MS);
  try {
    const result = await shard.run(stop.signal);
    report();
    say({ kind: "done", result });
  } finally {
    clearInterval(timer);
    port.close();
  }
}

await work();
