import { driverConversionsCases } from "../shared/driverConversions.cases";
import { reportCases } from "./caseReporter";

await reportCases(driverConversionsCases);
