import { SEN0232_METER, VirtualAds1115 } from "../chips/virtualAds1115";
import { VirtualI2cBus } from "../chips/virtualBus";
import { VirtualIna226 } from "../chips/virtualIna226";
import { VirtualSen5x } from "../chips/virtualSen5x";
import { VirtualVeml7700 } from "../chips/virtualVeml7700";
import type { Surroundings } from "./surroundings";

/** The bus of a node as it is built: SEN55, VEML7700, INA226, and a SEN0232 on an ADS1115. */
export function streetPoleBus(surroundings: Surroundings): VirtualI2cBus {
  return new VirtualI2cBus()
    .attach(new VirtualSen5x(surroundings))
    .attach(new VirtualVeml7700(surroundings))
    .attach(new VirtualIna226(surroundings))
    .attach(new VirtualAds1115(surroundings, { name: "sen0232", sensors: [SEN0232_METER] }));
}
