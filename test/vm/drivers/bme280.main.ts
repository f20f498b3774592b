import { Bme280 } from "../../../devs/drivers/bme280";
import { openBus } from "../../../devs/node/bus";
import { driveChip } from "./chipRig";

const bus = openBus();
await driveChip(new Bme280({ client: bus }), bus);
