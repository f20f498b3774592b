import type { Claim, Inventory, InventoryNode } from "../inventory/inventory";
import { InventoryError } from "../inventory/inventoryError";
import type { BoardConfiguration } from "./boardConfiguration";
import type { SelfTest } from "./bootLog";
import { ChipLoader, type FoundChip } from "./chipLoader";
import { FlashError } from "./flashError";
import { makeFlashImage, type FlashImage, type WifiAccess } from "./flashImage";
import { OtaStore } from "../ota/otaStore";
import type { RuntimeImage } from "./runtimeImage";
import { portKind, type PortFacts, type SerialAccess } from "./serialPorts";
import { waitForVerdict } from "./verdict";

/** Where the flashing of a board has come to. */
export type FlashPhase = "connecting" | "writing" | "restarting" | "self-test";

/** What is told while a board is flashed. */
export interface FlashProgress {
  readonly port: string;
  readonly phase: FlashPhase;
  /** Part of the image written, 0 to 1, while `writing`. */
  readonly part?: number;
  readonly node?: string;
}

/** How the flashing of a board ended. */
export interface FlashOutcome {
  readonly port: string;
  /** `skipped`: the board is a node already, and stays it. */
  readonly result: "flashed" | "failed" | "skipped";
  /** One word for why, and one line that says what to do; of `failed` and `skipped`. */
  readonly code?: string;
  readonly reason?: string;
  readonly chip?: string;
  readonly mac?: string;
  readonly node?: string;
  readonly runtime?: string;
  readonly checks?: readonly string[];
  /** The node got another password: the broker's files are to be exported again. */
  readonly passwordIsNew?: boolean;
}

/** What boards are flashed with, and into. */
export interface FlashBenchOptions {
  readonly access: SerialAccess;
  readonly inventory: Inventory;
  /** Rate for the image, in baud. */
  readonly baud: number;
  /** The boards have no lines for reset and boot: somebody presses their buttons. */
  readonly manualReset?: boolean;
  readonly bytecode: Uint8Array;
  readonly broker: { readonly host: string; readonly port: number; readonly tls: boolean };
  /** Where nodes get new programs; without it there are no updates over the air. */
  readonly gateway?: { readonly host: string; readonly port: number; readonly tls: boolean };
  readonly wifi?: WifiAccess;
  /** The runtime for a chip, as DeviceScript names it. */
  readonly runtime: (archId: string) => RuntimeImage;
  readonly board: (boardId: string) => BoardConfiguration;
  /** Only this node; only nodes of this city, or for this board. */
  readonly node?: string;
  readonly city?: string;
  readonly boardId?: string;
  /** The boards carry no sensors yet: chips that do not answer are well. */
  readonly bare?: boolean;
  /** Asks whether a board or a node that is flashed already shall be; false when nobody can be asked. */
  readonly ask: (question: string) => Promise<boolean>;
  readonly onProgress?: (progress: FlashProgress) => void;
  readonly signal?: AbortSignal;
}

/** Rate of the runtime's log behind a bridge chip: `usb.c` and `sdkconfig` of devicescript-esp32. */
const LOG_BAUD: Readonly<Record<string, number>> = { esp32: 1_500_000 };
const LOG_BAUD_DEFAULT = 115_200;

/** A check that failed because a chip is not there. */
const MISSING_CHIP = "=no-answer";

/** Turns boards into nodes, one at a time. */
export class FlashBench {
  readonly #options: FlashBenchOptions;

  constructor(options: FlashBenchOptions) {
    this.#options = options;
  }

