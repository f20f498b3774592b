import { journalCases } from "../shared/outboxJournal.cases";
import { reportCases } from "./caseReporter";

await reportCases(journalCases);
