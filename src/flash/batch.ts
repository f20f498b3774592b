import type { FlashOutcome } from "./flashBench";
import { pause } from "./pause";
import { portKind, type PortFacts, type SerialAccess } from "./serialPorts";

/** How often the ports are looked at; a board cannot be swapped faster by hand. */
const POLL_MS = 300;

/** What a batch works with. */
export interface BatchOptions {
  readonly access: SerialAccess;
  /** Only the board at this port. */
  readonly port?: string;
  /** Ends after so many boards were flashed. */
  readonly count?: number;
  readonly flash: (facts: PortFacts) => Promise<FlashOutcome>;
  /** Gets each outcome, and how many boards were flashed so far. */
  readonly onOutcome: (outcome: FlashOutcome, flashed: number) => void;
  /** Nothing to do: a board is waited for. */
  readonly onWaiting?: (flashed: number) => void;
  readonly signal?: AbortSignal;
}

/** What a batch came to. */
export interface BatchResult {
  /** One outcome a board, the last one where it was tried again. */
  readonly flashed: readonly FlashOutcome[];
  readonly bad: readonly FlashOutcome[];
  /** What ended it before it was interrupted or had its count. */
  readonly stopped: Error | undefined;
}

/**
 * Ports with a board behind them as they come and go. A board is new once: when it shows up, or
 * when another one shows up at its port.
 */
class PortWatch {
  readonly #options: BatchOptions;
  /** Who is at each port now, by USB serial number where there is one. */
  #present = new Map<string, string>();
  readonly #waiting: PortFacts[] = [];
  #busy: string | undefined;

  constructor(options: BatchOptions) {
    this.#options = options;
  }

  async look(): Promise<void> {
    const { access, port } = this.#options;
    const ports = (await access.list()).filter((facts) =>
      port === undefined ? portKind(facts).board !== undefined : facts.path === port,
    );
    const before = this.#present;
    this.#present = new Map(ports.map((facts) => [facts.path, facts.serialNumber ?? ""]));
    for (const facts of ports) {
      if (facts.path === this.#busy) continue;
      if (before.get(facts.path) !== (facts.serialNumber ?? "")) this.#waiting.push(facts);
    }
  }

  /** The next board, if it is still there. */
  next(): PortFacts | undefined {
    for (let facts = this.#waiting.shift(); facts; facts = this.#waiting.shift())
      if (this.#present.has(facts.path)) {
        this.#busy = facts.path;
        return facts;
      }
    return undefined;
  }

  /** The board that `next` gave is done with: where it is now, it stays without being tried again. */
  async done(mac: string | undefined): Promise<void> {
    await this.look();
    this.#busy = undefined;
    if (mac === undefined) return;
    const digits = mac.replaceAll(":", "").toUpperCase();
    // A chip's own USB may have come back at another port while its self-test ran.
    for (let i = this.#waiting.length - 1; i >= 0; i--) {
      const serial = this.#waiting[i]?.serialNumber?.replaceAll(":", "").toUpperCase() ?? "";
      if (serial.includes(digits)) this.#waiting.splice(i, 1);
    }
  }
}

/**
 * Flashes one board after the other as they are plugged in, those that are there at the start
 * first, until it is interrupted, `count` is reached, or `flash` throws.
 */
export async function runBatch(options: BatchOptions): Promise<BatchResult> {
  const { flash, count = Infinity, signal, onOutcome, onWaiting } = options;
  const watch = new PortWatch(options);
  const byBoard = new Map<string, FlashOutcome>();
  const bad: FlashOutcome[] = [];
  let flashed = 0;
  let told = false;
  let stopped: Error | undefined;
  while (flashed < count && !signal?.aborted) {
    await watch.look();
    const facts = watch.next();
    if (!facts) {
      if (!told) onWaiting?.(flashed);
      told = true;
      await pause(POLL_MS);
      continue;
    }
    told = false;
    const working = { on: true };
    const looking = (async () => {
      while (working.on) {
        await pause(POLL_MS);
        if (working.on) await watch.look();
      }
    })();
    let outcome: FlashOutcome;
    try {
      outcome = await flash(facts);
    } catch (error) {
      stopped = error as Error;
      break;
    } finally {
      working.on = false;
      await looking;
    }
    await watch.done(outcome.mac);
    // What cannot be told apart by its address is a board of its own.
    if (outcome.mac === undefined) bad.push(outcome);
    else byBoard.set(outcome.mac, outcome);
    const boards = [...byBoard.values()];
    flashed = boards.filter(({ result }) => result === "flashed").length;
    onOutcome(outcome, flashed);
  }
  const boards = [...byBoard.values()];
  return {
    flashed: boards.filter(({ result }) => result === "flashed"),
    bad: [...bad, ...boards.filter(({ result }) => result !== "flashed")],
    stopped,
  };
}
