import { InventoryError } from "../inventory/inventoryError";
import type { OtaClock } from "./clock";
import type { OtaStore } from "./otaStore";

/** A flood of unknown names reads the keys so often. */
const READ_EVERY_MS = 1000;

/** The keys by which nodes and gateway know each other. */
export class UpdateKeys {
  readonly #store: OtaStore;
  readonly #clock: OtaClock;
  #keys: ReadonlyMap<string, Uint8Array>;
  #readMs: number;

  constructor(store: OtaStore, clock: OtaClock) {
    this.#store = store;
    this.#clock = clock;
    this.#keys = store.updateKeys();
    this.#readMs = clock.nowMs();
  }

  /** Takes what somebody else has read from the store. */
  replace(keys: ReadonlyMap<string, Uint8Array>): void {
    this.#keys = keys;
  }

  /** Whether this node's key was there when keys were last read. */
  has(node: string): boolean {
    return this.#keys.has(node);
  }

  /** A node's key; nothing for a node that is not known or has none. */
  keyOf(node: string): Uint8Array | undefined {
    const known = this.#keys.get(node);
    // A board may have been written since.
    if (known || this.#clock.nowMs() - this.#readMs < READ_EVERY_MS) return known;
    this.#readMs = this.#clock.nowMs();
    try {
      this.#keys = this.#store.updateKeys();
    } catch (error) {
      // The node asks again.
      if (!(error instanceof InventoryError)) throw error;
    }
    return this.#keys.get(node);
  }
}
