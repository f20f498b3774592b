import { driverConversionsCases } from "../shared/driverConversions.cases";
import { testInBothWorlds } from "../support/sharedCases";

testInBothWorlds(
  "conversions of the drivers",
  driverConversionsCases,
  "test/vm/driverConversions.main.ts",
);
