import type { StateMessage } from "../../devs/contract/messages";

/** What a node has last said of itself. */
export interface NodeSeen {
  readonly online: boolean;
  readonly reason: string;
  readonly boot: number;
  /** Why its program started. */
  readonly start: string;
  readonly safeMode: boolean;
  readonly program: number | undefined;
  readonly checks: readonly string[];
  /** Since when it has been on the broker, or away from it, with this boot. */
  readonly sinceMs: number;
}

/** A channel counts as one that a node has when it gave a reading in this time. */
export const CHANNEL_RECENT_MS = 20 * 60_000;

const UNSEEN: NodeSeen = {
  online: false,
  reason: "",
  boot: 0,
  start: "",
  safeMode: false,
  program: undefined,
  checks: [],
  sinceMs: 0,
};

/** What the city knows of its nodes from their own messages. */
export class SeenNodes implements Iterable<readonly [node: string, seen: NodeSeen]> {
  readonly #seen = new Map<string, NodeSeen>();
  /** When each channel of a node last gave a reading. */
  readonly #channels = new Map<string, Map<string, number>>();

  /** Every node that has said something of itself. */
  [Symbol.iterator](): Iterator<readonly [node: string, seen: NodeSeen]> {
    return this.#seen.entries();
  }

  /** What a node has said; one that has said nothing is not on the broker. */
  of(node: string): NodeSeen {
    return this.#seen.get(node) ?? UNSEEN;
  }

  /** Whether it has left the broker for the gateway. */
  isUpdating(node: string): boolean {
    const { online, reason } = this.of(node);
    return !online && reason === "updating";
  }

  /** Takes what a node says, and tells whether it is news. */
  stateCame(node: string, said: StateMessage, arrivedMs: number): boolean {
    const before = this.of(node);
    const online = said.state === "online";
    const isNew = online !== before.online || said.boot !== before.boot;
    this.#seen.set(node, {
      ...before,
      online,
      reason: said.reason,
      boot: said.boot,
      sinceMs: isNew ? arrivedMs : before.sinceMs,
      // A last word tells only that it is gone.
      ...(online && {
        program: said.program,
        start: said.start ?? "",
        safeMode: said.safeMode ?? false,
        checks: said.checks ?? [],
      }),
    });
    // The broker says again what it retains whenever the city connects anew.
    return isNew || said.reason !== before.reason;
  }

  /** Takes note of a reading that has just come. */
  readingCame(node: string, channel: string, timeMs: number): void {
    this.#channelsOf(node).set(channel, timeMs);
  }

  /** Takes note of a reading that may be older than what is known. */
  remember(node: string, channel: string, timeMs: number): void {
    const channels = this.#channelsOf(node);
    channels.set(channel, Math.max(timeMs, channels.get(channel) ?? -Infinity));
  }

  /** Channels of which a node gave readings not long ago, in the order of their names. */
  recentChannels(node: string, nowMs: number): string[] {
    return [...(this.#channels.get(node) ?? [])]
      .filter(([, atMs]) => nowMs - atMs < CHANNEL_RECENT_MS)
      .map(([channel]) => channel)
      .sort();
  }

  #channelsOf(node: string): Map<string, number> {
    let channels = this.#channels.get(node);
    if (!channels) {
      channels = new Map();
      this.#channels.set(node, channels);
    }
    return channels;
  }
}
