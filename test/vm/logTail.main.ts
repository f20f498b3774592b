import { logTailCases } from "../shared/logTail.cases";
import { reportCases } from "./caseReporter";

await reportCases(logTailCases);
