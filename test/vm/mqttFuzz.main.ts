import { decoderFuzz } from "../shared/mqttFuzz";
import { reportCases } from "./caseReporter";

await reportCases(async (t) => {
  const result = await decoderFuzz(100000, 20260202, t.pause);
  t.check("inputs", result.inputs === 100000);
  t.check("packets", result.packets > 10000, "" + result.packets);
  t.check("problems", result.problems > 10000, "" + result.problems);
});
