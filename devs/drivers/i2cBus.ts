/**
 * The I2C bus as the drivers see it. It is not the class of `@devicescript/i2c`, whose methods
 * for registers no driver uses: a program can have 64 KB of code.
 */
export interface I2cBus {
  /**
   * One transaction: writes, then reads `readCount` bytes after a repeated start.
   *
   * @throws BusError when it was not acknowledged
   */
  xfer(address: number, write: Buffer, readCount: number): Promise<Buffer>;
}

/** A transaction failed; `status` is that of the runtime's I2C (`ds.I2CStatus`). */
export class BusError extends Error {
  readonly status: number;

  constructor(status: number) {
    super("I2C status " + status);
    this.status = status;
  }
}
