import { logTailCases } from "../shared/logTail.cases";
import { testInBothWorlds } from "../support/sharedCases";

testInBothWorlds("the log's last lines", logTailCases, "test/vm/logTail.main.ts");
