import { SELF_TEST_LINE_MAX, failedCheck, selfTestReport } from "../../devs/contract/selfTest";
import type { CaseRunner } from "./caseRunner";

/** The self-test's report. */
export async function selfTestCases(t: CaseRunner): Promise<void> {
  t.check(
    "all is well",
    selfTestReport("bk-0001", ["sen5x", "ina226"]) ===
      'self-test {"pass":true,"node":"bk-0001","checks":["sen5x","ina226"]}',
  );
  t.check(
    "a failure",
    selfTestReport("bk-0001", ["sen5x", failedCheck("ina226", "no-answer")]) ===
      'self-test {"pass":false,"node":"bk-0001","checks":["sen5x","ina226=no-answer"]}',
  );
  t.check(
    "nothing to check",
    selfTestReport("bk-0001", []) === 'self-test {"pass":true,"node":"bk-0001","checks":[]}',
  );
  const checks: string[] = [];
  for (let i = 0; i < 20; i++) checks.push(failedCheck("check-" + i, "out-of-range"));
  const lines = selfTestReport("a2345678901234567890123", checks).split("\n");
  let longest = 0;
  let told = 0;
  let closing = 0;
  for (const line of lines) {
    longest = Math.max(longest, line.length);
    const part = JSON.parse(line.slice("self-test ".length)) as {
      pass?: boolean;
      checks: string[];
    };
    told += part.checks.length;
    if (part.pass === false) closing++;
  }
  t.check("no line is cut by a board", longest <= SELF_TEST_LINE_MAX, "" + longest);
  t.check("every check is told", told === 20, "" + told);
  t.check("one line closes it", closing === 1 && lines[lines.length - 1].includes("pass"));
}
