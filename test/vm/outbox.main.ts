import { outboxCases } from "../shared/outbox.cases";
import { reportCases } from "./caseReporter";

await reportCases(outboxCases);
