import { millis, sleep } from "@devicescript/core";
import { I2cBus } from "../../../devs/drivers/i2cBus";
import type { SensorChip } from "../../../devs/drivers/sensorChip";

/** Where the test's conductor sits on the bus; no chip of ours has this address. */
const CONDUCTOR_ADDRESS = 0x08;

const OP_END = 0;
const OP_START = 1;
const OP_READ = 2;
const OP_STOP = 3;
const OP_WAIT = 4;
const OP_SELF_TEST = 5;
const OP_PROBE = 6;

/** Index of the driver that the conductor wants in a program that has several: its first order. */
export async function chosenDriver(bus: I2cBus): Promise<number> {
  const order = await bus.xfer(CONDUCTOR_ADDRESS, Buffer.alloc(0), 4);
  console.log("= |0||");
  return order[3];
}

/**
 * Does with a driver what the conductor asks for, and prints a line for each:
 * `= CODE|MILLISECONDS|VALUE,VALUE,...|MESSAGE`, the code empty when nothing was thrown.
 */
export async function driveChip(chip: SensorChip, bus: I2cBus): Promise<void> {
  while (true) {
    const order = await bus.xfer(CONDUCTOR_ADDRESS, Buffer.alloc(0), 4);
    const op = order[0];
    if (op === OP_END) break;
    let code = "";
    let message = "";
    const fromMs = millis();
    try {
      if (op === OP_PROBE) await chip.probe();
      if (op === OP_START) await chip.start();
      if (op === OP_READ) await chip.read();
      if (op === OP_STOP) await chip.stop();
      if (op === OP_SELF_TEST) message = (await chip.selfTest()) ? "passed" : "none";
      if (op === OP_WAIT) await sleep((order[1] << 16) | (order[2] << 8) | order[3]);
    } catch (e) {
      const error = e as { code?: string; message: string };
      code = error.code || "thrown";
      message = error.message;
    }
    let values = "";
    for (const value of chip.values) values += (values ? "," : "") + value;
    console.log("= " + code + "|" + (millis() - fromMs) + "|" + values + "|" + message);
  }
  console.log("chip " + chip.chipName);
  console.log("serial " + chip.serialNumber);
  console.log("DONE");
}
