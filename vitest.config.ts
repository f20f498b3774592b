import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    setupFiles: ["test/support/propertySeed.ts"],
    // The machines this runs on may have two cores, and each worker compiles firmware.
    maxWorkers: 2,
    testTimeout: 120_000,
  },
});
