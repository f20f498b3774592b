import { FlashError } from "./flashError";
import { openingError, type OpenPort, type PortFacts, type SerialAccess } from "./serialPorts";

/** Options of `open` in the Web Serial API that are used. */
interface WebSerialOptions {
  baudRate: number;
}

/** Control lines of the Web Serial API; one that is not named stays as it is. */
interface WebSerialSignals {
  dataTerminalReady?: boolean;
  requestToSend?: boolean;
  break?: boolean;
}

/**
 * A serial port of Node as esptool-js wants it: the `SerialPort` of the Web Serial API
 * (https://wicg.github.io/serial/), over the `serialport` library. `setBaudRate` is esptool-js's
 * own addition to it.
 */
export class WebSerialPort {
  readable: ReadableStream<Uint8Array> | null = null;
  writable: WritableStream<Uint8Array> | null = null;
  readonly #access: SerialAccess;
  readonly #facts: PortFacts;
  #port: OpenPort | undefined;
  #dtr = false;
  #rts = false;
  #lost = false;

  constructor(access: SerialAccess, facts: PortFacts) {
    this.#access = access;
    this.#facts = facts;
  }

  /** Whether the device went away while the port was open. */
  get lost(): boolean {
    return this.#lost;
  }

  getInfo(): { usbVendorId?: number; usbProductId?: number } {
    const { vendorId, productId } = this.#facts;
    if (vendorId === undefined || productId === undefined) return {};
    return {
      usbVendorId: Number.parseInt(vendorId, 16),
      usbProductId: Number.parseInt(productId, 16),
    };
  }

  /** @throws FlashError when the port cannot be opened. */
  async open({ baudRate }: WebSerialOptions): Promise<void> {
    const path = this.#facts.path;
    const port = await this.#access.open(path, baudRate).catch((error: Error) => {
      throw openingError(path, error);
    });
    this.#port = port;
    let open = true;
    this.readable = new ReadableStream<Uint8Array>({
      start: (controller) => {
        const end = () => {
          if (open) controller.close();
          open = false;
        };
        port.on("data", (bytes: Buffer) => {
          if (open) controller.enqueue(new Uint8Array(bytes));
        });
        port.once("close", (error?: Error) => {
          if (error) this.#lost = true;
          end();
        });
        port.on("error", () => {
          this.#lost = true;
          end();
        });
      },
      cancel: () => {
        open = false;
      },
    });
    this.writable = new WritableStream<Uint8Array>({
      write: (bytes) =>
        new Promise((resolve, reject) => {
          if (!port.isOpen) reject(this.#gone());
          else
            port.write(Buffer.from(bytes), (error) => {
              if (error) {
                this.#lost = true;
                reject(this.#gone());
              } else resolve();
            });
        }),
    });
  }

  async close(): Promise<void> {
    const port = this.#port;
    this.#port = undefined;
    this.readable = null;
    this.writable = null;
    if (!port?.isOpen) return;
    await new Promise<void>((resolve) => port.close(() => resolve()));
  }

  async setSignals(signals: WebSerialSignals): Promise<void> {
    this.#dtr = signals.dataTerminalReady ?? this.#dtr;
    this.#rts = signals.requestToSend ?? this.#rts;
    const port = this.#port;
    if (!port?.isOpen) throw this.#gone();
    await new Promise<void>((resolve, reject) => {
      port.set({ dtr: this.#dtr, rts: this.#rts, brk: signals.break ?? false }, (error) => {
        if (error) reject(this.#gone());
        else resolve();
      });
    });
  }

  /** Changes the rate of the open port. */
  async setBaudRate(baudRate: number): Promise<void> {
    const port = this.#port;
    if (!port?.isOpen) throw this.#gone();
    await new Promise<void>((resolve, reject) => {
      port.update({ baudRate }, (error) => (error ? reject(error) : resolve()));
    });
  }

  #gone(): FlashError {
    this.#lost = true;
    return new FlashError("unplugged", `${this.#facts.path}: the board was unplugged`);
  }
}
