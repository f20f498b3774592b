import { describe, expect, it } from "vitest";
import { I2cStatus, VirtualI2cBus } from "../../../src/sim/chips/virtualBus";
import { VirtualVeml7700 } from "../../../src/sim/chips/virtualVeml7700";
import { VirtualSen5x } from "../../../src/sim/chips/virtualSen5x";
import { StillWorld } from "../../support/chipScript";

const world = new StillWorld({ illuminance: 100 });
const NOTHING = Uint8Array.of();

describe("virtual I2C bus", () => {
  it("acknowledges only addresses with a chip", () => {
    const bus = new VirtualI2cBus().attach(new VirtualVeml7700(world));
    expect(bus.transaction(0x10, NOTHING, 0, 0).status).toBe(I2cStatus.ok);
    expect(bus.transaction(0x11, NOTHING, 0, 0).status).toBe(I2cStatus.addressNotAcknowledged);
  });

  it("tells a refused byte from a refused address", () => {
    const bus = new VirtualI2cBus().attach(new VirtualVeml7700(world));
    expect(bus.transaction(0x10, Uint8Array.of(0x40), 2, 0).status).toBe(
      I2cStatus.dataNotAcknowledged,
    );
  });

  it("lets nothing through while a line is held low", () => {
    const culprit = new VirtualSen5x(world);
    const bus = new VirtualI2cBus().attach(new VirtualVeml7700(world)).attach(culprit);
    culprit.faults.set({ busStuck: true }, 0);
    expect(bus.transaction(0x10, Uint8Array.of(7), 2, 0)).toEqual({
      status: I2cStatus.noBus,
      data: NOTHING,
    });
    culprit.faults.clear();
    expect([...bus.transaction(0x10, Uint8Array.of(7), 2, 0).data]).toEqual([0x81, 0xc4]);
  });

  it("refuses two chips at one address, and reserved addresses", () => {
    const bus = new VirtualI2cBus().attach(new VirtualVeml7700(world));
    expect(() => bus.attach(new VirtualVeml7700(world))).toThrow(
      "veml7700 and veml7700 both have I2C address 0x10",
    );
    class Reserved extends VirtualVeml7700 {
      override readonly address = 0x03;
    }
    expect(() => new VirtualI2cBus().attach(new Reserved(world))).toThrow("0x3 is reserved");
  });

  it("finds chips by their names", () => {
    const chip = new VirtualSen5x(world);
    const bus = new VirtualI2cBus().attach(new VirtualVeml7700(world)).attach(chip);
    expect(bus.chip("sen55")).toBe(chip);
    expect(bus.chip("sen54")).toBeUndefined();
    expect(bus.chips.map((c) => c.name)).toEqual(["veml7700", "sen55"]);
  });
});
