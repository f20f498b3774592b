import { existsSync } from "node:fs";
import { join } from "node:path";
import { runChain } from "../../src/filter/chainRun";
import { readRecording } from "../../src/recording";
import type { HeapUse } from "../../src/sim/vm/heap";
import { PROJECT_FOLDER, runInVm } from "../vm/harness";
import { fewestCorners, type Sample } from "./minLinks";

/** Real measurements; the benchmark is complete without them, on a synthetic signal. */
const DATA = join(PROJECT_FOLDER, "../shared/data");

/** VM steps before a fiber that does not yield panics. */
const STEP_LIMIT = 128 * 1024;
/** Samples that `spendSteps` takes after the first. */
const STEP_SAMPLES = 399;

/** What taking a sample costs on the node. */
export interface FilterCost {
  readonly what: string;
  readonly stepsPerSample: number;
  /** Objects and bytes taken from the GC heap in 1,000 samples, frames of calls included. */
  readonly objectsPerThousand: number;
  readonly bytesPerThousand: number;
}

/** How many values three rules report of one signal. */
export interface FilterReduction {
  readonly signal: string;
  readonly largestError: number;
  readonly samples: number;
  /** Each sample that differs from the one before by more than that. */
  readonly threshold: number;
  /** Its largest error, held until the next report: it keeps no bound. */
  readonly thresholdError: number;
  readonly deadband: number;
  readonly swingingDoor: number;
  /** Corners of the best polyline there is, known only afterwards. */
  readonly limit: number;
}

/** Both tables of the filter. */
export interface FilterBench {
  readonly cost: FilterCost[];
  readonly reduction: FilterReduction[];
}

/** Measures the filter: its cost in the VM, and what it saves on signals. */
export async function filterBench(): Promise<FilterBench> {
  return { cost: await costs(), reduction: signals().map(reductionOf) };
}

async function costs(): Promise<FilterCost[]> {
  const stepsPerTurn = STEP_LIMIT / (await turns("None"));
  const feedTurns = await turns("Feed");
  const feedHeap = await allocated("Feed");
  const rows: FilterCost[] = [];
  for (const [program, what] of [
    ["Stock", "stock map + ewma + threshold"],
    ["Full", "every kind of stage"],
    ["Deadband", "range and deadband"],
  ] as const) {
    const heap = await allocated(program);
    rows.push({
      what,
      stepsPerSample: ((feedTurns - (await turns(program))) * stepsPerTurn) / STEP_SAMPLES,
      objectsPerThousand: heap.objects - feedHeap.objects,
      bytesPerThousand: heap.usedBytes - feedHeap.usedBytes,
    });
  }
  return rows;
}

/** Turns that a program has left until the step limit ends it. */
async function turns(program: string): Promise<number> {
  const { lines } = await runInVm(`test/vm/filterSteps${program}.main.ts`);
  return lines.filter((line) => line.startsWith("turn ")).length;
}

/**
 * What the heap gains in 1,000 samples, from the median of its gains over tens: in a few
 * of them the collector ran. The VM takes the frame of every call from that heap, too, so
 * code that allocates nothing by itself still shows its calls here.
 */
async function allocated(program: string): Promise<{ objects: number; usedBytes: number }> {
  const marks: HeapUse[] = [];
  await runInVm(`test/vm/filterMemory${program}.main.ts`, {
    forMs: 60_000,
    onLine: (line, heap) => {
      if (heap && line === "MARK") marks.push(heap);
    },
  });
  const gains = (of: (use: HeapUse) => number) =>
    marks.flatMap((use, i) => {
      const before = marks[i - 1];
      return before && i % 2 === 1 ? [of(use) - of(before)] : [];
    });
  return {
    objects: 100 * median(gains((use) => use.objects)),
    usedBytes: 100 * median(gains((use) => use.usedBytes)),
  };
}

function median(values: readonly number[]): number {
  const middle = [...values].sort((a, b) => a - b)[values.length >> 1];
  if (middle === undefined) throw new Error("the program did not run to its end");
  return middle;
}

interface Signal {
  readonly name: string;
  readonly samples: readonly Sample[];
  readonly error: number;
}

function signals(): Signal[] {
  const found: Signal[] = [{ name: "synthetic, a day", samples: synthetic(), error: 2 }];
  const add = (name: string, file: string, column: string, ...errors: number[]) => {
    const path = join(DATA, file);
    if (!existsSync(path)) return;
    const samples = readRecording(path, column, path)
      .filter(({ value }) => !Number.isNaN(value))
      .map(({ timeMs, value }) => ({ timeS: timeMs / 1000, value }));
    for (const error of errors) found.push({ name, samples, error });
  };
  add("daylight, 3 days, lx", "daylight-3d.csv", "illuminance_lx", 50, 200);
  add("PM2.5, 90 days, ug/m3", "pm25-hourly-90d.csv", "pm25_ugm3", 2, 5);
  add("NO2, 90 days, ug/m3", "no2-co-hourly-90d.csv", "no2_ugm3", 10);
  add("traffic noise, 30 min, dB", "noise-traffic-30min.csv", "LA_dB", 1, 3);
  return found;
}

function synthetic(): Sample[] {
  let seed = 1;
  return Array.from({ length: 8640 }, (_, i) => {
    seed = (seed * 75 + 74) % 65537;
    return { timeS: i * 10, value: 40 - 30 * Math.cos(i / 1375) + (2 * seed) / 65537 };
  });
}

function reductionOf({ name, samples, error }: Signal): FilterReduction {
  let held = NaN;
  let threshold = 0;
  let thresholdError = 0;
  samples.forEach(({ value }, i) => {
    const before = samples[i - 1];
    if (!before || Math.abs(value - before.value) > error) {
      held = value;
      threshold++;
    }
    thresholdError = Math.max(thresholdError, Math.abs(value - held));
  });
  return {
    signal: name,
    largestError: error,
    samples: samples.length,
    threshold,
    thresholdError,
    deadband: runChain({ report: { deadband: error } }, samples).reports.length,
    swingingDoor: runChain({ report: { swingingDoor: error } }, samples).reports.length,
    limit: fewestCorners(samples, error),
  };
}
