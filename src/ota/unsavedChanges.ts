import type { NodeProgram, OtaStore, Rollout, RolloutStep, RolloutWish } from "./otaStore";

/** Something that happened to a node or a rollout; the same goes into the audit log. */
export interface UpdateNote {
  readonly what: string;
  readonly node?: string;
  readonly detail?: string;
}

/** What the next transaction writes, and what is sent once that is on disk. */
export class UnsavedChanges {
  readonly #store: OtaStore;
  readonly #onNote: ((note: UpdateNote) => void) | undefined;
  #rollout = false;
  #wishDone: RolloutWish | undefined;
  #steps = new Set<RolloutStep>();
  #programs = new Map<string, NodeProgram>();
  #log: UpdateNote[] = [];
  #commands: (() => void)[] = [];

  /** @param onNote gets each note at once */
  constructor(store: OtaStore, onNote: ((note: UpdateNote) => void) | undefined) {
    this.#store = store;
    this.#onNote = onNote;
  }

  /** The rollout that goes on is not what it was. */
  rolloutChanged(): void {
    this.#rollout = true;
  }

  /** What was wished of the rollout that goes on is carried out. */
  wishDone(wish: RolloutWish): void {
    this.#wishDone = wish;
  }

  /** A node of the rollout that goes on is not where it was. */
  stepChanged(step: RolloutStep): void {
    this.#steps.add(step);
  }

  /** A node is meant to run this. */
  programChanged(node: string, program: NodeProgram): void {
    this.#programs.set(node, program);
  }

  /** Tells of something, and has it written into the audit log. */
  note(what: string, node?: string, detail?: string): void {
    const note = {
      what,
      ...(node === undefined ? {} : { node }),
      ...(detail === undefined ? {} : { detail }),
    };
    this.#log.push(note);
    this.#onNote?.(note);
  }

  /** Calls this after the next save: what was sent must not be forgotten. */
  sendAfterSave(send: () => void): void {
    this.#commands.push(send);
  }

  /**
   * Writes what has changed in one transaction, then sends what follows from it. What could not
   * be written stays for the next save.
   *
   * @param rollout the one that goes on
   * @throws InventoryError
   */
  save(rollout: Rollout | undefined): void {
    const commands = this.#commands;
    if (
      this.#rollout ||
      this.#wishDone ||
      this.#steps.size + this.#programs.size + this.#log.length > 0
    )
      this.#store.save({
        ...(rollout ? { rollout } : {}),
        done: this.#wishDone,
        steps: [...this.#steps],
        programs: this.#programs,
        log: this.#log,
      });
    this.#rollout = false;
    this.#wishDone = undefined;
    this.#steps = new Set();
    this.#programs = new Map();
    this.#log = [];
    this.#commands = [];
    for (const send of commands) send();
  }
}
