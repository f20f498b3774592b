import type { Connector } from "../../src/sim/network/network";
import type { Scheduler } from "../../src/sim/scheduler";
import { runInVm } from "../vm/harness";

/** VM steps before a fiber that does not yield panics. */
export const STEP_LIMIT = 128 * 1024;

/**
 * VM steps that a program of `test/vm/` spends before it begins to print lines: those that
 * are left until the step limit ends it, against a program that does nothing before.
 */
export async function stepsSpent(
  program: string,
  network?: (scheduler: Scheduler) => Connector,
): Promise<number> {
  const whole = await turns("filterStepsNone");
  return ((whole - (await turns(program, network))) * STEP_LIMIT) / whole;
}

async function turns(
  program: string,
  network?: (scheduler: Scheduler) => Connector,
): Promise<number> {
  const { lines } = await runInVm(`test/vm/${program}.main.ts`, network ? { network } : {});
  return lines.filter((line) => line.startsWith("turn ")).length;
}

/** The middle one, the higher of two. */
export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? NaN;
}
