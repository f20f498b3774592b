import type { SerialPort } from "serialport";
import { FlashError } from "./flashError";

/** What the operating system says of a serial port. */
export interface PortFacts {
  readonly path: string;
  readonly manufacturer?: string | undefined;
  readonly serialNumber?: string | undefined;
  /** USB identifiers, four hexadecimal digits each; undefined for a port that is no USB device. */
  readonly vendorId?: string | undefined;
  readonly productId?: string | undefined;
}

/** An open serial port: the part of `serialport` that is used here. */
export type OpenPort = Pick<
  SerialPort,
  "on" | "off" | "once" | "write" | "set" | "update" | "close" | "isOpen" | "path"
>;

/** The serial ports of a computer. */
export interface SerialAccess {
  list(): Promise<PortFacts[]>;
  open(path: string, baudRate: number): Promise<OpenPort>;
}

/** What a serial port leads to. */
export interface PortKind {
  /** Name for people. */
  readonly name: string;
  /**
   * Whether a board of this project can be behind it: `bridge` is a USB-to-serial chip on the
   * board, `chip` the ESP32's own USB.
   */
  readonly board: "bridge" | "chip" | undefined;
}

const ESPRESSIF_VENDOR = "303a";

/** USB vendors of the bridge chips on ESP32 boards. */
const BRIDGE_VENDORS: Readonly<Record<string, string>> = {
  "10c4": "Silicon Labs CP210x",
  "1a86": "WCH CH340 or CH910x",
  "0403": "FTDI",
  "067b": "Prolific PL2303",
};

/** Tells what a port leads to by its USB identifiers. */
export function portKind(facts: PortFacts): PortKind {
  const vendor = facts.vendorId?.toLowerCase();
  if (vendor === undefined) return { name: "not a USB device", board: undefined };
  if (vendor === ESPRESSIF_VENDOR) return { name: "USB of an ESP32-S3 or C3", board: "chip" };
  const bridge = BRIDGE_VENDORS[vendor];
  if (bridge !== undefined) return { name: `board with ${bridge}`, board: "bridge" };
  return { name: `USB device ${vendor}:${facts.productId ?? "?"}`, board: undefined };
}

/**
 * The serial ports of this computer. The library with its part in machine code is loaded when a
 * port is asked for: no other command depends on it.
 */
export const SERIAL_PORTS: SerialAccess = {
  async list() {
    const { SerialPort } = await import("serialport");
    const ports = await SerialPort.list();
    return ports.map((port) => ({
      ...port,
      // macOS lists the dial-in device, which waits for a carrier that never comes.
      path: port.path.replace("/dev/tty.", "/dev/cu."),
    }));
  },
  async open(path, baudRate) {
    const { SerialPort } = await import("serialport");
    return new Promise((resolve, reject) => {
      const port = new SerialPort({ path, baudRate }, (error) =>
        error ? reject(error) : resolve(port),
      );
    });
  },
};

/** Turns an error at opening a port into one line that says how to mend it. */
export function openingError(error: Error): FlashError {
  const text = error.message;
  if (/permission denied|EACCES/i.test(text))
    return new FlashError(
      "port-in-use",
      "no permission: add yourself to the port's group (dialout or uucp) and log in again",
    );
  if (/lock|busy|EBUSY|access (is )?denied/i.test(text))
    return new FlashError(
      "port-in-use",
      "another program holds it: close the serial monitor or the other flasher",
    );
  return new FlashError("no-port", "cannot be opened: is the board plugged in?");
}
