import { Veml7700 } from "../../../devs/drivers/veml7700";
import { openBus } from "../../../devs/node/bus";
import { driveChip } from "./chipRig";

const bus = openBus();
await driveChip(new Veml7700({ client: bus }), bus);
