import { seedFor, seededRandom } from "../random";
import type { Scheduler } from "../scheduler";
import type { VmSocket } from "../vm/vmModule";
import type { Connector, Network, Server, SocketAddress } from "./network";
import { VirtualLink, type Direction, type LinkPath } from "./virtualLink";

/** How a node's way to its broker is. */
export interface PathConditions {
  /** Time that a segment takes one way, in milliseconds. */
  readonly delayMs: number;
  /** Up to so much is added to it, different for each segment, in milliseconds. */
  readonly jitterMs: number;
  /** Share of the TCP segments that are lost, 0..1; at 1 nothing passes, and nobody is told. */
  readonly lossShare: number;
}

/** A LAN with a broker on it answers in a few milliseconds. */
export const GOOD_CONDITIONS: PathConditions = { delayMs: 5, jitterMs: 0, lossShare: 0 };

/** The server at an address; one that does not listen is reachable, and accepts nothing. */
export type ServerAt = (address: SocketAddress) => Server;

/** Links from nodes to servers in this process, wholly in virtual time and the same for a seed. */
export class MemoryNetwork implements Network {
  readonly #scheduler: Scheduler;
  readonly #serverAt: ServerAt;
  readonly #seed: number;
  readonly #paths = new Map<string, NodePath>();

  /** @param server one for every address, or which one is at an address */
  constructor(scheduler: Scheduler, server: Server | ServerAt, seed = 1) {
    this.#scheduler = scheduler;
    this.#serverAt = typeof server === "function" ? server : () => server;
    this.#seed = seed;
  }

  path(node: string): NodePath {
    const known = this.#paths.get(node);
    if (known) return known;
    const random = seededRandom(seedFor(this.#seed, `${node}/network`));
    const path = new NodePath(this.#scheduler, this.#serverAt, random);
    this.#paths.set(node, path);
    return path;
  }
}

/** The way of one node to its servers, with the faults that it has at the moment. */
export class NodePath implements Connector, LinkPath {
  readonly bytesLeft: Record<Direction, number> = { up: Infinity, down: Infinity };
  readonly #scheduler: Scheduler;
  readonly #serverAt: ServerAt;
  readonly #random: () => number;
  #conditions = GOOD_CONDITIONS;
  #unreachable = false;
  #links: VirtualLink[] = [];

  constructor(scheduler: Scheduler, serverAt: ServerAt, random: () => number) {
    this.#scheduler = scheduler;
    this.#serverAt = serverAt;
    this.#random = random;
  }

  connect(address: SocketAddress): VmSocket {
    const link = new VirtualLink(this.#scheduler, this, this.#serverAt(address));
    if (this.#unreachable) link.fail("ENETUNREACH");
    this.#links = this.#links.filter(({ over }) => !over);
    this.#links.push(link);
    return link;
  }

  loses(): boolean {
    const { lossShare } = this.#conditions;
    return lossShare > 0 && this.#random() < lossShare;
  }

  delayMs(): number {
    const { delayMs, jitterMs } = this.#conditions;
    return jitterMs > 0 ? delayMs + this.#random() * jitterMs : delayMs;
  }

  /** From now on the path is so; what is left out is good. */
  setConditions(conditions: Partial<PathConditions>): void {
    this.#conditions = { ...GOOD_CONDITIONS, ...conditions };
  }

  /** Takes the node's own network (its Wi-Fi) away: its connection fails, and each new one at once. */
  disconnect(): void {
    this.#unreachable = true;
    for (const link of this.#links) link.fail("ENETUNREACH");
  }

  /** Gives the node its network back. */
  reconnect(): void {
    this.#unreachable = false;
  }

  /** Nothing passes on the connections of this moment any more, and nobody is told; new ones work. */
  halfOpen(): void {
    for (const link of this.#links) link.mute();
  }

  /** Resets the connections of this moment; both sides are told. */
  reset(): void {
    for (const link of this.#links) link.reset();
  }

  /** Lets so many more bytes pass in one direction, and resets the connection in front of the next. */
  cutAfter(direction: Direction, bytes: number): void {
    this.bytesLeft[direction] = bytes;
  }
}
