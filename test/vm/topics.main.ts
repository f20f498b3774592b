import { topicsCases } from "../shared/topics.cases";
import { reportCases } from "./caseReporter";

await reportCases(topicsCases);
