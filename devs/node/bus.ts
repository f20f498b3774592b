import * as ds from "@devicescript/core";
import { BusError, I2cBus } from "../drivers/i2cBus";

/** Longest wait for the far side of the simulated bus; its slowest transaction takes 25 ms. */
const REPLY_TIMEOUT_MS = 500;
const CMD_TRANSACTION = 0x80;

/** A fiber that finds the simulated bus busy looks again so soon. */
const BUSY_POLL_MS = 2;

/** What the runtime offers beneath its own I2C package. */
interface RuntimeI2c {
  _i2cTransaction(address: number, write: Buffer, read?: Buffer): Promise<number>;
}

/**
 * The I2C bus: of a board, on the pins that its configuration names; of a simulated node,
 * where each transaction goes out through the Jacdac I2C service to the virtual bus on which
 * the chips are modelled. Everything above it is what runs on a board.
 */
class NodeBus implements I2cBus {
  /** The service of the simulated bus; undefined on a board. */
  private readonly role: ds.I2C | undefined = undefined;
  private busy = false;
  private waiting: ds.Fiber | undefined;

  constructor() {
    if (!ds.isSimulator()) return;
    this.role = new ds.I2C();
    const self = this;
    // In place of `report().subscribe`, which starts a second fiber for each packet.
    ds.I2C.prototype._onPacket = async function (packet: ds.Packet | undefined) {
      const fiber = self.waiting;
      // The bus shows a sender its own commands too.
      if (!fiber || !packet || !packet.isReport) return;
      if (packet.serviceCommand !== CMD_TRANSACTION) return;
      self.waiting = undefined;
      if (fiber.suspended) fiber.resume(packet.payload);
    };
  }

  async xfer(address: number, write: Buffer, readCount: number): Promise<Buffer> {
    if (this.role) return await this.simulated(this.role, address, write, readCount);
    const read = Buffer.alloc(readCount);
    const runtime = ds as unknown as RuntimeI2c;
    const status = await runtime._i2cTransaction(address, write, readCount > 0 ? read : undefined);
    if (status !== 0) throw new BusError(status);
    return read;
  }

  /** A far side that is silent is a bus that does not work. */
  private async simulated(
    role: ds.I2C,
    address: number,
    write: Buffer,
    readCount: number,
  ): Promise<Buffer> {
    while (this.busy) await ds.sleep(BUSY_POLL_MS);
    this.busy = true;
    try {
      this.waiting = ds.Fiber.self();
      await role.transaction(address, readCount, write);
      const reply = await ds.suspend<Buffer>(REPLY_TIMEOUT_MS);
      if (!reply) throw new BusError(ds.I2CStatus.NoI2C);
      if (reply[0] !== 0) throw new BusError(reply[0] as number);
      return reply.slice(1);
    } finally {
      this.waiting = undefined;
      this.busy = false;
    }
  }
}

/** The node's bus: the only place that asks whether the node is simulated. */
export function openBus(): I2cBus {
  return new NodeBus();
}
