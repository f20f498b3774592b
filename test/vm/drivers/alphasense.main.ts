import { sleep } from "@devicescript/core";
import { AlphasenseNo2O3 } from "../../../devs/drivers/alphasenseNo2O3";
import { Sht4x } from "../../../devs/drivers/sht4x";
import { openBus } from "../../../devs/node/bus";
import { driveChip } from "./chipRig";

const bus = openBus();
const thermometer = new Sht4x({ client: bus });

/** As the node does: the thermometer is read by a fiber of its own. */
async function readThermometer(): Promise<void> {
  while (true) {
    try {
      await thermometer.read();
    } catch {
      // Its values are NaN then, which is what this test is about.
    }
    await sleep(10000);
  }
}

readThermometer.start();
await sleep(100);
await driveChip(
  new AlphasenseNo2O3({
    client: bus,
    thermometer: thermometer,
    no2: { workingZeroMv: 225, auxiliaryZeroMv: 238, mvPerPpb: 0.27, no2MvPerPpb: 0 },
    ox: { workingZeroMv: 231, auxiliaryZeroMv: 229, mvPerPpb: 0.34, no2MvPerPpb: 0.3 },
  }),
  bus,
);
