import { Sen0232 } from "../../../devs/drivers/sen0232";
import { openBus } from "../../../devs/node/bus";
import { driveChip } from "./chipRig";

const bus = openBus();
await driveChip(new Sen0232({ client: bus }), bus);
