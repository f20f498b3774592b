import { sleep } from "@devicescript/core";
import { ConfigStore } from "./config/configStore";
import { openBus } from "./node/bus";
import { loadIdentity } from "./node/identity";
import { isSafeMode, openLife } from "./node/life";
import { loadConfig } from "./node/nodeConfig";
import { StreetNode } from "./node/streetNode";
import { SettingsStorage } from "./outbox/settingsStorage";

/** Pause between two lines that say what keeps the node from starting. */
const COMPLAIN_EVERY_MS = 10000;

let node: StreetNode | undefined;

/** Makes the node, with its chips. The configuration is let go of here: it takes a kilobyte of the heap. */
async function assemble(): Promise<StreetNode> {
  await openLife();
  const store = new ConfigStore(new SettingsStorage());
  await store.open();
  if (isSafeMode()) console.error("safe mode: the program crashed again and again");
  const config = isSafeMode() ? {} : await loadConfig(store);
  node = new StreetNode(await loadIdentity(), store, config);
  if (!isSafeMode()) await node.sensing.findChips(openBus(), config);
  return node;
}

/** Runs the node, or says on the console what keeps it from starting. */
async function main(): Promise<void> {
  try {
    const assembled = await assemble();
    await assembled.run();
  } catch (e) {
    while (true) {
      console.error("streetnode cannot start: " + (e as Error).message);
      await sleep(COMPLAIN_EVERY_MS);
    }
  }
}

await main();
