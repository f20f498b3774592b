import { ConfigDocument, sensorConfig } from "../contract/config";
import { PART_COUNT, partName } from "../contract/parts";
import { AlphasenseNo2O3 } from "../drivers/alphasenseNo2O3";
import { Bh1750 } from "../drivers/bh1750";
import { Bme280 } from "../drivers/bme280";
import { DbmMeter } from "../drivers/dbmMeter";
import { I2cBus } from "../drivers/i2cBus";
import { Ina226 } from "../drivers/ina226";
import { Pmsa003i } from "../drivers/pmsa003i";
import { Scd41 } from "../drivers/scd41";
import { Sen0232 } from "../drivers/sen0232";
import { Sen5x } from "../drivers/sen5x";
import { SensorChip } from "../drivers/sensorChip";
import { SensorError } from "../drivers/sensorError";
import { Sht4x } from "../drivers/sht4x";
import { Sps30 } from "../drivers/sps30";
import { Veml7700 } from "../drivers/veml7700";
import { wordsOf } from "../drivers/words";

/** A chip that answered, or that answered on an earlier boot. */
export interface FoundPart {
  /** Index in `contract/parts.ts`. */
  readonly part: number;
  readonly chip: SensorChip;
  /** Whether it answered and is started. */
  readonly answers: boolean;
}

/** Tries to start a chip that answers, but not as it should: a spoilt answer is no wrong chip. */
const TRIES = 2;

/**
 * Looks for every part at its address, one after the other. Two parts with one address are
 * told apart by their start, which checks what answers. Drivers of parts that are not there
 * are let go of.
 *
 * @param remembered bits of the parts that answered on an earlier boot: those are kept
 *   although they are silent, unless another part has taken their address, or the
 *   configuration has switched them off.
 */
export async function findParts(
  bus: I2cBus,
  config: ConfigDocument,
  remembered: number,
): Promise<FoundPart[]> {
  const found: FoundPart[] = [];
  for (let part = 0; part < PART_COUNT; part++) {
    const chip = makePart(partName(part), bus, config, found);
    if (!chip) continue;
    if (isTaken(chip.address, found)) continue;
    const answers = await startsWell(chip);
    if (answers || remembered & (1 << part))
      found.push({ part: part, chip: chip, answers: answers });
  }
  return found.filter((one) => one.answers || !isTaken(one.chip.address, found));
}

async function startsWell(chip: SensorChip): Promise<boolean> {
  for (let i = 0; i < TRIES; i++) {
    try {
      await chip.start();
      return true;
    } catch (e) {
      const code = e instanceof SensorError ? e.code : "driver-error";
      if (code !== "bad-crc" && code !== "not-ready") return false;
    }
  }
  return false;
}

/** Whether a chip answers at that address. */
function isTaken(address: number, found: FoundPart[]): boolean {
  return found.some((one) => one.answers && one.chip.address === address);
}

/**
 * The driver of a part; undefined for one that is switched off, and where something is missing
 * that it needs.
 */
function makePart(
  name: string,
  bus: I2cBus,
  config: ConfigDocument,
  found: FoundPart[],
): SensorChip | undefined {
  const known = sensorConfig(config, name);
  if (known.on === false) return undefined;
  const thermometer = found.filter(
    (one) => wordsOf(one.chip.metrics).indexOf("temperature") >= 0,
  )[0];
  // Every driver takes what it knows of these.
  const options = {
    client: bus,
    address: known.i2cAddress,
    shuntOhm: known.shuntOhm,
    housing: name === "housing",
  };
  switch (name) {
    case "sht4x":
    case "housing":
      return new Sht4x(options);
    case "bme280":
      return new Bme280(options);
    case "sen55":
      return new Sen5x(options);
    case "sps30":
      return new Sps30(options);
    case "pmsa003i":
      return new Pmsa003i(options);
    case "scd41":
      return new Scd41(options);
    case "veml7700":
      return new Veml7700(options);
    case "bh1750":
      return new Bh1750(options);
    case "ina226":
      return new Ina226(options);
    case "sen0232":
      return new Sen0232(options);
    case "dbm":
      return new DbmMeter(options);
    case "alphasense":
      if (known.no2 && known.ox && thermometer)
        return new AlphasenseNo2O3({
          client: bus,
          address: known.i2cAddress,
          no2: known.no2,
          ox: known.ox,
          thermometer: thermometer.chip,
        });
  }
  return undefined;
}