  /**
   * Flashes the board at a port: whatever happens, the inventory says the truth about the node.
   * What is wrong with the technician's own input is thrown, what is wrong with the board is the
   * outcome.
   */
  async flash(facts: PortFacts): Promise<FlashOutcome> {
    const { access, baud, manualReset, signal } = this.#options;
    const loader = new ChipLoader({ access, facts, baud, manualReset: manualReset ?? false });
    const abort = () => void loader.close();
    signal?.addEventListener("abort", abort);
    let known: Partial<FlashOutcome> = {};
    const failed = (code: string, reason: string): FlashOutcome => ({
      ...known,
      port: facts.path,
      result: "failed",
      code,
      reason,
    });
    try {
      this.#tell({ port: facts.path, phase: "connecting" });
      const chip = await loader.connect();
      known = { chip: chip.name, mac: chip.mac };
      const board = this.#boardFor(chip);
      const runtime = this.#options.runtime(board.arch.id);
      checkFit(chip, runtime);
      known = { ...known, runtime: runtime.version };
      const holder = this.#options.inventory.nodeWithMac(chip.mac);
      const done = await this.#alreadyDone(chip, holder);
      if (done)
        return {
          ...known,
          port: facts.path,
          result: "skipped",
          code: "already-flashed",
          ...done,
        };
      const claim = this.#claim(chip, board, holder);
      known = { ...known, node: claim.node.name, passwordIsNew: claim.passwordIsNew };
      try {
        const selfTest = await this.#write(loader, facts, chip, board, runtime, claim);
        this.#options.inventory.flashed(claim.node.name);
        return { ...known, port: facts.path, result: "flashed", checks: selfTest.checks };
      } catch (error) {
        const told = this.#interrupted(error);
        this.#options.inventory.flashFailed(claim.node.name, (told as Error).message);
        throw told;
      }
    } catch (error) {
      const told = this.#interrupted(error);
      if (told instanceof FlashError) return failed(told.code, told.message);
      throw told;
    } finally {
      signal?.removeEventListener("abort", abort);
      await loader.close();
    }
  }

