import type { ChainDescription } from "../contract/chain";
import { PointCalibration } from "./calibration";
import { HampelFilter, MedianFilter, MovingAverage, type WindowFilter } from "./windows";

/**
 * The stages between the range and the report that are not in common use: all kinds of
 * spike filters, calibrations and windows, in their order.
 */
export class Shaping {
  private readonly spike: WindowFilter | undefined = undefined;
  private readonly points: PointCalibration | undefined = undefined;
  private readonly window: WindowFilter | undefined = undefined;
  private fresh = true;

  constructor(description: ChainDescription) {
    const { spike, calibrate, smooth } = description;
    if (spike && spike.hampel) this.spike = new HampelFilter(spike.hampel.window, spike.hampel.k);
    else if (spike) this.spike = new MedianFilter(spike.median as number);
    if (calibrate && calibrate.points) this.points = new PointCalibration(calibrate.points);
    if (smooth && smooth.average !== undefined) this.window = new MovingAverage(smooth.average);
    else if (smooth && smooth.median !== undefined) this.window = new MedianFilter(smooth.median);
  }

  /** The windows start anew with the next sample, as if it had been there all the time. */
  restart(): void {
    this.fresh = true;
  }

  /** Takes a sample; gain and offset are those of a linear calibration. */
  next(sample: number, gain: number, offset: number): number {
    const fresh = this.fresh;
    this.fresh = false;
    let value = sample;
    if (this.spike) {
      if (fresh) this.spike.fill(value);
      value = this.spike.next(value);
    }
    value = value * gain + offset;
    if (this.points) value = this.points.apply(value);
    if (this.window) {
      if (fresh) this.window.fill(value);
      value = this.window.next(value);
    }
    return value;
  }
}
