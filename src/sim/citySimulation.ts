import { drive, type RunOptions } from "./clock";
import type { GatewayAccess } from "../nodeSettings";
import type { Network } from "./network/network";
import { seedFor, seededRandom } from "./random";
import { Scheduler } from "./scheduler";
import { VirtualNode, type Report } from "./virtualNode";
import type { I2cBus } from "./vm/i2cService";

/** What a simulated city is made of. */
export interface CityOptions {
  readonly city: string;
  readonly nodes: readonly string[];
  readonly seed: number;
  readonly bytecode: Uint8Array;
  readonly scheduler: Scheduler;
  readonly network: Network;
  readonly broker: { readonly host: string; readonly port: number; readonly tls: boolean };
  readonly password?: string | undefined;
  /** How a node's runtime reaches the update gateway; without it there are no updates. */
  readonly gateway?: ((node: string) => GatewayAccess) | undefined;
  /** A part of the configuration document, for every node. */
  readonly configuration: object;
  /** Strength of a node's Wi-Fi signal; undefined for a good one. */
  readonly signalDbm?: (node: string) => number | undefined;
  /** The I2C bus of a node, with its chips in their surroundings. */
  readonly bus: (node: string) => I2cBus;
  /** Gets every reading that passed a node's filters. */
  readonly onReport?: (node: string, report: Report) => void;
  readonly onPanic?: (node: string, code: number) => void;
  /** Told when a node switches its status light. */
  readonly onLight?: (node: string, lit: boolean) => void;
  /** Called before a node's power goes. */
  readonly onPowerOff?: (node: string) => void;
  readonly onLog?: (node: string, line: string) => void;
  readonly onFailure?: (node: string, reason: string) => void;
}

/** Nodes of one city get their power within this time, as after a mains failure in a quarter. */
const POWER_ON_SPREAD_MS = 1000;
/** In step with the wall clock one machine starts them all: it takes so long for each. */
const POWER_ON_WALL_MS = 100;

/** Name of the node with that number, from 1: `bk-0001` in Berkane. */
export function nodeName(city: string, number: number): string {
  const prefix = city === "berkane" ? "bk" : city.slice(0, 12);
  return `${prefix}-${String(number).padStart(4, "0")}`;
}

/** The nodes of one city on one scheduler. */
export class CitySimulation {
  readonly nodes: readonly VirtualNode[];
  readonly #options: CityOptions;

  constructor(options: CityOptions) {
    this.#options = options;
    this.nodes = options.nodes.map((node) => {
      const signalDbm = options.signalDbm?.(node);
      return new VirtualNode({
        scheduler: options.scheduler,
        city: options.city,
        node,
        seed: options.seed,
        bytecode: options.bytecode,
        bus: options.bus(node),
        network: options.network.path(node),
        broker: options.broker,
        ...(options.password === undefined ? {} : { password: options.password }),
        ...(signalDbm === undefined ? {} : { signalDbm }),
        ...(options.gateway ? { gateway: options.gateway(node) } : {}),
        configuration: options.configuration,
        ...(options.onReport ? { onReport: (report) => options.onReport?.(node, report) } : {}),
        onPanic: (code) => options.onPanic?.(node, code),
        onLight: (lit) => options.onLight?.(node, lit),
        onPowerOff: () => options.onPowerOff?.(node),
        onLog: (line) => options.onLog?.(node, line),
        onFailure: (reason) => options.onFailure?.(node, reason),
      });
    });
  }

  /**
   * Gives every node its power, spread over the first second: when a node's turn comes
   * depends on its name alone, not on the others. In step with the wall clock many nodes
   * take longer.
   */
  async powerOn(pace: Omit<RunOptions, "untilMs"> = { speed: Infinity }): Promise<void> {
    const { scheduler, seed } = this.#options;
    const paced = pace.speed === Infinity ? 0 : this.nodes.length * POWER_ON_WALL_MS * pace.speed;
    const spreadMs = Math.max(POWER_ON_SPREAD_MS, paced);
    const order = this.nodes.map((node) => ({
      node,
      atMs: seededRandom(seedFor(seed, `${node.node}/power on`))() * spreadMs,
    }));
    order.sort((a, b) => a.atMs - b.atMs);
    for (const { node, atMs } of order) {
      await drive(scheduler, { ...pace, untilMs: atMs });
      if (pace.signal?.aborted) return;
      await node.powerOn();
    }
  }

  /** Runs until that virtual time, or until `signal` ends it. */
  async run(untilMs: number, speed: number, signal?: AbortSignal): Promise<void> {
    const { scheduler } = this.#options;
    await drive(scheduler, {
      speed,
      untilMs,
      ...(signal ? { signal } : {}),
    });
  }

  /** Takes the power from every node. */
  powerOff(): void {
    for (const node of this.nodes) node.powerOff();
  }
}
