import { ALPHASENSE_CELLS, SIMULATED_CELLS } from "../../src/sim/chips/alphasenseCells";
import { SEN0232_METER, VirtualAds1115 } from "../../src/sim/chips/virtualAds1115";
import { VirtualBh1750 } from "../../src/sim/chips/virtualBh1750";
import { VirtualBme280 } from "../../src/sim/chips/virtualBme280";
import { VirtualI2cBus } from "../../src/sim/chips/virtualBus";
import { VirtualDbmMeter } from "../../src/sim/chips/virtualDbmMeter";
import { VirtualIna226 } from "../../src/sim/chips/virtualIna226";
import { VirtualPmsa003i } from "../../src/sim/chips/virtualPmsa003i";
import { VirtualScd41 } from "../../src/sim/chips/virtualScd41";
import { VirtualSen5x } from "../../src/sim/chips/virtualSen5x";
import { VirtualSht4x } from "../../src/sim/chips/virtualSht4x";
import { VirtualVeml7700 } from "../../src/sim/chips/virtualVeml7700";
import type { Surroundings } from "../../src/sim/world/surroundings";

/** Where some of the chips are strapped: not where the firmware looks without being told. */
const BME280_AT = 0x77;
const BH1750_AT = 0x5c;
const DBM_AT = 0x4a;

/**
 * Twelve chips: one of each kind but the SPS30, whose only address is that of the SEN55, and a
 * second SHT4x, in the housing.
 */
export function fullBus(world: Surroundings): VirtualI2cBus {
  return new VirtualI2cBus()
    .attach(new VirtualSht4x(world))
    .attach(new VirtualSht4x(world, 0x45, true))
    .attach(new VirtualBme280(world, BME280_AT))
    .attach(new VirtualSen5x(world))
    .attach(new VirtualPmsa003i(world))
    .attach(new VirtualScd41(world))
    .attach(new VirtualVeml7700(world))
    .attach(new VirtualBh1750(world, BH1750_AT))
    .attach(new VirtualIna226(world))
    .attach(new VirtualAds1115(world, { name: "sen0232", sensors: [SEN0232_METER] }))
    .attach(new VirtualDbmMeter(world, DBM_AT))
    .attach(
      new VirtualAds1115(world, { name: "alphasense", address: 0x49, sensors: ALPHASENSE_CELLS }),
    );
}

/** The configuration that those chips need. */
export const FULL_BUS_CONFIGURATION = {
  sensors: {
    bme280: { i2cAddress: BME280_AT },
    bh1750: { i2cAddress: BH1750_AT },
    dbm: { i2cAddress: DBM_AT },
    alphasense: SIMULATED_CELLS,
  },
};
