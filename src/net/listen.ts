import type { AddressInfo, Server } from "node:net";

/** A port is taken by another program. */
export class PortTakenError extends Error {
  override readonly name = "PortTakenError";
  readonly port: number;

  constructor(port: number) {
    super(`port ${port} is taken by another program`);
    this.port = port;
  }
}

/** What to do about a port that is taken. */
export interface ListenOptions {
  /** Ports after the wanted one that may be taken instead, in order; none by default. */
  readonly alternatives?: number;
}

const PORT_MAX = 65535;

/**
 * Makes a server listen.
 *
 * @param port 1 to 65535, or 0 for any free port.
 * @returns the port that it listens at.
 * @throws PortTakenError naming `port` when it and all its alternatives are taken.
 */
export async function listen(
  server: Server,
  host: string,
  port: number,
  options: ListenOptions = {},
): Promise<number> {
  const last = port === 0 ? 0 : Math.min(port + (options.alternatives ?? 0), PORT_MAX);
  for (let candidate = port; candidate <= last; candidate++) {
    try {
      await listenOnce(server, host, candidate);
      return (server.address() as AddressInfo).port;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE") throw error;
    }
  }
  throw new PortTakenError(port);
}

function listenOnce(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (error: Error) => {
      server.off("listening", succeeded);
      reject(error);
    };
    const succeeded = () => {
      server.off("error", failed);
      resolve();
    };
    server.once("error", failed);
    server.once("listening", succeeded);
    server.listen(port, host);
  });
}
