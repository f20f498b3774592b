import type { VirtualNode } from "./virtualNode";

/** What one node did in a run; the counters are from outside, but for those of its own health line. */
export interface NodeSummary {
  readonly node: string;
  readonly boots: number;
  readonly panics: number;
  /** Values read from chips, as the node last counted. */
  readonly samples: number;
  /** Readings that passed the filter, as the node last counted. */
  readonly readingsReported: number;
  readonly messagesPublished: number;
  readonly messagesAcknowledged: number;
  readonly bytesPublished: number;
  readonly reconnects: number;
  /** How often the node told each event: `sensor-fault sen55`, `lamp-ok lamp-out`. */
  readonly eventCounts: Readonly<Record<string, number>>;
  /** Largest use of the GC heap right after a collection: what the node needs. */
  readonly heapPeakBytes: number;
  /** Largest use at any time, garbage included. */
  readonly heapHighWaterBytes: number;
  readonly heapBytes: number;
  readonly bytecodeBytes: number;
}

/** Sums up a node's run. */
export function summarize(node: VirtualNode, bytecodeBytes: number): NodeSummary {
  const { traffic, health } = node;
  return {
    node: node.node,
    boots: node.boots,
    panics: node.panics,
    samples: health?.samples ?? 0,
    readingsReported: health?.reported ?? 0,
    messagesPublished: traffic.published,
    messagesAcknowledged: traffic.acknowledged,
    bytesPublished: traffic.publishBytes,
    reconnects: Math.max(0, traffic.connects - 1),
    eventCounts: Object.fromEntries(node.events),
    heapPeakBytes: node.heapPeaks.liveBytes,
    heapHighWaterBytes: node.heapPeaks.highWaterBytes,
    heapBytes: node.heapUse()?.usedBytes ?? 0,
    bytecodeBytes,
  };
}
