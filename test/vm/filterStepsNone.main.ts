import { sleep } from "@devicescript/core";
import { spendSteps } from "./costMeter";

await spendSteps(
  0,
  () => 0,
  async () => {
    await sleep(0);
  },
);
