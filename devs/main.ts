import { sleep } from "@devicescript/core";
import { ConfigStore } from "./config/configStore";
import { Ina226 } from "./drivers/ina226";
import { Sen0232 } from "./drivers/sen0232";
import { Sen5x } from "./drivers/sen5x";
import { Veml7700 } from "./drivers/veml7700";
import { openBus } from "./node/bus";
import { loadIdentity } from "./node/identity";
import { loadConfig } from "./node/nodeConfig";
import { StreetNode } from "./node/streetNode";
import { SettingsStorage } from "./outbox/settingsStorage";

/** Pause between two lines that say what keeps the node from starting. */
const COMPLAIN_EVERY_MS = 10000;

/** Eight values with noise in their last digits: not one of them moves in so long only when none is measured. */
const SEN55_FROZEN_MS = 600000;
/** A street's level changes by a step of the converter, 0.006 dB, with every sample. */
const SEN0232_FROZEN_MS = 120000;

/** The node with its chips. The configuration is let go of here: it takes a kilobyte of the heap. */
async function assemble(): Promise<StreetNode> {
  const store = new ConfigStore(new SettingsStorage());
  await store.open();
  const config = await loadConfig(store);
  const bus = openBus();
  const node = new StreetNode(await loadIdentity(), config);
  node.sensing.addChip(new Sen5x({ client: bus }), SEN55_FROZEN_MS, config);
  node.sensing.addChip(new Veml7700({ client: bus }), 0, config);
  node.sensing.addChip(new Ina226({ client: bus }), 0, config);
  node.sensing.addChip(new Sen0232({ client: bus }), SEN0232_FROZEN_MS, config);
  return node;
}

/** Runs the node, or says on the console what keeps it from starting. */
async function main(): Promise<void> {
  try {
    const node = await assemble();
    await node.run();
  } catch (e) {
    while (true) {
      console.error("streetnode cannot start: " + (e as Error).message);
      await sleep(COMPLAIN_EVERY_MS);
    }
  }
}

await main();
