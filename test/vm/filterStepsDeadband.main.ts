import { sleep } from "@devicescript/core";
import { createChain } from "../../devs/filter/createChain";
import { spendSteps } from "./costMeter";
import { RANGE_AND_DEADBAND } from "./filterChains";

const chain = createChain(RANGE_AND_DEADBAND);
await spendSteps(
  400,
  (value, timeS) => chain.accept(value, timeS),
  async () => {
    await sleep(0);
  },
);
