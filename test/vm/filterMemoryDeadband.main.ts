import { sleep } from "@devicescript/core";
import { createChain } from "../../devs/filter/createChain";
import { spendMemory } from "./costMeter";
import { RANGE_AND_DEADBAND } from "./filterChains";

const chain = createChain(RANGE_AND_DEADBAND);
await spendMemory(
  1000,
  (value, timeS) => chain.accept(value, timeS),
  async () => {
    await sleep(0);
  },
);
