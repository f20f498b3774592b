import type { ChainDescription } from "../contract/chain";
import type { FilterChain } from "./chain";
import { SignalChain } from "./signalChain";
import { ThresholdChain } from "./thresholdChain";
import { TrendChain } from "./trendChain";

/**
 * The filter chain of a description.
 *
 * @param description one in which `checkChain` finds no problem.
 */
export function createChain(description: ChainDescription): FilterChain {
  const { rate, spike, calibrate, smooth, report, statistics } = description;
  if (rate || spike || calibrate || smooth || statistics) return new SignalChain(description);
  if (report && report.swingingDoor !== undefined) return new TrendChain(description);
  return new ThresholdChain(description);
}
