import { Pmsa003i } from "../../../devs/drivers/pmsa003i";
import { openBus } from "../../../devs/node/bus";
import { driveChip } from "./chipRig";

const bus = openBus();
await driveChip(new Pmsa003i({ client: bus }), bus);
