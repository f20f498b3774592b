import { Sht4x } from "../../../devs/drivers/sht4x";
import { openBus } from "../../../devs/node/bus";
import { driveChip } from "./chipRig";

const bus = openBus();
await driveChip(new Sht4x({ client: bus }), bus);
