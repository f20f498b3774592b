import { configCases } from "../shared/config.cases";
import { reportCases } from "./caseReporter";

await reportCases(configCases);
