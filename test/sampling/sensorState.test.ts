import { sensorStateCases } from "../shared/sensorState.cases";
import { testInBothWorlds } from "../support/sharedCases";

testInBothWorlds("sensor state", sensorStateCases, "test/vm/sensorState.main.ts");
