import { PROJECT_FOLDER } from "../../src/projectFolder";
import { compileProgram, type CompiledProgram } from "../../src/toolchain/compile";
import { Scheduler } from "../../src/sim/scheduler";
import { seededRandom } from "../../src/sim/random";
import type { HeapUse } from "../../src/sim/vm/heap";
import { VmHost, type BusDevice } from "../../src/sim/vm/vmHost";
import type { Connector } from "../../src/sim/network/network";

const noNetwork: Connector = {
  connect() {
    throw new Error("this program has no network");
  },
};

/** What a program did in the VM. */
export interface VmRun {
  readonly lines: string[];
  readonly panics: number[];
  readonly bytecodeBytes: number;
  readonly heapPeakBytes: number;
}

/** One expectation of a file of shared cases, as the VM reported it. */
export interface CaseResult {
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string;
}

const programs = new Map<string, CompiledProgram>();

/** Compiles a program once for all the tests of a file that run it. */
function compiled(entry: string): CompiledProgram {
  let program = programs.get(entry);
  if (!program) {
    program = compileProgram(entry, {
      projectFolder: PROJECT_FOLDER,
      version: "0.0.0",
      // What stands for the stock way is compiled the stock way.
      compact: !/Stock\.main\.ts$/.test(entry),
    });
    programs.set(entry, program);
  }
  return program;
}

/**
 * Compiles a DeviceScript program and runs it in the VM, in virtual time, until
 * it prints `DONE`, panics, or `forMs` of virtual time have passed.
 */
export async function runInVm(
  entry: string,
  options: {
    forMs?: number;
    devices?: (scheduler: Scheduler) => BusDevice[];
    /** Where its sockets lead; without it there is no network. */
    network?: (scheduler: Scheduler) => Connector;
    /** Gets each line of the log as it is printed, and the use of the heap then. */
    onLine?: (line: string, heap: HeapUse | undefined) => void;
  } = {},
): Promise<VmRun> {
  const program = compiled(entry);
  const scheduler = new Scheduler();
  const lines: string[] = [];
  const panics: number[] = [];
  const host = await VmHost.create({
    scheduler,
    network: options.network?.(scheduler) ?? noNetwork,
    random: seededRandom(1),
    deviceId: [0x11223344, 0x55667788],
    devices: options.devices?.(scheduler) ?? [],
    onLog: (line) => {
      lines.push(line);
      options.onLine?.(line.replace(/^ *> /, ""), host.heapUse());
    },
    onPanic: (code) => panics.push(code),
  });
  host.start();
  scheduler.runUntil(100);
  lines.length = 0;
  host.deploy(program.bytecode);
  const endMs = scheduler.nowMs + (options.forMs ?? 3_600_000);
  while (scheduler.nowMs < endMs && panics.length === 0 && !lines.includes("> DONE"))
    if (!scheduler.runNext()) break;
  host.stop();
  return {
    lines: lines.map((line) => line.replace(/^ *> /, "")),
    panics,
    bytecodeBytes: program.bytecode.length,
    heapPeakBytes: host.heapPeaks.liveBytes,
  };
}

/**
 * Runs a file of shared cases in the VM (its entry hands them the runner of
 * `caseReporter.ts`) and returns what each expectation gave. A program that
 * panics or never ends is an error, with the end of its log.
 */
export async function runCasesInVm(
  entry: string,
  options: Parameters<typeof runInVm>[1] = {},
): Promise<CaseResult[]> {
  const run = await runInVm(entry, options);
  if (run.panics.length || !run.lines.includes("DONE"))
    throw new Error(
      `${entry}: ${run.panics.length ? `panic ${run.panics[0]}` : "did not end"}:\n${run.lines.slice(-25).join("\n")}`,
    );
  const results: CaseResult[] = [];
  for (const line of run.lines) {
    const match = /^(ok|FAIL) (.*?)(?: \| (.*))?$/.exec(line);
    if (match)
      results.push({ name: match[2] ?? "", ok: match[1] === "ok", detail: match[3] ?? "" });
  }
  return results;
}
