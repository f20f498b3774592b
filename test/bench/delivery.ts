import { generate } from "mqtt-packet";
import { METRIC_COUNT, metricName } from "../../devs/contract/metrics";
import { nodeTopic } from "../../devs/contract/topics";
import { RECORDS_PER_PACK } from "../../devs/report/packSource";
import { VirtualBroker } from "../../src/broker/virtual/virtualBroker";
import type { Reading } from "../../src/city/receiver";
import { PROJECT_FOLDER } from "../../src/projectFolder";
import { MemoryNetwork } from "../../src/sim/network/memoryNetwork";
import type { Connector } from "../../src/sim/network/network";
import { seededRandom } from "../../src/sim/random";
import { Scheduler } from "../../src/sim/scheduler";
import { VmHost } from "../../src/sim/vm/vmHost";
import { compileProgram } from "../../src/toolchain/compile";
import { judgeDelivery } from "../support/deliveryProof";
import { startCity } from "../support/simulatedCity";
import type { Figure } from "./figure";
import { median, stepsSpent } from "./steps";

const SECOND_MS = 1000;
const MINUTE_MS = 60_000;
/** The outage that both clients go through, and the time around it. */
const OUTAGE_MS = 20 * SECOND_MS;
const BEFORE_MS = 60 * SECOND_MS;
const AFTER_MS = 3 * MINUTE_MS;
/** Outages of which the median is taken, each with other random numbers. */
const OUTAGES = 15;
/** How exactly the return is seen. */
const LOOK_MS = 50;

/** So long the stock program runs for its speed. */
const STOCK_RUN_MS = 60 * MINUTE_MS;

/** A level twice a second, every one of them a reading. */
const TWICE_A_SECOND = {
  channels: Object.fromEntries(
    Array.from({ length: METRIC_COUNT }, (_, i) => metricName(i)).map((name) => [
      name,
      name === "LAF"
        ? { on: true, periodS: 0.5, report: { deadband: 0, heartbeatS: 0.5 } }
        : { on: false },
    ]),
  ),
};

/** What the figure of bytes a reading is of: air, noise, light and lamp. */
const TEN_METRICS = [
  "pm25",
  "pm10",
  "temperature",
  "humidity",
  "vocIndex",
  "noxIndex",
  "LAeq",
  "illuminance",
  "lampCurrent",
  "lampPower",
];
const HOUR_MS = 60 * MINUTE_MS;
const HOURS_A_DAY = 24;

/** What came of an outage. */
interface OutageResult {
  readonly made: number;
  readonly lost: number;
  /** From the broker's return to the first reading that it gets, in ms. */
  readonly backMs: number;
  /** Most in use of the GC heap after a collection. */
  readonly heapBytes: number;
}

/** The stock client's way, and how it began: from its program's start to the first reading at the broker. */
interface StockOutageResult extends OutageResult {
  readonly firstMs: number;
}

/** Delivery against DeviceScript's own MQTT client: outages, and what a publish costs. */
export async function deliveryFigures(): Promise<Figure[]> {
  const ours: OutageResult[] = [];
  const stock: StockOutageResult[] = [];
  for (let seed = 1; seed <= OUTAGES; seed++) {
    ours.push(await ourOutage(seed));
    stock.push(await stockOutage(seed));
  }
  const share = (results: OutageResult[]) =>
    (100 * sum(results.map(({ lost }) => lost))) / sum(results.map(({ made }) => made));
  const back = (results: OutageResult[]) => median(results.map(({ backMs }) => backMs)) / SECOND_MS;
  const { readings, heapBytes, highWaterBytes } = await fullOutbox();
  const first = await firstArrivals();
  return [
    ...(await wireFigures()),
    {
      what: "boot to the first message at the broker (stock: of a program without chips)",
      ours: first.messageMs / SECOND_MS,
      stock: median(stock.map(({ firstMs }) => firstMs)) / SECOND_MS,
      unit: "s",
    },
    { what: "boot to the first reading at the city", ours: first.readingMs / SECOND_MS, unit: "s" },
    {
      what: "readings lost around an outage of 20 s",
      ours: share(ours),
      stock: share(stock),
      unit: "%",
    },
    {
      what: `readings again after that outage, median of ${OUTAGES}`,
      ours: back(ours),
      stock: back(stock),
      unit: "s",
    },
    {
      what: "heap around that outage (stock: its client and one reading, no chips)",
      ours: Math.max(...ours.map(({ heapBytes }) => heapBytes)),
      stock: Math.max(...stock.map(({ heapBytes }) => heapBytes)),
      unit: "bytes",
    },
    {
      what: "VM steps a publish of one reading, outbox and acknowledgement included",
      ours: (await stepsSpent("publishStepsOne")) / 10,
      stock: (await stepsSpent("publishStepsStock", (scheduler) => pathTo(scheduler))) / 10,
      unit: "steps",
    },
    {
      what: "VM steps a reading in packs of 12",
      ours: (await stepsSpent("publishStepsPack")) / 60,
      unit: "steps",
    },
    {
      what: `VM steps of a pack of ${RECORDS_PER_PACK} readings (the limit is 131072)`,
      ours: await stepsSpent("publishStepsFull"),
      unit: "steps",
    },
    { what: "readings held through an outage of 4 h", ours: readings, unit: "readings" },
    {
      what: "heap after that outage, most in use after a collection",
      ours: heapBytes,
      unit: "bytes",
    },
    {
      what: "heap after that outage, most in use with garbage",
      ours: highWaterBytes,
      unit: "bytes",
    },
  ];
}

