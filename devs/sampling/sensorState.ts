/**
 * Whether a sensor can be believed: from the outcome of each try to start or read it.
 * One bad read is a hiccup; some in a row are a fault, which is told once, as is the
 * recovery.
 */

/** What the node knows of a sensor. */
export enum SensorStatus {
  /** Not read yet since boot. */
  Starting,
  /** The last read was good. */
  Ok,
  /** The last read failed, not yet often enough for a fault. */
  Degraded,
  /** A fault was raised; the node goes on trying to start the chip anew. */
  Failed,
}

/** What a step asks to be published. */
export enum SensorChange {
  None,
  Fault,
  Recovery,
}

/** Failures in a row that make a fault. */
export const FAILURES_TO_FAULT = 3;

/** The reason that lies with no sensor. */
export const BUS_STUCK = "bus-stuck";

/** Pause before a chip that failed is started anew: doubled from the first to the last. */
export const RESTART_FIRST_MS = 2000;
export const RESTART_LAST_MS = 300000;

/** The state of one sensor. */
export class SensorState {
  status = SensorStatus.Starting;
  /** Why it failed, the last time it did. */
  reason = "";
  /** Failures since the last good read. */
  failures = 0;
  /** Pause before the next try, once the sensor is started anew. */
  restartMs = RESTART_FIRST_MS;

  /** A read gave values. */
  succeed(): SensorChange {
    const recovered = this.status === SensorStatus.Failed;
    this.status = SensorStatus.Ok;
    this.failures = 0;
    this.restartMs = RESTART_FIRST_MS;
    return recovered ? SensorChange.Recovery : SensorChange.None;
  }

  /**
   * A start or a read failed for `reason`. A sensor that a stuck bus kept silent, and that
   * fails for a reason of its own when the bus is back, is a new fault.
   */
  fail(reason: string): SensorChange {
    const wasBus = this.reason === BUS_STUCK;
    this.reason = reason;
    this.failures++;
    if (this.status === SensorStatus.Failed) {
      this.restartMs = Math.min(this.restartMs * 2, RESTART_LAST_MS);
      return wasBus && reason !== BUS_STUCK ? SensorChange.Fault : SensorChange.None;
    }
    if (this.failures < FAILURES_TO_FAULT) {
      if (this.status === SensorStatus.Ok) this.status = SensorStatus.Degraded;
      return SensorChange.None;
    }
    this.status = SensorStatus.Failed;
    return SensorChange.Fault;
  }
}
