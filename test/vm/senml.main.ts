import { senmlCases } from "../shared/senml.cases";
import { reportCases } from "./caseReporter";

await reportCases(senmlCases);
