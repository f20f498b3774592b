import { topicsCases } from "../shared/topics.cases";
import { testInBothWorlds } from "../support/sharedCases";

testInBothWorlds("names and topics", topicsCases, "test/vm/topics.main.ts");
