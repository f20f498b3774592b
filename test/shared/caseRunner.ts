/**
 * What a file of shared cases is given: the same cases run under Node (vitest) and,
 * as bytecode, inside the VM.
 */
export interface CaseRunner {
  /** Records one expectation; `detail` is printed when it failed. */
  check(name: string, ok: boolean, detail?: string): void;
  /** Yields, so that a long run of cases does not meet the VM's step limit. */
  pause(): Promise<void>;
}
