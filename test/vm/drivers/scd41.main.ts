import { Scd41 } from "../../../devs/drivers/scd41";
import { openBus } from "../../../devs/node/bus";
import { driveChip } from "./chipRig";

const bus = openBus();
await driveChip(new Scd41({ client: bus, climate: true }), bus);
