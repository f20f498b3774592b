import { SerialPort } from "serialport";
import type { OpenPort, PortFacts, SerialAccess } from "../../../src/flash/serialPorts";
import type { EmulatedEsp } from "./emulatedEsp";

interface Plugged {
  readonly esp: EmulatedEsp;
  readonly facts: PortFacts;
  open: EmulatedPort | undefined;
}

/** A read or write that the closing of its port ended, as serialport's streams know it. */
function canceled(): Error {
  return Object.assign(new Error("canceled"), { canceled: true });
}

/** One open port: what `serialport` asks of the operating system. */
class EmulatedPort {
  isOpen = true;
  readonly openOptions: { path: string; baudRate: number };
  readonly #esp: EmulatedEsp;
  readonly #onClose: () => void;
  #arrived: Buffer[] = [];
  #reading: (() => void) | undefined;
  #lost = false;

  constructor(esp: EmulatedEsp, path: string, baudRate: number, onClose: () => void) {
    this.#esp = esp;
    this.#onClose = onClose;
    this.openOptions = { path, baudRate };
    esp.hostBaud = baudRate;
    esp.onOutput = (bytes) => {
      this.#arrived.push(Buffer.from(bytes));
      this.#reading?.();
    };
    // The operating system raises both lines when a port is opened.
    esp.setLines(true, true);
  }

  async read(buffer: Buffer, offset: number, length: number) {
    while (this.#arrived.length === 0) {
      if (!this.isOpen) throw canceled();
      if (this.#lost) throw new Error("bad file descriptor: the device is gone");
      await new Promise<void>((resolve) => (this.#reading = resolve));
      this.#reading = undefined;
    }
    const first = this.#arrived[0];
    const bytesRead = first.copy(buffer, offset, 0, length);
    if (bytesRead === first.length) this.#arrived.shift();
    else this.#arrived[0] = first.subarray(bytesRead);
    return { buffer, bytesRead };
  }

  async write(buffer: Buffer): Promise<void> {
    if (!this.isOpen) throw canceled();
    if (this.#lost) throw new Error("input/output error: the device is gone");
    this.#esp.receive(Uint8Array.from(buffer));
  }

  async update({ baudRate }: { baudRate: number }): Promise<void> {
    this.#esp.hostBaud = baudRate;
  }

  async set({ dtr = true, rts = true }: { dtr?: boolean; rts?: boolean }): Promise<void> {
    if (this.#lost) throw new Error("input/output error: the device is gone");
    this.#esp.setLines(dtr, rts);
  }

  async get() {
    return { cts: false, dsr: false, dcd: false };
  }

  async getBaudRate() {
    return { baudRate: this.#esp.hostBaud };
  }

  async flush(): Promise<void> {
    this.#arrived = [];
  }

  async drain(): Promise<void> {}

  async close(): Promise<void> {
    this.isOpen = false;
    this.#esp.onOutput = () => {};
    this.#onClose();
    this.#reading?.();
  }

  /** The device goes while the port is open. */
  lose(): void {
    this.#lost = true;
    this.#reading?.();
  }
}

/** The serial ports of a computer to which emulated boards are plugged. */
export class EmulatedPorts implements SerialAccess {
  readonly #plugged = new Map<string, Plugged>();
  /** Paths of ports that another program holds. */
  readonly inUse = new Set<string>();

  /** Plugs a board in; it starts. */
  plug(path: string, esp: EmulatedEsp, facts: Partial<PortFacts> = {}): void {
    const usb =
      esp.wiring === "usb"
        ? { vendorId: "303a", productId: "1001", serialNumber: esp.mac.toUpperCase() }
        : { vendorId: "10c4", productId: "ea60", manufacturer: "Silicon Labs" };
    this.#plugged.set(path, { esp, facts: { path, ...usb, ...facts }, open: undefined });
    esp.onUnplug = () => this.unplug(path);
    esp.powerOn();
  }

  /** Pulls a board's cable. */
  unplug(path: string): void {
    const plugged = this.#plugged.get(path);
    this.#plugged.delete(path);
    plugged?.esp.powerOff();
    plugged?.open?.lose();
  }

  /** A board goes from its port and shows up as another device, without losing its power. */
  reappear(path: string, facts: PortFacts): void {
    const plugged = this.#plugged.get(path);
    if (!plugged) return;
    this.#plugged.delete(path);
    plugged.open?.lose();
    this.#plugged.set(facts.path, { esp: plugged.esp, facts, open: undefined });
    plugged.esp.onUnplug = () => this.unplug(facts.path);
  }

  list(): Promise<PortFacts[]> {
    return Promise.resolve([...this.#plugged.values()].map(({ facts }) => facts));
  }

  open(path: string, baudRate: number): Promise<OpenPort> {
    const binding = {
      list: async () => [],
      open: async () => {
        const plugged = this.#plugged.get(path);
        if (!plugged) throw new Error(`No such file or directory, cannot open ${path}`);
        if (this.inUse.has(path) || plugged.open) throw new Error(`Cannot lock port ${path}`);
        plugged.open = new EmulatedPort(plugged.esp, path, baudRate, () => {
          plugged.open = undefined;
        });
        return plugged.open;
      },
    };
    return new Promise((resolve, reject) => {
      // serialport takes another binding than its own, though its types do not say so.
      const options = { path, baudRate, binding } as { path: string; baudRate: number };
      const port = new SerialPort(options, (error) => (error ? reject(error) : resolve(port)));
    });
  }
}
