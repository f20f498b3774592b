import { announcement, encodeFrame, type JacdacPacket } from "./jacdac";
import type { BusDevice } from "./vmHost";

/** Class of the Jacdac I2C service. */
const I2C_SERVICE_CLASS = 0x1c18ca43;
/** Command `transaction`: address, bytes to read, bytes to write. */
const CMD_TRANSACTION = 0x80;
/** The service's index on its device. */
const SERVICE_INDEX = 1;

/** Bits a byte takes on the bus: eight and the acknowledge. */
const BITS_PER_BYTE = 9;
/** Standard-mode I2C, the rate the boards are wired for. */
const BUS_HZ = 100_000;

/** An I2C bus with chips on it, as the service sees it. */
export interface I2cBus {
  /** Status as in the Jacdac I2C service: 0 is well, 1 the address was not acknowledged. */
  transaction(
    address: number,
    write: Uint8Array,
    readCount: number,
    nowMs: number,
  ): { status: number; data: Uint8Array };
}

/** A Jacdac device that carries out I2C transactions on a virtual bus. */
export class I2cService implements BusDevice {
  readonly device = "1c2c3c4c5c6c7c8c";
  readonly #announcement = announcement(this.device, [I2C_SERVICE_CLASS]);
  readonly #bus: I2cBus;
  readonly #nowMs: () => number;
  /** Transactions carried out. */
  transactions = 0;

  constructor(bus: I2cBus, nowMs: () => number) {
    this.#bus = bus;
    this.#nowMs = nowMs;
  }

  announcement(): Uint8Array {
    return this.#announcement;
  }

  handle(command: JacdacPacket, reply: (frame: Uint8Array, delayMs: number) => void): void {
    if (command.serviceIndex !== SERVICE_INDEX || command.command !== CMD_TRANSACTION) return;
    const [address = 0, readCount = 0] = command.payload;
    const write = command.payload.subarray(2);
    this.transactions++;
    const { status, data } = this.#bus.transaction(address, write, readCount, this.#nowMs());
    const payload = new Uint8Array(1 + data.length);
    payload[0] = status;
    payload.set(data, 1);
    const frame = encodeFrame({
      device: this.device,
      isCommand: false,
      serviceIndex: SERVICE_INDEX,
      command: CMD_TRANSACTION,
      payload,
    });
    const bytes = 1 + write.length + (readCount > 0 ? 1 + readCount : 0);
    reply(frame, Math.max(1, (bytes * BITS_PER_BYTE * 1000) / BUS_HZ));
  }
}
