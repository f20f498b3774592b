/**
 * The description of a filter chain, as it stands in a node's configuration. Every
 * stage is optional; they run in the order of the fields here. Values are in the
 * metric's unit, times in seconds.
 */
export interface ChainDescription {
  range?: RangeDescription;
  report?: ReportDescription;
}

/** A sample outside is implausible: it is counted and not passed on. */
export interface RangeDescription {
  min?: number;
  max?: number;
}

/** When a value is published. With none of its fields every sample is. */
export interface ReportDescription {
  /** Change since the last report that makes a new one, in the metric's unit. */
  deadband?: number;
  /** Longest time between two reports while the sensor gives values. */
  heartbeatS?: number;
}

/** Something wrong in a description: `path` names it, `reason` says what was expected. */
export interface ChainProblem {
  path: string;
  reason: string;
}
