import { defineConfig } from "vitest/config";

/** Proofs of updates over the air that take too long for every run. */
export default defineConfig({
  test: {
    include: ["test/ota/rollout.test.ts", "test/ota/roughRollout.test.ts"],
    env: { STREETNODE_PROOF_NODES: "200" },
    maxWorkers: 2,
  },
});