  #tell(progress: FlashProgress): void {
    this.#options.onProgress?.(progress);
  }

  /** An interruption closes the port, and every other error that follows comes of that. */
  #interrupted(error: unknown): unknown {
    if (!this.#options.signal?.aborted) return error;
    return new FlashError("interrupted", "interrupted: flash this board again");
  }

  /** The board that the next node for this chip is meant for. @throws FlashError */
  #boardFor(chip: FoundChip): BoardConfiguration {
    const { inventory, board, boardId, node, city } = this.#options;
    const named = node === undefined ? undefined : inventory.node(node);
    if (node !== undefined && !named)
      throw new InventoryError("unknown-name", `no node is called ${node}`);
    const fixed = boardId ?? named?.board ?? inventory.nodeWithMac(chip.mac)?.board;
    if (fixed !== undefined) {
      const found = board(fixed);
      if (found.arch.id === chip.archId) return found;
      throw new FlashError(
        "wrong-chip",
        `the board carries an ${chip.name}, ${named?.name ?? fixed} needs ${found.arch.name} (${fixed})`,
      );
    }
    const waiting = inventory.nodes({ ...(city ? { city } : {}), states: ["new", "failed"] });
    const ids = [...new Set(waiting.map((n) => n.board))];
    const fits = ids.map((id) => board(id)).filter((b) => b.arch.id === chip.archId);
    const [first, ...others] = fits;
    if (!first)
      throw ids.length === 0
        ? new InventoryError(
            "none-waiting",
            "no node is waiting for a board: add some with streetnode provision",
          )
        : new FlashError(
            "wrong-chip",
            `the board carries an ${chip.name}, the nodes that wait are for ${ids.join(", ")}`,
          );
    if (others.length > 0)
      throw new InventoryError(
        "none-waiting",
        `nodes wait for several boards with this chip: say --board ${fits.map((b) => b.board.id).join(" or ")}`,
      );
    return first;
  }

  /**
   * The node that stays as it is, and why: when this board is one, or the named node has another
   * board, and nobody wants that changed.
   */
  async #alreadyDone(
    chip: FoundChip,
    holder: InventoryNode | undefined,
  ): Promise<{ node: string; reason: string } | undefined> {
    const { inventory, node, ask } = this.#options;
    const isDone = ({ state }: InventoryNode) => state === "flashed" || state === "installed";
    if (holder && isDone(holder)) {
      const again =
        node === undefined || node === holder.name ? "Write it again?" : `Make it ${node} instead?`;
      const reason = `the board is ${holder.name} already (${holder.state})`;
      if (!(await ask(`This board is ${holder.name} already (${holder.state}). ${again}`)))
        return { node: holder.name, reason };
    }
    const named = node === undefined ? undefined : inventory.node(node);
    if (named?.mac !== undefined && named.mac !== chip.mac && isDone(named)) {
      const has = `${named.name} has the board ${named.mac} already (${named.state})`;
      if (!(await ask(`${has}. Give it this one instead?`)))
        return { node: named.name, reason: has };
    }
    return undefined;
  }

  #claim(chip: FoundChip, board: BoardConfiguration, holder: InventoryNode | undefined): Claim {
    const { inventory, node, city } = this.#options;
    const name = node ?? holder?.name;
    return inventory.claim({
      mac: chip.mac,
      board: board.board.id,
      ...(city === undefined ? {} : { city }),
      ...(name === undefined ? {} : { name }),
      ...(holder !== undefined && holder.name !== name ? { takeBoard: true } : {}),
    });
  }

  async #write(
    loader: ChipLoader,
    facts: PortFacts,
    chip: FoundChip,
    board: BoardConfiguration,
    runtime: RuntimeImage,
    claim: Claim,
  ): Promise<SelfTest> {
    const { access, signal, bare, manualReset = false } = this.#options;
    const { name } = claim.node;
    const port = facts.path;
    const image = this.image(board, runtime, claim.node, claim.password);
    this.#tell({ port, phase: "writing", part: 0, node: name });
    await loader.write(image, (part) => this.#tell({ port, phase: "writing", part, node: name }));
    this.#tell({ port, phase: "restarting", node: name });
    const logBaud =
      portKind(facts).board === "chip"
        ? LOG_BAUD_DEFAULT
        : (LOG_BAUD[board.arch.id] ?? LOG_BAUD_DEFAULT);
    const verdict = await waitForVerdict(
      {
        access,
        facts,
        port: loader.port,
        mac: chip.mac,
        logBaud,
        manualReset,
        restart: async () => {
          await loader.restart(logBaud);
          this.#tell({ port, phase: "self-test", node: name });
        },
      },
      signal,
    );
    if (verdict.node !== name)
      throw new FlashError("wrong-node", `the board says it is ${verdict.node}, not ${name}`);
    const bad = verdict.checks.filter(
      (check) => check.includes("=") && !(bare && check.endsWith(MISSING_CHIP)),
    );
    if (bad.length > 0 || (!verdict.pass && !bare))
      throw new FlashError(
        "self-test-failed",
        `the self-test failed: ${bad.map((check) => check.replace("=", " ")).join(", ") || "no reason given"}`,
      );
    return verdict;
  }

  /** The flash image of a node; without a password it holds no other secret either. */
  image(
    { dcfg }: BoardConfiguration,
    runtime: RuntimeImage,
    { city, name }: InventoryNode,
    password: string | undefined,
  ): FlashImage {
    const { bytecode, broker, gateway, inventory, wifi } = this.#options;
    const secrets =
      password === undefined
        ? {}
        : {
            password,
            ...(gateway
              ? {
                  gateway: {
                    ...gateway,
                    key: new OtaStore(inventory.file, "flash").updateKey(name),
                  },
                }
              : {}),
          };
    return makeFlashImage({
      runtime,
      dcfg,
      bytecode,
      node: { city, node: name, broker, ...secrets },
      ...(wifi ? { wifi } : {}),
    });
  }
}

function checkFit(chip: FoundChip, runtime: RuntimeImage): void {
  const end = runtime.fstor.offset + runtime.fstor.bytes;
  if (chip.flashBytes === undefined)
    throw new FlashError("write-failed", "the flash chip does not answer: replace the board");
  if (chip.flashBytes < end)
    throw new FlashError(
      "flash-too-small",
      `the board has ${chip.flashBytes / 2 ** 20} MB of flash, ${Math.ceil(end / 2 ** 20)} MB are needed`,
    );
}
