import { checkChain } from "../../devs/filter/check";
import { FilterChain } from "../../devs/filter/chain";
import { Outcome } from "../../devs/filter/outcome";
import type { CaseRunner } from "./caseRunner";

/** One chain fed by hand, stage by stage. */
export async function filterChainCases(t: CaseRunner): Promise<void> {
  const chain = new FilterChain({
    range: { min: 0, max: 100 },
    report: { deadband: 2, heartbeatS: 60 },
  });
  const both = Outcome.Accepted | Outcome.Report;
  t.check("the first sample is reported", chain.accept(10, 0) === both);
  t.check("a small change is not", chain.accept(12, 10) === Outcome.Accepted);
  t.check("a greater one is", chain.accept(7.9, 20) === both && chain.reportValue === 7.9);
  t.check("below the range", chain.accept(-0.1, 30) === Outcome.Rejected);
  t.check("above the range", chain.accept(100.1, 30) === Outcome.Rejected);
  t.check("no number", chain.accept(NaN, 30) === Outcome.Rejected);
  t.check("infinite", chain.accept(Infinity, 30) === Outcome.Rejected);
  t.check("the rejected are counted", chain.rejected === 4 && chain.value === 7.9);
  for (let timeS = 30; timeS < 80; timeS += 10)
    t.check("before the heartbeat, " + timeS, chain.accept(8, timeS) === Outcome.Accepted);
  t.check("at the heartbeat", chain.accept(8, 80) === both);
  t.check("after a jump back", chain.accept(8, 5) === both && chain.reportTimeS === 5);
  t.check("at the same time", chain.accept(8, 5) === Outcome.Accepted);
  const bare = new FilterChain({});
  t.check(
    "without stages all is reported",
    bare.accept(1, 0) === both && bare.accept(1, 1) === both,
  );
  t.check("even so, an infinity is not", bare.accept(-Infinity, 2) === Outcome.Rejected);
  await t.pause();
  t.check("a good description", checkChain({ range: { min: 0 } }, "channels.pm25").length === 0);
}
