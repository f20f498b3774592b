import { describe, expect, it } from "vitest";
import { configurationFrom } from "../../src/cli/configurationOption";

describe("--set", () => {
  it("takes the address of a chip as it is printed on boards", () => {
    expect(configurationFrom(["sensors.bme280.i2cAddress=0x77"])).toEqual({
      sensors: { bme280: { i2cAddress: 119 } },
    });
  });

  it("names the address that a part cannot have", () => {
    expect(() => configurationFrom(["sensors.sht4x.i2cAddress=0x47"])).toThrow(
      "--set: sensors.sht4x.i2cAddress: must be a whole number from 68 to 70, got 71",
    );
  });
});
