import { DbmMeter } from "../../../devs/drivers/dbmMeter";
import { openBus } from "../../../devs/node/bus";
import { driveChip } from "./chipRig";

const bus = openBus();
await driveChip(new DbmMeter({ client: bus }), bus);
