import { sleep } from "@devicescript/core";
import type { CaseRunner } from "../shared/caseRunner";

/** Prints each expectation on a line, for the harness to read. */
class CaseReporter implements CaseRunner {
  check(name: string, ok: boolean, detail?: string): void {
    console.log((ok ? "ok " : "FAIL ") + name + (ok || !detail ? "" : " | " + detail));
  }

  async pause(): Promise<void> {
    await sleep(0);
  }
}

/** Runs shared cases and says when they are over. */
export async function reportCases(cases: (t: CaseRunner) => Promise<void>): Promise<void> {
  await cases(new CaseReporter());
  console.log("DONE");
}
