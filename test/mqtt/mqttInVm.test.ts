import { describe, expect, it } from "vitest";
import { mqttCodecCases } from "../shared/mqttCodec.cases";
import { mqttSessionCases } from "../shared/mqttSession.cases";
import { testInBothWorlds } from "../support/sharedCases";
import { runCasesInVm } from "../vm/harness";

testInBothWorlds(
  "MQTT codec and session",
  async (t) => {
    await mqttCodecCases(t);
    await mqttSessionCases(t);
  },
  "test/vm/mqtt.main.ts",
);

describe("the decoder in the VM", () => {
  it("survives a hundred thousand random and mutated inputs", async () => {
    const results = await runCasesInVm("test/vm/mqttFuzz.main.ts");
    expect(results).toHaveLength(3);
    for (const { name, ok, detail } of results) expect(ok, `${name}: ${detail}`).toBe(true);
  }, 300_000);
});
