import { filterChainCases } from "../shared/filterChain.cases";
import { reportCases } from "./caseReporter";

await reportCases(filterChainCases);
