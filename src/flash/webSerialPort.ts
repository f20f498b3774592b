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
  #released = false;
  #tellLost: (error: FlashError) => void = () => {};
  /** Is rejected when the device goes while the port is open. */
  readonly gone: Promise<never>;
  #listener: ((bytes: Uint8Array) => void) | undefined;

  constructor(access: SerialAccess, facts: PortFacts) {
    this.#access = access;
    this.#facts = facts;
    this.gone = new Promise((_, reject) => (this.#tellLost = reject));
    // Who waits for nothing need not hear of it.
    this.gone.catch(() => {});
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
    if (this.#released) throw new FlashError("no-port", "the port was let go of");
    const port = await this.#access.open(this.#facts.path, baudRate).catch((error: Error) => {
      throw openingError(error);
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
          if (this.#listener) this.#listener(bytes);
          else if (open) controller.enqueue(new Uint8Array(bytes));
        });
        port.once("close", (error?: Error) => {
          if (error) this.#gone();
          end();
        });
        port.on("error", () => {
          this.#gone();
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
              if (error) reject(this.#gone());
              else resolve();
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

  /** From now on what arrives goes to `listener` instead of `readable`. */
  listen(listener: (bytes: Uint8Array) => void): void {
    this.#listener = listener;
  }

  /** Changes the rate of the open port. */
  async setBaudRate(baudRate: number): Promise<void> {
    const port = this.#port;
    if (!port?.isOpen) throw this.#gone();
    await new Promise<void>((resolve, reject) => {
      port.update({ baudRate }, (error) => (error ? reject(error) : resolve()));
    });
  }

  /** Closes the port for good: what still runs on it cannot open it again. */
  release(): Promise<void> {
    this.#released = true;
    return this.close();
  }

  #gone(): FlashError {
    this.#lost = true;
    const error = new FlashError("unplugged", "the board was unplugged: plug it in again");
    this.#tellLost(error);
    return error;
  }
}
