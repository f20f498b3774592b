/** One figure of ours, with that of the stock way beside it where there is one. */
export interface Figure {
  /** What it is; the same in every run, since baselines are compared by it. */
  readonly what: string;
  readonly ours: number;
  readonly stock?: number | undefined;
  readonly unit: string;
}
