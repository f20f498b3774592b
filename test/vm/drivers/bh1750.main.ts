import { Bh1750 } from "../../../devs/drivers/bh1750";
import { openBus } from "../../../devs/node/bus";
import { driveChip } from "./chipRig";

const bus = openBus();
await driveChip(new Bh1750({ client: bus }), bus);
