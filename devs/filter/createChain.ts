import type { ChainDescription } from "../contract/chain";
import type { FilterChain } from "./chain";
import { SignalChain } from "./signalChain";
import { ThresholdChain } from "./thresholdChain";

/**
 * The filter chain of a description.
 *
 * @param description one in which `checkChain` finds no problem.
 */
export function createChain(description: ChainDescription): FilterChain {
  const { rate, spike, calibrate, smooth, report, statistics } = description;
  const door = report && report.swingingDoor !== undefined;
  if (rate || spike || calibrate || smooth || door || statistics)
    return new SignalChain(description);
  return new ThresholdChain(description);
}
