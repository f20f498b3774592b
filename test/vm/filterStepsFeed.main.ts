import { sleep } from "@devicescript/core";
import { spendSteps } from "./costMeter";

await spendSteps(
  400,
  () => 0,
  async () => {
    await sleep(0);
  },
);
