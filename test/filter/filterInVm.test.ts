import { filterChainCases } from "../shared/filterChain.cases";
import { testInBothWorlds } from "../support/sharedCases";

testInBothWorlds("filter chain", filterChainCases, "test/vm/filter.main.ts");
