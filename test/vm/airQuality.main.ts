import { airQualityCases } from "../shared/airQuality.cases";
import { reportCases } from "./caseReporter";

await reportCases(airQualityCases);
