import { Command } from "commander";
import { configurationFrom } from "../../src/cli/configurationOption";
import { table } from "../../src/cli/table";
import { loadFirmware } from "../../src/toolchain/firmware";
import { FULL_BUS_CONFIGURATION, fullBus } from "../support/fullBus";
import { startCity, type CityUnderTestOptions } from "../support/simulatedCity";
import { readBaseline, recordBaseline } from "./baseline";
import { deliveryFigures, stockBytes, stockProgram, stockSpeed } from "./delivery";
import type { Figure } from "./figure";
import { updateFigures } from "./update";
import { filterCosts, filterReduction, recordingsFound } from "./filter";

/**
 * The figures to keep in sight, measured in one run, beside those of the stock way and of
 * the recorded baseline. Speeds are ratios to real time or to each other; nothing here
 * passes or fails.
 */
const { json, record } = new Command("bench")
  .description("measure the figures to keep in sight: some six minutes on a quiet machine")
  .option("--json", "print one object in place of the tables")
  .option("--record", "make the figures the baseline, in test/bench/baseline.json")
  .parse()
  .opts<{ json?: boolean; record?: boolean }>();

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const MANY_NODES = 100;

/** What stands beside a whole node; it has no chips, filters or store, and publishes twice a second. */
const STOCK_PROGRAM = "(stock: its client and one reading, no chips)";

/** One node through its synthetic day. */
async function oneNode(): Promise<Figure[]> {
  const city = await startCity();
  const startMs = performance.now();
  await city.run(DAY_MS);
  const wallMs = performance.now() - startMs;
  const node = city.city.nodes[0];
  if (!node) throw new Error("the city has no node");
  const { traffic, heapPeaks } = node;
  const { readings } = city;
  const figures: Figure[] = [
    {
      what: `virtual speed, one node ${STOCK_PROGRAM}`,
      ours: DAY_MS / wallMs,
      stock: stock.byClock,
      unit: "x real time",
    },
    {
      what: `bytecode ${STOCK_PROGRAM}`,
      ours: loadFirmware().bytecode.length,
      stock: stockProgram().length,
      unit: "bytes",
    },
    { what: "heap, most in use after a collection", ours: heapPeaks.liveBytes, unit: "bytes" },
    { what: "heap, most in use with garbage", ours: heapPeaks.highWaterBytes, unit: "bytes" },
    {
      what: "samples kept back by the filter",
      ours: 100 * (1 - readings.length / (node.health?.samples ?? NaN)),
      unit: "%",
    },
    {
      what: "TCP payload a reading, a day of the default metrics, everything counted",
      ours: traffic.wireBytes / readings.length,
      stock: stockBytes(readings) / readings.length,
      unit: "bytes",
    },
  ];
  await city.close();
  return figures;
}

/** Nodes that measure more, and less, than the default one. */
async function otherNodes(): Promise<Figure[]> {
  return [
    {
      what: "virtual speed, twelve chips and the noise eight times a second",
      ours: await speedOf({ configuration: FULL_BUS_CONFIGURATION, bus: fullBus }, 2 * HOUR_MS),
      unit: "x real time",
    },
    {
      what: "virtual speed, sampling every ten seconds, without noise figures",
      ours: await speedOf(
        { configuration: configurationFrom(["channels.*.periodS=10", "noise.on=false"]) },
        12 * HOUR_MS,
      ),
      unit: "x real time",
    },
  ];
}

async function speedOf(options: CityUnderTestOptions, forMs: number): Promise<number> {
  const city = await startCity(options);
  const startMs = performance.now();
  await city.run(forMs);
  const wallMs = performance.now() - startMs;
  await city.close();
  return forMs / wallMs;
}

/** Many nodes in one process: memory of each, and how many one core runs in real time. */
async function manyNodes(): Promise<{ memoryMb: number; live: number }> {
  const before = process.memoryUsage().rss;
  const city = await startCity({ nodes: MANY_NODES });
  const startCpu = process.cpuUsage();
  await city.run(2 * MINUTE_MS);
  const { user, system } = process.cpuUsage(startCpu);
  const memory = process.memoryUsage().rss - before;
  await city.close();
  return {
    memoryMb: memory / MANY_NODES / 1e6,
    live: (MANY_NODES * 2 * MINUTE_MS * 1000) / (user + system),
  };
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
const stock = await stockSpeed();
const figures = [
  ...(await oneNode()),
  ...(await otherNodes()),
  ...(await deliveryFigures()),
  ...(await updateFigures()),
  { what: `memory a node, ${MANY_NODES} nodes`, ours: many.memoryMb, unit: "MB" },
  {
    what: `nodes that one core runs in real time ${STOCK_PROGRAM}`,
    ours: many.live,
    stock: stock.byCore,
    unit: "nodes",
  },
  ...(await filterFigures()),
];
const reduction = filterReduction();
const baseline = readBaseline();
const rows = figures.map((figure) => {
  const before = baseline?.figures[figure.what]?.ours;
  return {
    ...figure,
    ...(figure.stock === undefined ? {} : { ofStock: figure.ours / figure.stock }),
    ...(before === undefined ? {} : { baseline: before, ofBaseline: figure.ours / before }),
  };
});
if (record) recordBaseline(figures);
if (json) console.log(JSON.stringify({ figures: rows, reduction, recordings: recordingsFound() }));
else {
  console.log(
    table(
      ["figure", "ours", "stock", "ours/stock", "baseline", "now/baseline", "unit"],
      rows.map(({ what, ours, stock, ofStock, baseline: before, ofBaseline, unit }) => [
        what,
        round(ours),
        round(stock),
        round(ofStock),
        round(before),
        round(ofBaseline),
        unit,
      ]),
    ),
  );
  if (baseline) console.log(`The baseline is of ${baseline.machine}.`);
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

/** Four digits; nothing where there is no such number. */
function round(value: number | undefined): number | string {
  return value === undefined || !Number.isFinite(value) ? "" : Number(value.toPrecision(4));
}
