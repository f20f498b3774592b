import { cityClockCases } from "../shared/cityClock.cases";
import { reportCases } from "./caseReporter";

await reportCases(cityClockCases);
