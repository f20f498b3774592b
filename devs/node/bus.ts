import * as ds from "@devicescript/core";
import { I2C, I2CError } from "@devicescript/i2c";

/** Longest wait for the far side of the simulated bus; its slowest transaction takes 25 ms. */
const REPLY_TIMEOUT_MS = 500;
const CMD_TRANSACTION = 0x80;

/**
 * The I2C bus of a simulated node: each transaction goes out through the Jacdac I2C
 * service to the virtual bus, where the chips are modelled. Everything above it is
 * what runs on a board.
 */
class SimulatedI2C extends I2C {
  private readonly role = new ds.I2C();
  private readonly freed = ds.emitter<boolean>();
  private busy = false;
  private waiting: ds.Fiber | undefined;

  constructor() {
    super();
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

  /** As `I2C.xfer`; throws an I2CError with `NoI2C` when the far side is silent. */
  override async xfer(devAddr: number, writeBuf: Buffer, numRead?: number): Promise<Buffer> {
    while (this.busy) await ds.wait(this.freed, REPLY_TIMEOUT_MS);
    this.busy = true;
    try {
      this.waiting = ds.Fiber.self();
      await this.role.transaction(devAddr, numRead || 0, writeBuf);
      const reply = await ds.suspend<Buffer>(REPLY_TIMEOUT_MS);
      if (!reply) throw new I2CError("I2C: no reply", ds.I2CStatus.NoI2C);
      if (reply[0] !== 0) throw new I2CError("I2C error at " + devAddr, reply[0]);
      return reply.slice(1);
    } finally {
      this.waiting = undefined;
      this.busy = false;
      this.freed.emit(true);
    }
  }
}

/** The node's bus: the only place that asks whether the node is simulated. */
export function openBus(): I2C {
  return ds.isSimulator() ? new SimulatedI2C() : new I2C();
}
