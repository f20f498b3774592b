import { filterChainCases } from "../shared/filterChain.cases";
import { filterCheckCases } from "../shared/filterCheck.cases";
import { filterGuaranteesCases } from "../shared/filterGuarantees.cases";
import { reportCases } from "./caseReporter";

await reportCases(async (t) => {
  await filterChainCases(t);
  await filterCheckCases(t);
  await filterGuaranteesCases(t);
});
