import { InputError } from "../inputError";
import { PortTakenError } from "../net/listen";

/** Ports after the usual one that are tried when it is taken and none was asked for. */
const ALTERNATIVES = 20;

/** The usual port of the pages. */
export const PAGE_PORT = 8080;

/** Where to listen. */
export interface PortWish {
  readonly port: number;
  readonly alternatives: number;
}

/**
 * Listens on the port that was asked for, and says so when it is taken; without one, on
 * the usual port or the next free one, and says which.
 */
export async function listenOnPort<T extends number | { port: number }>(
  option: string,
  asked: number | undefined,
  usual: number,
  start: (wish: PortWish) => Promise<T>,
): Promise<T> {
  try {
    const started = await start({
      port: asked ?? usual,
      alternatives: asked === undefined ? ALTERNATIVES : 0,
    });
    const port = typeof started === "number" ? started : started.port;
    if (port !== (asked ?? usual))
      console.log(`Port ${usual} is taken by another program, using ${port} (${option} sets it).`);
    return started;
  } catch (error) {
    if (error instanceof PortTakenError)
      throw new InputError(`${option}: ${error.message}; choose another one`);
    throw error;
  }
}
