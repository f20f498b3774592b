/** What became of a sample: the bits of what `FilterChain.accept` returns. */
export enum Outcome {
  /** It is plausible; its filtered value is in `value`. */
  Accepted = 1,
  /** It is implausible or no number, and was only counted. */
  Rejected = 2,
  /** `reportValue` at `reportTimeS` is to be published. */
  Report = 4,
  /** `earlierValue` at `earlierTimeS` is to be published before that report. */
  EarlierReport = 8,
  /** `alarms.changed` says which alarms were raised or cleared at `value` and `timeS`. */
  Alarm = 16,
  /** A window of the statistics is over; `statistics` has its figures. */
  Statistics = 32,
}
