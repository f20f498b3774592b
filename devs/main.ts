import { sleep } from "@devicescript/core";
import { Ina226 } from "./drivers/ina226";
import { Sen0232 } from "./drivers/sen0232";
import { Sen5x } from "./drivers/sen5x";
import { Veml7700 } from "./drivers/veml7700";
import { openBus } from "./node/bus";
import { loadIdentity } from "./node/identity";
import { loadConfig } from "./node/nodeConfig";
import { StreetNode } from "./node/streetNode";

/** Pause between two lines that say what keeps the node from starting. */
const COMPLAIN_EVERY_MS = 10000;

/** Runs the node, or says on the console what keeps it from starting. */
async function main(): Promise<void> {
  try {
    const identity = await loadIdentity();
    const config = await loadConfig();
    const bus = openBus();
    const node = new StreetNode(identity, config, [
      { chip: new Sen5x({ client: bus }), frozenAfterMs: 600000 },
      { chip: new Veml7700({ client: bus }), frozenAfterMs: 0 },
      { chip: new Ina226({ client: bus }), frozenAfterMs: 0 },
      { chip: new Sen0232({ client: bus }), frozenAfterMs: 120000 },
    ]);
    await node.run();
  } catch (e) {
    while (true) {
      console.error("streetnode cannot start: " + (e as Error).message);
      await sleep(COMPLAIN_EVERY_MS);
    }
  }
}

await main();