/** TCP payload that one JSON message a reading takes: its PUBLISH with QoS 1, and the PUBACK. */
export function stockBytes(readings: readonly Reading[]): number {
  return sum(
    readings.map(({ node, metric, value, unit }) => {
      const payload = JSON.stringify({ metric, value, unit });
      const topic = nodeTopic("berkane", node, `up/data/${metric}`);
      const packet = { cmd: "publish", topic, payload, qos: 1, messageId: 1 } as const;
      return generate({ ...packet, dup: false, retain: false }).length + 4;
    }),
  );
}

/** The synthetic day with ten metrics: all that passes the socket, by the readings that arrive. */
async function wireFigures(): Promise<Figure[]> {
  const others = Array.from({ length: METRIC_COUNT }, (_, i) => metricName(i)).filter(
    (name) => !TEN_METRICS.includes(name),
  );
  const channels = Object.fromEntries(others.map((name) => [name, { on: false }]));
  const city = await startCity({ configuration: { channels } });
  const { readings } = city;
  const node = city.city.nodes[0];
  if (!node) throw new Error("the city has no node");
  let worst = 0;
  for (let hour = 0; hour < HOURS_A_DAY; hour++) {
    const [bytesBefore, readingsBefore] = [node.traffic.wireBytes, readings.length];
    await city.run(HOUR_MS);
    const inIt = readings.length - readingsBefore;
    worst = Math.max(worst, (node.traffic.wireBytes - bytesBefore) / inIt);
  }
  const figures: Figure[] = [
    {
      what: "TCP payload a reading, a day of ten metrics, everything counted",
      ours: node.traffic.wireBytes / readings.length,
      stock: stockBytes(readings) / readings.length,
      unit: "bytes",
    },
    { what: "the same in the hour with the most", ours: worst, unit: "bytes" },
  ];
  await city.close();
  return figures;
}

/** From power to the first message at the broker and the first reading, of a node with the chips of a street pole. */
async function firstArrivals(): Promise<{ messageMs: number; readingMs: number }> {
  const city = await startCity();
  let messageMs = NaN;
  while (city.readings.length === 0 && city.scheduler.nowMs < AFTER_MS) {
    await city.run(LOOK_MS);
    if (city.states.length > 0 && isNaN(messageMs)) messageMs = city.scheduler.nowMs;
  }
  const readingMs = city.scheduler.nowMs;
  await city.close();
  return { messageMs, readingMs };
}

async function ourOutage(seed: number): Promise<OutageResult> {
  const city = await startCity({ seed, trace: true, configuration: TWICE_A_SECOND });
  await city.run(BEFORE_MS);
  city.broker.stop({ sessions: "lost" });
  await city.run(OUTAGE_MS);
  city.broker.start();
  const returnMs = city.scheduler.nowMs;
  const had = city.readings.length;
  while (city.readings.length === had && city.scheduler.nowMs < returnMs + AFTER_MS)
    await city.run(LOOK_MS);
  const backMs = city.scheduler.nowMs - returnMs;
  await city.run(AFTER_MS);
  const { reported, lost } = judgeDelivery(city);
  const heapBytes = city.city.nodes[0]?.heapPeaks.liveBytes ?? NaN;
  await city.close();
  return { made: reported, lost: lost.length, backMs, heapBytes };
}

