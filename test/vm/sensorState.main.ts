import { sensorStateCases } from "../shared/sensorState.cases";
import { reportCases } from "./caseReporter";

await reportCases(sensorStateCases);
