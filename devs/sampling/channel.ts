/** Plausible range, deadband and heartbeat of a channel. */
export interface ChannelRule {
  periodS: number;
  min: number;
  max: number;
  deadband: number;
  heartbeatS: number;
}

/** What became of a sample. */
export enum SampleOutcome {
  Rejected,
  Kept,
  Report,
}

/** The filter of one metric: an implausible sample is rejected, a dull one kept back. */
export class Channel {
  private readonly rule: ChannelRule;
  private reported = NaN;
  private reportedS = 0;

  constructor(rule: ChannelRule) {
    this.rule = rule;
  }

  /** Takes a sample and says whether it is to be reported. */
  accept(value: number, timeS: number): SampleOutcome {
    if (!(value >= this.rule.min && value <= this.rule.max)) return SampleOutcome.Rejected;
    const near = Math.abs(value - this.reported) <= this.rule.deadband;
    if (near && timeS - this.reportedS < this.rule.heartbeatS) return SampleOutcome.Kept;
    this.reported = value;
    this.reportedS = timeS;
    return SampleOutcome.Report;
  }
}
