import { commandCases } from "../shared/commands.cases";
import { reportCases } from "./caseReporter";

await reportCases(commandCases);
