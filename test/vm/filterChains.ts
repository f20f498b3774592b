import type { ChainDescription } from "../../devs/contract/chain";

/** Range and deadband alone. */
export const RANGE_AND_DEADBAND: ChainDescription = {
  range: { min: 0, max: 1000 },
  report: { deadband: 2 },
};

/** Every kind of stage on. */
export const EVERY_STAGE: ChainDescription = {
  range: { min: 0, max: 1000 },
  rate: { maxPerS: 50 },
  spike: { median: 3 },
  calibrate: { offset: 0.5, gain: 1.02 },
  smooth: { timeConstantS: 60 },
  report: { swingingDoor: 2, heartbeatS: 900 },
  alarms: [
    { above: 35, clear: 30, raiseDelayS: 60 },
    { above: 40, clear: 36, raiseDelayS: 60 },
  ],
  statistics: { windowS: 3600 },
};
