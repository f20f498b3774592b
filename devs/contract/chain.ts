/**
 * The description of a filter chain, as it stands in a node's configuration. Every
 * stage is optional; they run in the order of the fields here. Values are in the
 * metric's unit, times in seconds.
 */
export interface ChainDescription {
  range?: RangeDescription;
  rate?: RateDescription;
  spike?: SpikeDescription;
  calibrate?: CalibrationDescription;
  smooth?: SmoothingDescription;
  report?: ReportDescription;
  /** At most 4. */
  alarms?: AlarmDescription[];
  statistics?: StatisticsDescription;
}

/** A sample outside is implausible: it is counted and not passed on. */
export interface RangeDescription {
  min?: number;
  max?: number;
}

/** A sample that differs too much from the one before is counted and not passed on. */
export interface RateDescription {
  /** Greatest change per second, above 0. */
  maxPerS: number;
}

/** Takes out single wrong samples: one of the two. */
export interface SpikeDescription {
  /** Median of the last 3, 5 or 7 samples. */
  median?: number;
  /** Replaces only a sample that stands out. */
  hampel?: HampelDescription;
}

/** Hampel identifier: an outlier is replaced by the median of the window. */
export interface HampelDescription {
  /** Samples in the window: odd, 3 to 15. */
  window: number;
  /** Standard deviations, estimated from the median deviation, that make an outlier; 3 is usual. */
  k: number;
}

/**
 * What the sensor says to what is true: a straight line (gain, then offset) or points
 * with lines between them; for particles, before it, the water is taken off.
 */
export interface CalibrationDescription {
  offset?: number;
  gain?: number;
  /** Two to five pairs of raw and true value, raw ascending; the end lines go on. */
  points?: number[][];
  humidity?: HumidityDescription;
}

/** Correction of an optical particle sensor for the water that particles take up. */
export interface HumidityDescription {
  /** Hygroscopicity of the particles, 0 to 1.5: 0.4 is that of an urban mix. */
  kappa: number;
}

/** Takes noise off the value: one of the three. */
export interface SmoothingDescription {
  /** Exponential: a step is followed by 63 % in this time, however samples are spaced. */
  timeConstantS?: number;
  /** Mean of the last 2 to 15 samples. */
  average?: number;
  /** Median of the last 3 to 15 samples, an odd number. */
  median?: number;
}

/** When a value is published. With no rule but times, or none at all, every sample is. */
export interface ReportDescription {
  /** Change since the last report that makes a new one, in the metric's unit. */
  deadband?: number;
  /** The same in percent of the last report; with both, the wider band counts. */
  deadbandPct?: number;
  /**
   * Instead of a deadband: straight lines between the reports pass every sample within
   * this distance, in the metric's unit.
   */
  swingingDoor?: number;
  /** Shortest time between two reports; it goes before the bands. */
  shortestS?: number;
  /** Longest time between two reports while the sensor gives values. */
  heartbeatS?: number;
}

/** One alarm on the filtered value. */
export interface AlarmDescription {
  /** Raised above this value; or else `below`. */
  above?: number;
  /** Raised below this value; or else `above`. */
  below?: number;
  /** Cleared beyond this value, on the other side of the threshold that raises. */
  clear: number;
  /** How long the value must stay above (or below) to raise; 0 when left out. */
  raiseDelayS?: number;
  /** How long the value must stay cleared; 0 when left out. */
  clearDelayS?: number;
  /** `info`, `warning` (when left out) or `critical`. */
  severity?: string;
  /** The parts of the day in which it applies: `day`, `evening`, `night`; all when left out. */
  during?: string[];
}

/** Figures of the filtered value over windows that follow each other. */
export interface StatisticsDescription {
  /** Length of a window, 1 s to a day. */
  windowS: number;
  /** Whether the mean is that of the energy: for levels in decibels. */
  energyMean?: boolean;
}

/** Something wrong in a description: `path` names it, `reason` says what was expected. */
export interface ChainProblem {
  path: string;
  reason: string;
}

/** Alarms of one chain at most. */
export const ALARMS_MAX = 4;
/** Points of a calibration at most. */
export const CALIBRATION_POINTS_MAX = 5;
/** Samples in a window at most. */
export const WINDOW_MAX = 15;
/** No quantity of a street pole comes near; beyond it squares and sums lose their meaning. */
export const LARGEST_VALUE = 1e15;

/** Severities of an alarm, ascending. */
export const SEVERITIES: string[] = ["info", "warning", "critical"];

/** The parts of the day in the order of the bits of a `DayPart` set. */
export const DAY_PARTS: string[] = ["day", "evening", "night"];
