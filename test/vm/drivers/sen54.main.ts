import { Sen5x } from "../../../devs/drivers/sen5x";
import { openBus } from "../../../devs/node/bus";
import { driveChip } from "./chipRig";

const bus = openBus();
await driveChip(new Sen5x({ client: bus }), bus);