/** DeviceScript's own MQTT client and one reading twice a second, without chips, at a broker of its own. */
export function stockProgram(): Uint8Array {
  const options = { projectFolder: PROJECT_FOLDER, version: "0.0.0" };
  return compileProgram("test/vm/publishReadingsStock.main.ts", options).bytecode;
}

/** That program in a VM of its own, from its start on. */
interface StockNode {
  readonly scheduler: Scheduler;
  readonly broker: VirtualBroker;
  readonly host: VmHost;
  readonly startedMs: number;
  /** Readings that it made, and that the broker got. */
  readonly counts: { made: number; arrived: number; firstMs: number };
}

async function startStock(seed: number): Promise<StockNode> {
  const scheduler = new Scheduler();
  const broker = new VirtualBroker(scheduler);
  const counts = { made: 0, arrived: 0, firstMs: NaN };
  broker.onPublish(() => {
    if (counts.arrived++ === 0) counts.firstMs = scheduler.nowMs - startedMs;
  });
  const host = await VmHost.create({
    scheduler,
    network: pathTo(scheduler, broker),
    random: seededRandom(seed),
    deviceId: [seed, 1],
    onLog: (line) => {
      if (line.endsWith("> reading")) counts.made++;
    },
  });
  host.start();
  scheduler.runUntil(100);
  const startedMs = scheduler.nowMs;
  host.deploy(stockProgram());
  return { scheduler, broker, host, startedMs, counts };
}

/** How much faster than real time the stock program runs: by the clock, and by one core's time. */
export async function stockSpeed(): Promise<{ byClock: number; byCore: number }> {
  const { scheduler, host } = await startStock(1);
  const [startMs, startCpu] = [performance.now(), process.cpuUsage()];
  scheduler.runUntil(scheduler.nowMs + STOCK_RUN_MS);
  const wallMs = performance.now() - startMs;
  const { user, system } = process.cpuUsage(startCpu);
  host.stop();
  return { byClock: STOCK_RUN_MS / wallMs, byCore: (1000 * STOCK_RUN_MS) / (user + system) };
}

async function stockOutage(seed: number): Promise<StockOutageResult> {
  const { scheduler, broker, host, counts } = await startStock(seed);
  // The phase of its watchdog to the outage is a matter of chance.
  const chance = seededRandom(seed)() * 10 * SECOND_MS;
  scheduler.runUntil(BEFORE_MS + chance);
  broker.stop({ sessions: "lost" });
  scheduler.runUntil(scheduler.nowMs + OUTAGE_MS);
  broker.start();
  const returnMs = scheduler.nowMs;
  const had = counts.arrived;
  while (counts.arrived === had && scheduler.nowMs < returnMs + AFTER_MS)
    scheduler.runUntil(scheduler.nowMs + LOOK_MS);
  const backMs = scheduler.nowMs - returnMs;
  scheduler.runUntil(scheduler.nowMs + AFTER_MS);
  const heapBytes = host.heapPeaks.liveBytes;
  host.stop();
  const { made, arrived, firstMs } = counts;
  return { made, lost: made - arrived, backMs, firstMs, heapBytes };
}

/** The way of a program to a broker of its own. */
function pathTo(scheduler: Scheduler, broker = new VirtualBroker(scheduler)): Connector {
  return new MemoryNetwork(scheduler, broker).path("bk-0001");
}

/** A node with everything that it measures by default, and no broker for longer than it can hold. */
async function fullOutbox(): Promise<{
  readings: number;
  heapBytes: number;
  highWaterBytes: number;
}> {
  const city = await startCity({ trace: true });
  await city.run(10 * MINUTE_MS);
  city.broker.stop({ sessions: "kept" });
  await city.run(4 * 60 * MINUTE_MS);
  const had = city.readings.length;
  const reported = city.reports.length;
  city.broker.start();
  await city.run(20 * MINUTE_MS);
  const fresh = city.reports.length - reported;
  const readings = city.readings.length - had - fresh;
  const { liveBytes = NaN, highWaterBytes = NaN } = city.city.nodes[0]?.heapPeaks ?? {};
  await city.close();
  return { readings, heapBytes: liveBytes, highWaterBytes };
}

function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}
