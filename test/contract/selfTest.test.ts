import { selfTestCases } from "../shared/selfTest.cases";
import { testInBothWorlds } from "../support/sharedCases";

testInBothWorlds("the self-test's report", selfTestCases, "test/vm/selfTest.main.ts");
