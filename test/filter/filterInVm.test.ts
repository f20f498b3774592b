import { filterChainCases } from "../shared/filterChain.cases";
import { filterCheckCases } from "../shared/filterCheck.cases";
import { filterGuaranteesCases } from "../shared/filterGuarantees.cases";
import { testInBothWorlds } from "../support/sharedCases";

testInBothWorlds(
  "filter chain",
  async (t) => {
    await filterChainCases(t);
    await filterCheckCases(t);
    await filterGuaranteesCases(t);
  },
  "test/vm/filter.main.ts",
);
