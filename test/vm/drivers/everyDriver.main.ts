import { sleep } from "@devicescript/core";
import { AlphasenseNo2O3 } from "../../../devs/drivers/alphasenseNo2O3";
import { Bh1750 } from "../../../devs/drivers/bh1750";
import { Bme280 } from "../../../devs/drivers/bme280";
import { DbmMeter } from "../../../devs/drivers/dbmMeter";
import { Ina226 } from "../../../devs/drivers/ina226";
import { Pmsa003i } from "../../../devs/drivers/pmsa003i";
import { Scd41 } from "../../../devs/drivers/scd41";
import { Sen0232 } from "../../../devs/drivers/sen0232";
import { Sen5x } from "../../../devs/drivers/sen5x";
import type { SensorChip } from "../../../devs/drivers/sensorChip";
import { Sht4x } from "../../../devs/drivers/sht4x";
import { Sps30 } from "../../../devs/drivers/sps30";
import { Veml7700 } from "../../../devs/drivers/veml7700";
import { openBus } from "../../../devs/node/bus";
import { chosenDriver, driveChip } from "./chipRig";
import { DRIVER_NAMES } from "./driverNames";

const bus = openBus();

/** A thermometer for the gas cells, read by a fiber of its own as in the node. */
function thermometer(): SensorChip {
  const chip = new Sht4x({ client: bus });
  const readForEver = async () => {
    while (true) {
      try {
        await chip.read();
      } catch {
        // Its values are NaN then.
      }
      await sleep(3000);
    }
  };
  readForEver.start();
  return chip;
}

function driver(name: string): SensorChip {
  switch (name) {
    case "sps30":
      return new Sps30({ client: bus });
    case "scd41":
      return new Scd41({ client: bus, climate: true });
    case "sht4x":
      return new Sht4x({ client: bus });
    case "pmsa003i":
      return new Pmsa003i({ client: bus });
    case "bme280":
      return new Bme280({ client: bus });
    case "alphasense":
      return new AlphasenseNo2O3({
        client: bus,
        thermometer: thermometer(),
        settleMs: 60000,
        no2: { workingZeroMv: 225, auxiliaryZeroMv: 238, mvPerPpb: 0.27, no2MvPerPpb: 0 },
        ox: { workingZeroMv: 231, auxiliaryZeroMv: 229, mvPerPpb: 0.34, no2MvPerPpb: 0.3 },
      });
    case "sen0232":
      return new Sen0232({ client: bus });
    case "dbm":
      return new DbmMeter({ client: bus });
    case "veml7700":
      return new Veml7700({ client: bus });
    case "bh1750":
      return new Bh1750({ client: bus });
    case "ina226":
      return new Ina226({ client: bus });
    default:
      return new Sen5x({ client: bus });
  }
}

const chip = driver(DRIVER_NAMES[await chosenDriver(bus)]);
await sleep(100);
await driveChip(chip, bus);
