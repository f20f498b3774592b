import { generate } from "mqtt-packet";
import { nodeTopic } from "../../devs/contract/topics";
import { table } from "../../src/cli/table";
import { loadFirmware } from "../../src/toolchain/firmware";
import { startCity } from "../support/simulatedCity";
import { filterCosts, filterReduction, recordingsFound } from "./filter";

/**
 * The figures to keep in sight, measured in one run. Speeds are ratios to real time or
 * to each other; nothing here passes or fails.
 */

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;
const MANY_NODES = 100;

/** One figure of ours, with that of the stock way beside it where there is one. */
interface Figure {
  readonly what: string;
  readonly ours: number;
  readonly stock?: number;
  readonly unit: string;
}

/** One node through two hours of its synthetic day. */
async function oneNode(): Promise<Figure[]> {
  const city = await startCity();
  const startMs = performance.now();
  await city.run(2 * HOUR_MS);
  const wallMs = performance.now() - startMs;
  const node = city.city.nodes[0];
  if (!node) throw new Error("the city has no node");
  const { traffic, heapPeaks } = node;
  const { readings } = city;
  // What one JSON message a reading takes: its PUBLISH with QoS 1, and the PUBACK.
  const stockBytes = readings.reduce((sum, { metric, value, unit }) => {
    const payload = JSON.stringify({ metric, value, unit });
    const topic = nodeTopic("berkane", node.node, `up/data/${metric}`);
    const packet = { cmd: "publish", topic, payload, qos: 1, messageId: 1 } as const;
    return sum + generate({ ...packet, dup: false, retain: false }).length + 4;
  }, 0);
  const first = readings[0];
  const figures: Figure[] = [
    { what: "virtual speed, one node", ours: (2 * HOUR_MS) / wallMs, unit: "x real time" },
    { what: "bytecode", ours: loadFirmware().bytecode.length, unit: "bytes" },
    { what: "heap, most in use after a collection", ours: heapPeaks.liveBytes, unit: "bytes" },
    { what: "heap, most in use with garbage", ours: heapPeaks.highWaterBytes, unit: "bytes" },
    {
      what: "samples kept back by the filter",
      ours: 100 * (1 - readings.length / (node.health?.samples ?? NaN)),
      unit: "%",
    },
    {
      what: "TCP payload a reading, acknowledgements included",
      ours: traffic.wireBytes / readings.length,
      stock: stockBytes / readings.length,
      unit: "bytes",
    },
    {
      what: "boot to first reading at the city",
      ours: first ? (first.timeMs - city.startUtcMs) / 1000 : NaN,
      unit: "s",
    },
  ];
  await city.close();
  return figures;
}

/** Many nodes in one process. */
async function manyNodes(): Promise<Figure[]> {
  const before = process.memoryUsage().rss;
  const city = await startCity({ nodes: MANY_NODES });
  const startCpu = process.cpuUsage();
  await city.run(2 * MINUTE_MS);
  const { user, system } = process.cpuUsage(startCpu);
  const memory = process.memoryUsage().rss - before;
  await city.close();
  return [
    { what: `memory a node, ${MANY_NODES} nodes`, ours: memory / MANY_NODES / 1e6, unit: "MB" },
    {
      what: "nodes that one core runs in real time",
      ours: (MANY_NODES * 2 * MINUTE_MS * 1000) / (user + system),
      unit: "nodes",
    },
  ];
}

/** What a sample costs in the node's filter. */
async function filterFigures(): Promise<Figure[]> {
  const [stock, ...chains] = await filterCosts();
  return chains.flatMap((chain) => [
    {
      what: `VM steps a sample, filter with ${chain.what}`,
      ours: chain.stepsPerSample,
      stock: stock?.stepsPerSample,
      unit: "steps",
    },
    {
      what: `GC allocations in 1,000 samples, ${chain.what}`,
      ours: chain.objectsPerThousand,
      stock: stock?.objectsPerThousand,
      unit: "objects",
    },
  ]);
}

// The memory of many nodes is measured first, in a process that is still small.
const many = await manyNodes();
const figures = [...(await oneNode()), ...many, ...(await filterFigures())];
const reduction = filterReduction();
if (process.argv.includes("--json"))
  console.log(JSON.stringify({ figures, reduction, recordings: recordingsFound() }));
else {
  console.log(
    table(
      ["figure", "ours", "stock", "unit"],
      figures.map(({ what, ours, stock, unit }) => [
        what,
        round(ours),
        stock === undefined ? "" : round(stock),
        unit,
      ]),
    ),
  );
  console.log("\nReports of one signal at the same largest error, and the fewest of any polyline:");
  if (!recordingsFound())
    console.log("(../shared/data is not there: the signals are those of the synthetic city)");
  console.log(
    table(
      ["signal", "error", "samples", "threshold", "deadband", "swinging door", "fewest"],
      reduction.map((row) => [
        row.signal,
        row.largestError,
        row.samples,
        row.threshold,
        row.deadband,
        `${row.swingingDoor} (${(row.swingingDoor / row.deadband).toFixed(2)} of deadband)`,
        row.limit,
      ]),
    ),
  );
}

function round(value: number): number {
  return Number(value.toPrecision(4));
}
