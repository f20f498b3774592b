import { sleep } from "@devicescript/core";
import { spendMemory } from "./costMeter";

await spendMemory(
  1000,
  () => 0,
  async () => {
    await sleep(0);
  },
);
