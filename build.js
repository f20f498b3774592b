import { cpSync } from "node:fs";
import { build } from "rolldown";
import { pageBundles } from "./src/web/page/bundles.js";

/** Copies the ready scenarios, the schema that an editor checks them with, and what reports plot with. */
const copyScenarios = {
  name: "copy-scenarios",
  writeBundle() {
    cpSync("src/sim/scenarios", "dist/scenarios", { recursive: true });
    cpSync("src/sim/scenario/scenario.schema.json", "dist/scenarios/scenario.schema.json");
    // Reports hold their own copy of it.
    for (const file of ["uPlot.iife.min.js", "uPlot.min.css"])
      cpSync(`node_modules/uplot/dist/${file}`, `dist/report/${file}`);
  },
};

/** Bundles the command and the page into `dist/`; says nothing when all is well. */
await build([
  {
    input: {
      streetnode: "src/cli/main.ts",
      "check-firmware-types": "src/toolchain/checkFirmwareTypes.ts",
      "contract-docs": "src/contractDocs/main.ts",
      bench: "test/bench/main.ts",
      plots: "test/bench/plots.ts",
      "sim-worker": "src/sim/run/worker.ts",
    },
    platform: "node",
    plugins: [copyScenarios],
    external: (id) => !id.startsWith(".") && !id.startsWith("/"),
    output: {
      dir: "dist",
      format: "esm",
      chunkFileNames: "chunks/[name]-[hash].js",
      sourcemap: true,
    },
  },
  ...pageBundles("dist/web"),
]);
