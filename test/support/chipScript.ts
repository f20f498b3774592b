import { I2cService, type I2cBus } from "../../src/sim/vm/i2cService";
import type { Surroundings } from "../../src/sim/world/surroundings";
import { DRIVER_NAMES } from "../vm/drivers/driverNames";
import { runInVm } from "../vm/harness";

/** Surroundings that stand still; a test sets what it needs. */
export class StillWorld implements Surroundings {
  /** From this time of the run on, every value is 2 % higher. */
  higherFromMs = Infinity;

  constructor(public readonly values: Record<string, number | undefined>) {}

  value(metric: string, timeMs: number): number | undefined {
    const value = this.values[metric];
    return value === undefined || timeMs < this.higherFromMs ? value : value * 1.02;
  }
}

/** One thing to do with the driver; `prepare` changes the world just before. */
export interface Step {
  readonly op: "probe" | "start" | "read" | "stop" | "wait" | "selfTest";
  readonly waitMs?: number;
  readonly prepare?: (nowMs: number) => void;
}

export const probe = (prepare?: Step["prepare"]): Step => ({ op: "probe", prepare });
export const start = (prepare?: Step["prepare"]): Step => ({ op: "start", prepare });
export const read = (prepare?: Step["prepare"]): Step => ({ op: "read", prepare });
export const stop = (): Step => ({ op: "stop" });
export const selfTest = (prepare?: Step["prepare"]): Step => ({ op: "selfTest", prepare });
export const wait = (waitMs: number): Step => ({ op: "wait", waitMs });

/** What a step gave: the code of its SensorError, or "" when it succeeded. */
export interface Outcome {
  readonly op: Step["op"];
  readonly code: string;
  /** The error's message; of a self-test without an error, `passed` or `none`. */
  readonly message: string;
  readonly tookMs: number;
  readonly values: number[];
}

const OPS = { start: 1, read: 2, stop: 3, wait: 4, selfTest: 5, probe: 6 } as const;

/** Address at which the program in the VM asks what to do next; no chip of ours has it. */
const CONDUCTOR_ADDRESS = 0x08;

/** The bus under test, and beside it the conductor, which works when the bus does not. */
function conducted(bus: I2cBus, steps: readonly Step[]): I2cBus {
  let next = 0;
  return {
    transaction: (address, write, readCount, nowMs) => {
      if (address !== CONDUCTOR_ADDRESS) return bus.transaction(address, write, readCount, nowMs);
      const step = steps[next++];
      step?.prepare?.(nowMs);
      const ms = step?.waitMs ?? 0;
      const op = step ? OPS[step.op] : 0;
      return { status: 0, data: Uint8Array.of(op, ms >> 16, (ms >> 8) & 0xff, ms & 0xff) };
    },
  };
}

/** What a run of a driver gave. */
export interface DriverRun {
  /** One for each step, the waits left out. */
  readonly outcomes: Outcome[];
  readonly serialNumber: string;
  /** The driver's name for its chip in the end. */
  readonly chipName: string;
}

/** All drivers in one program, so that it is compiled once for all their tests. */
const PROGRAM = "test/vm/drivers/everyDriver.main.ts";

/**
 * Runs a driver's bytecode in the VM against virtual chips, through the steps.
 *
 * @param name which one, of `DRIVER_NAMES`.
 * @throws Error when the program panics or does not come to its end
 */
export async function driveInVm(
  name: string,
  bus: I2cBus,
  steps: readonly Step[],
): Promise<DriverRun> {
  // The program asks for its driver first, and takes the number from where a wait stands.
  const orders = [wait(DRIVER_NAMES.indexOf(name)), ...steps];
  const waitsMs = steps.reduce((sum, step) => sum + (step.waitMs ?? 0), 0);
  const run = await runInVm(PROGRAM, {
    forMs: waitsMs + 3_600_000,
    devices: (scheduler) => [new I2cService(conducted(bus, orders), () => scheduler.nowMs)],
  });
  if (run.panics.length || !run.lines.includes("DONE"))
    throw new Error(`driver ${name} did not end well:\n${run.lines.slice(-20).join("\n")}`);
  const outcomes: Outcome[] = [];
  const results = run.lines.filter((line) => line.startsWith("= "));
  orders.forEach((step, i) => {
    const [code = "?", tookMs = "", values = "", message = ""] = (results[i] ?? "= ?")
      .slice(2)
      .split("|");
    if (step.op !== "wait")
      outcomes.push({
        op: step.op,
        code,
        message,
        tookMs: Number(tookMs),
        values: values.split(",").map(Number),
      });
  });
  const said = (word: string) =>
    run.lines.find((line) => line.startsWith(`${word} `))?.slice(word.length + 1) ?? "";
  return { outcomes, serialNumber: said("serial"), chipName: said("chip") };
}
