import { noiseWindowCases } from "../shared/noiseWindow.cases";
import { reportCases } from "./caseReporter";

await reportCases(noiseWindowCases);
