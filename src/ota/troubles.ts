import type { OtaClock } from "./clock";
import type { UnsavedChanges } from "./unsavedChanges";

/** The same trouble of the same node is written down again after this time only. */
const TROUBLE_EVERY_MS = 3_600_000;

/** Writes down what may come again every few seconds. */
export class Troubles {
  readonly #clock: OtaClock;
  readonly #changes: UnsavedChanges;
  /** When each trouble of a node was last written down. */
  readonly #writtenMs = new Map<string, number>();

  constructor(clock: OtaClock, changes: UnsavedChanges) {
    this.#clock = clock;
    this.#changes = changes;
  }

  /**
   * @param node empty where it is nobody's
   * @param kind what counts as the same trouble
   */
  write(what: string, node: string, detail: string, kind = what): void {
    const nowMs = this.#clock.nowMs();
    const key = `${node} ${kind}`;
    if (nowMs - (this.#writtenMs.get(key) ?? -Infinity) < TROUBLE_EVERY_MS) return;
    this.#writtenMs.set(key, nowMs);
    this.#changes.note(what, node || undefined, detail);
  }
}
