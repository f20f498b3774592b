import { sleep } from "@devicescript/core";
import { createChain } from "../../devs/filter/createChain";
import { spendMemory } from "./costMeter";
import { EVERY_STAGE } from "./filterChains";

const chain = createChain(EVERY_STAGE);
await spendMemory(
  1000,
  (value, timeS) => chain.accept(value, timeS),
  async () => {
    await sleep(0);
  },
);
