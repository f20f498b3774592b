import type { KnownImages } from "./knownImages";
import type { NodeProgram, OtaStore } from "./otaStore";
import type { SeenNodes } from "./seenNodes";
import type { UnsavedChanges } from "./unsavedChanges";

/** A program is good for a node that has stayed on the broker with it for so long. */
const GOOD_AFTER_MS = 10 * 60_000;

const NOTHING: NodeProgram = { wanted: undefined, good: undefined, forced: false };

/** Which program each node is meant to run, and which one it was last well with. */
export class NodePrograms {
  readonly #programs: Map<string, NodeProgram>;
  readonly #changes: UnsavedChanges;

  constructor(store: OtaStore, changes: UnsavedChanges) {
    this.#programs = store.programs();
    this.#changes = changes;
  }

  /** What is decided of a node; nothing at all for one that was never decided on. */
  of(node: string): NodeProgram {
    return this.#programs.get(node) ?? NOTHING;
  }

  /** Decides what a node shall run. */
  set(node: string, program: NodeProgram): void {
    this.#programs.set(node, program);
    this.#changes.programChanged(node, program);
  }

  /** Gives a node no other program than the one it came from. */
  keepOld(node: string, before: string): void {
    const { wanted, forced } = this.of(node);
    if (wanted === before && !forced) return;
    this.set(node, { wanted: before, good: before, forced: false });
  }

  /**
   * A program that a node has been well with for long enough is one to come back to.
   *
   * @param isJudged whether somebody else decides what is good for a node
   */
  learnGood(
    nodes: SeenNodes,
    images: KnownImages,
    nowMs: number,
    isJudged: (node: string) => boolean,
  ): void {
    for (const [node, { online, sinceMs, program }] of nodes) {
      if (!online || program === undefined || nowMs - sinceMs < GOOD_AFTER_MS) continue;
      if (isJudged(node)) continue;
      const known = this.of(node);
      const image = images.ofShortHash(program);
      if (!image || known.good === image.hash) continue;
      // It may have been written by a cable since it was last updated over the air.
      const wanted = known.good === undefined ? known.wanted : image.hash;
      this.set(node, { wanted, good: image.hash, forced: false });
    }
  }
}
