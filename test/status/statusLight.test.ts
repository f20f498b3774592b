import { statusLightCases } from "../shared/statusLight.cases";
import { testInBothWorlds } from "../support/sharedCases";

testInBothWorlds("the status light", statusLightCases, "test/vm/statusLight.main.ts");
