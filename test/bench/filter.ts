import { existsSync } from "node:fs";
import { join } from "node:path";
import { runChain } from "../../src/filter/chainRun";
import { PROJECT_FOLDER } from "../../src/projectFolder";
import { readRecording } from "../../src/recording";
import type { HeapUse } from "../../src/sim/vm/heap";
import { SyntheticDay } from "../../src/sim/world/syntheticDay";
import { runInVm } from "../vm/harness";
import { fewestCorners, type Sample } from "./minLinks";

/** Real measurements, beside the checkout; without them the synthetic city takes their place. */
const RECORDINGS = join(PROJECT_FOLDER, "../shared/data");

/** VM steps before a fiber that does not yield panics. */
const STEP_LIMIT = 128 * 1024;
/** Samples that `spendSteps` takes after the first. */
const STEP_SAMPLES = 399;

/** What taking a sample costs on the node. */
export interface FilterCost {
  readonly what: string;
  readonly stepsPerSample: number;
  /** Objects taken from the GC heap in 1,000 samples; the VM's frames of calls are not counted. */
  readonly objectsPerThousand: number;
}

/** How many values three rules report of one signal. */
export interface FilterReduction {
  readonly signal: string;
  /** No rule is further off, at any sample. */
  readonly largestError: number;
  readonly samples: number;
  /**
   * Plain threshold: each sample that differs from the one before it by more than a step.
   * It keeps no bound by itself: this is with the greatest step that kept to the error here.
   */
  readonly threshold: number;
  readonly thresholdStep: number;
  readonly deadband: number;
  readonly swingingDoor: number;
  /** Corners of the best polyline there is, which is known only afterwards. */
  readonly limit: number;
}

/** Cost of the filter in the VM: stock operators, every kind of stage, range and deadband. */
export async function filterCosts(): Promise<FilterCost[]> {
  const stepsPerTurn = STEP_LIMIT / (await turns("None"));
  const feedTurns = await turns("Feed");
  const feedObjects = await allocated("Feed");
  const rows: FilterCost[] = [];
  for (const [program, what] of [
    ["Stock", "stock map + ewma + threshold"],
    ["Full", "every kind of stage"],
    ["Deadband", "range and deadband"],
  ] as const)
    rows.push({
      what,
      stepsPerSample: ((feedTurns - (await turns(program))) * stepsPerTurn) / STEP_SAMPLES,
      objectsPerThousand: (await allocated(program)) - feedObjects,
    });
  return rows;
}

/** Turns that a program has left until the step limit ends it. */
async function turns(program: string): Promise<number> {
  const { lines } = await runInVm(`test/vm/filterSteps${program}.main.ts`);
  return lines.filter((line) => line.startsWith("turn ")).length;
}

/**
 * Objects that the heap gains in 1,000 samples, worked out from those tens of samples in
 * which the collector did not run.
 */
async function allocated(program: string): Promise<number> {
  const marks: HeapUse[] = [];
  await runInVm(`test/vm/filterMemory${program}.main.ts`, {
    forMs: 60_000,
    onLine: (line, heap) => {
      if (heap && line === "MARK") marks.push(heap);
    },
  });
  const gains = marks.flatMap((use, i) => {
    const before = marks[i - 1];
    if (!before || i % 2 === 0 || use.usedBytes < before.usedBytes) return [];
    return [use.objects - use.frames - (before.objects - before.frames)];
  });
  if (gains.length === 0) throw new Error(`${program} did not run to its end`);
  return (100 * gains.reduce((a, b) => a + b)) / gains.length;
}

/** A signal to reduce. */
interface SignalSource {
  readonly name: string;
  /** File of the recordings and its column. */
  readonly file: string;
  readonly column: string;
  readonly errors: readonly number[];
  /** The synthetic signal in its place: metric, time between samples and number of them. */
  readonly metric: string;
  readonly periodS: number;
  readonly count: number;
}

// prettier-ignore
const SOURCES: readonly SignalSource[] = [
  { name: "daylight, 3 days, lx", file: "daylight-3d.csv", column: "illuminance_lx", errors: [50, 200],
    metric: "illuminance", periodS: 30, count: 8640 },
  { name: "PM2.5, 90 days, ug/m3", file: "pm25-hourly-90d.csv", column: "pm25_ugm3", errors: [2, 5],
    metric: "pm25", periodS: 3600, count: 2160 },
  { name: "NO2, 90 days, ug/m3", file: "no2-co-hourly-90d.csv", column: "no2_ugm3", errors: [10],
    metric: "no2", periodS: 3600, count: 2160 },
  { name: "traffic noise, 30 min, dB", file: "noise-traffic-30min.csv", column: "LA_dB", errors: [1, 3],
    metric: "LAF", periodS: 0.125, count: 14400 },
];

/** Whether the recordings are there. */
export function recordingsFound(): boolean {
  return SOURCES.every(({ file }) => existsSync(join(RECORDINGS, file)));
}

/** Reports that the rules send, on recordings or, without them, on the synthetic city. */
export function filterReduction(): FilterReduction[] {
  const recorded = recordingsFound();
  return SOURCES.flatMap((source) => {
    const samples = recorded ? recording(source) : synthetic(source);
    const name = recorded ? source.name : `synthetic ${source.name}`;
    return source.errors.map((error) => reductionOf(name, samples, error));
  });
}

function recording({ file, column }: SignalSource): Sample[] {
  const path = join(RECORDINGS, file);
  return readRecording(path, column, path)
    .filter(({ value }) => !Number.isNaN(value))
    .map(({ timeMs, value }) => ({ timeS: timeMs / 1000, value }));
}

function synthetic({ metric, periodS, count }: SignalSource): Sample[] {
  // The morning's rush hour is in the half hour of noise, too.
  const startUtcMs = Date.UTC(2026, 2, 20, 6);
  const day = new SyntheticDay({ seed: 1, node: "bk-0001", startUtcMs });
  return Array.from({ length: count }, (_, i) => ({
    timeS: i * periodS,
    value: day.value(metric, i * periodS * 1000) ?? NaN,
  }));
}

function reductionOf(signal: string, samples: readonly Sample[], error: number): FilterReduction {
  return {
    signal,
    largestError: error,
    samples: samples.length,
    ...plainThreshold(samples, error),
    deadband: runChain({ report: { deadband: error } }, samples).reports.length,
    swingingDoor: runChain({ report: { swingingDoor: error } }, samples).reports.length,
    limit: fewestCorners(samples, error),
  };
}

/** The greatest step, of a row that falls by a tenth each, with which no error is above that. */
function plainThreshold(
  samples: readonly Sample[],
  error: number,
): { threshold: number; thresholdStep: number } {
  for (let step = error; ; step *= 0.9) {
    let held = NaN;
    let reports = 0;
    let largest = 0;
    samples.forEach(({ value }, i) => {
      const before = samples[i - 1];
      if (!before || Math.abs(value - before.value) > step) {
        held = value;
        reports++;
      }
      largest = Math.max(largest, Math.abs(value - held));
    });
    if (largest <= error) return { threshold: reports, thresholdStep: step };
  }
}
