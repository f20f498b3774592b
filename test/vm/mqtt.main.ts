import { mqttCodecCases } from "../shared/mqttCodec.cases";
import { mqttSessionCases } from "../shared/mqttSession.cases";
import { reportCases } from "./caseReporter";

await reportCases(async (t) => {
  await mqttCodecCases(t);
  await mqttSessionCases(t);
});
