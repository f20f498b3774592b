import { configCases } from "../shared/config.cases";
import { testInBothWorlds } from "../support/sharedCases";

testInBothWorlds("configuration", configCases, "test/vm/config.main.ts");
