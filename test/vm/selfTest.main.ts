import { selfTestCases } from "../shared/selfTest.cases";
import { reportCases } from "./caseReporter";

await reportCases(selfTestCases);
