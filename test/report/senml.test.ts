import { senmlCases } from "../shared/senml.cases";
import { testInBothWorlds } from "../support/sharedCases";

testInBothWorlds("SenML text", senmlCases, "test/vm/senml.main.ts");
