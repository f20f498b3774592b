import { Ina226 } from "../../../devs/drivers/ina226";
import { openBus } from "../../../devs/node/bus";
import { driveChip } from "./chipRig";

const bus = openBus();
await driveChip(new Ina226({ client: bus }), bus);
