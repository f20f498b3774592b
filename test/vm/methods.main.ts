import { methodCases } from "../shared/methods.cases";
import { reportCases } from "./caseReporter";

await reportCases(methodCases);
