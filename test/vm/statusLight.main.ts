import { statusLightCases } from "../shared/statusLight.cases";
import { reportCases } from "./caseReporter";

await reportCases(statusLightCases);
