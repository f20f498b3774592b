import { compactCodeCases } from "../shared/compactCode.cases";
import { reportCases } from "./caseReporter";

await reportCases(compactCodeCases);
