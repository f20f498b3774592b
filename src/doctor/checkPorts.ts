import { accessSync, constants } from "node:fs";
import { portKind, type PortFacts } from "../flash/serialPorts";
import { failed, ok, skipped, type Check } from "./check";

/** What the checks of serial ports ask the computer. */
export interface PortWorld {
  list(): Promise<PortFacts[]>;
  /** @throws what `fs.access` throws, when this user may not read and write the port */
  access(path: string): void;
  readonly platform: NodeJS.Platform;
}

/** A port is opened for reading and writing. */
export function accessPort(path: string): void {
  accessSync(path, constants.R_OK | constants.W_OK);
}

/**
 * Whether a board is seen, and may be talked to. A missing driver shows as a board that is
 * plugged in and not seen: Linux and macOS bring the drivers of all common bridges, Windows
 * fetches them.
 */
export async function checkPorts({ list, access, platform }: PortWorld): Promise<Check[]> {
  let ports: PortFacts[];
  try {
    ports = await list();
  } catch (error) {
    return [
      failed(
        "driver",
        `serial ports cannot be listed: ${(error as Error).message}`,
        "install Streetnode's packages again: npm ci",
      ),
    ];
  }
  const boards = ports.filter((port) => portKind(port).board !== undefined);
  if (boards.length === 0)
    return [
      skipped(
        "driver",
        "no board is plugged in",
        `plug one in and try again; ${UNSEEN[platform] ?? UNSEEN.linux}`,
      ),
      skipped("port", "no board is plugged in"),
    ];
  const seen = boards.map((port) => `${port.path} (${portKind(port).name})`).join(", ");
  const locked = boards.flatMap(({ path }) => {
    try {
      access(path);
      return [];
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      return [`${path}: ${code === "EACCES" ? "no permission" : code}`];
    }
  });
  return [
    ok("driver", seen),
    // On Windows every user may open a serial port.
    locked.length === 0 || platform === "win32"
      ? ok("port", "may be read and written")
      : failed(
          "port",
          locked.join(", "),
          "sudo usermod -aG dialout $USER (Arch: uucp), then log out and in again",
        ),
  ];
}

const UNSEEN: Partial<Record<NodeJS.Platform, string>> & { readonly linux: string } = {
  linux:
    "if it is not seen then: use a cable with data wires, and look at dmesg; brltty takes CH340 bridges away (sudo apt remove brltty)",
  darwin: "if it is not seen then: use a cable with data wires, and allow the accessory",
  win32:
    "if it is not seen then: use a cable with data wires, and install the bridge's driver (CP210x: Silicon Labs, CH340: WCH)",
};
