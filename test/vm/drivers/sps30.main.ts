import { Sps30 } from "../../../devs/drivers/sps30";
import { openBus } from "../../../devs/node/bus";
import { driveChip } from "./chipRig";

const bus = openBus();
await driveChip(new Sps30({ client: bus }), bus);
