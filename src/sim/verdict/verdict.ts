import type { NodeSummary } from "../runSummary";
import type { AlarmAccount } from "./alarmTruth";
import type { CounterAccount } from "./counterCheck";
import type { FaultReport } from "./faultWatch";
import type { Account } from "./ledger";
import type { OrderReport } from "./orderWatch";
import type { TruthAccount } from "./truth";

/**
 * A heap that holds so much more on the last day than on the first one grows: less is what a
 * different moment of the collection makes.
 */
const HEAP_GROWN_BYTES = 512;

/** What is known of one node after a run. */
export interface NodeVerdict extends NodeSummary {
  readonly readings: Account;
  readonly events: Account;
  readonly truth: TruthAccount;
  readonly counters: CounterAccount;
  readonly alarms: AlarmAccount;
  readonly faults: readonly FaultReport[];
  readonly falseFaults: number;
  readonly orders: readonly OrderReport[];
  readonly flashWrites: number;
  /**
   * The least that the GC heap held after a collection, in the second half of the first day
   * and of the last one; of a run under two days its halves are the days.
   */
  readonly heapEarlyBytes: number;
  readonly heapEndBytes: number;
  /** How much more the last day is than the first; 0 in a run under two days. */
  readonly heapGrownBytes: number;
  /** Where it panicked: code, virtual second, and the lines of the source. */
  readonly panicsAt: readonly string[];
  /** The first few differences between what it reported and the world. */
  readonly notes: readonly string[];
}

/** Counts in equal parts of a run, for charts. */
export interface Series {
  readonly stepS: number;
  readonly reported: number[];
  readonly delivered: number[];
  readonly connects: number[];
}

/** What a scenario showed. */
export interface Verdict {
  readonly nodes: readonly NodeVerdict[];
  readonly series: Series;
  /** CONNECT packets in the busiest second. */
  readonly connectsPerSecondMax: number;
  readonly duplicates: number;
}

/** Sums over all nodes. */
export interface Totals {
  readonly readings: Account;
  readonly events: Account;
  readonly truth: TruthAccount;
  readonly counters: CounterAccount;
  /** Nodes whose heap grew. */
  readonly heapsGrown: number;
  readonly alarms: AlarmAccount;
  readonly faultsExpected: number;
  readonly faultsNoticed: number;
  readonly slowestNoticeS: number;
  readonly falseFaults: number;
  readonly orders: number;
  readonly ordersUnanswered: number;
  readonly ordersRefused: number;
  readonly messages: number;
  readonly bytes: number;
  readonly panics: number;
}

/** Adds up a verdict. */
export function totals({ nodes }: Verdict): Totals {
  const faults = nodes.flatMap((node) => node.faults);
  const noticed = faults.flatMap(({ noticedAfterS }) => noticedAfterS ?? []);
  const orders = nodes.flatMap((node) => node.orders);
  return {
    readings: sum(nodes.map(({ readings }) => readings)),
    events: sum(nodes.map(({ events }) => events)),
    truth: sum(nodes.map(({ truth }) => truth)),
    counters: sum(nodes.map(({ counters }) => counters)),
    heapsGrown: nodes.filter(({ heapGrownBytes }) => heapGrownBytes > HEAP_GROWN_BYTES).length,
    alarms: sum(nodes.map(({ alarms }) => alarms)),
    faultsExpected: faults.length,
    faultsNoticed: noticed.length,
    slowestNoticeS: Math.max(0, ...noticed),
    falseFaults: nodes.reduce((all, node) => all + node.falseFaults, 0),
    orders: orders.length,
    ordersUnanswered: orders.filter(({ result }) => result === undefined).length,
    ordersRefused: orders.filter(({ result }) => result === "refused").length,
    messages: nodes.reduce((all, node) => all + node.messagesPublished, 0),
    bytes: nodes.reduce((all, node) => all + node.bytesPublished, 0),
    panics: nodes.reduce((all, node) => all + node.panics, 0),
  };
}

/** What must not be after any run; empty when all is well. */
export function shortcomings(verdict: Verdict): string[] {
  const sums = totals(verdict);
  const { readings, events, truth, alarms, panics } = sums;
  const found: [number, string][] = [
    [panics, "panics"],
    [readings.unexplained, "readings lost without an explanation"],
    [readings.altered, "readings that the node never reported"],
    [readings.timeOff + events.timeOff, "readings and events with a wrong time"],
    [events.unexplained, "events lost without an explanation"],
    [truth.wrong, "readings farther from the truth than the sensor's error"],
    [truth.swallowed, "changes that ought to have been reported and were not"],
    [sums.counters.wrong, "health messages with a wrong count or clock"],
    [
      sums.heapsGrown,
      `nodes that hold over ${HEAP_GROWN_BYTES} bytes more than on their first day`,
    ],
    [alarms.missed, "alarms missed"],
    [alarms.false, "false alarms"],
    [sums.faultsExpected - sums.faultsNoticed, "faults that the city never heard of"],
    [sums.falseFaults, "faults told that were none"],
    [sums.ordersUnanswered, "configurations and commands without an answer"],
  ];
  return found.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}`);
}

/** Adds objects of numbers field by field; of a field named `…S` (a time) the largest counts. */
function sum<T extends object>(parts: readonly T[]): T {
  const result: Record<string, number> = {};
  for (const part of parts)
    for (const [name, value] of Object.entries(part) as [string, number][])
      result[name] = /S$/.test(name)
        ? Math.max(result[name] ?? 0, value)
        : (result[name] ?? 0) + value;
  return result as T;
}

/** Puts the verdicts of shards together, its nodes in that order. */
export function mergeVerdicts(
  order: readonly string[],
  parts: readonly (Verdict & { readonly connects: ReadonlyMap<number, number> })[],
): Verdict {
  const nodes = new Map(parts.flatMap((part) => part.nodes.map((node) => [node.node, node])));
  const add = (pick: (series: Series) => number[]) =>
    (parts[0] ? pick(parts[0].series) : []).map((_, i) =>
      parts.reduce((all, { series }) => all + (pick(series)[i] ?? 0), 0),
    );
  const connects = new Map<number, number>();
  for (const part of parts)
    for (const [second, count] of part.connects)
      connects.set(second, (connects.get(second) ?? 0) + count);
  return {
    nodes: order.flatMap((node) => nodes.get(node) ?? []),
    series: {
      stepS: parts[0]?.series.stepS ?? 0,
      reported: add(({ reported }) => reported),
      delivered: add(({ delivered }) => delivered),
      connects: add(({ connects: made }) => made),
    },
    connectsPerSecondMax: Math.max(0, ...connects.values()),
    duplicates: parts.reduce((all, { duplicates }) => all + duplicates, 0),
  };
}
