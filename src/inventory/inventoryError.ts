/** What went wrong with the inventory, for a program to tell one case from another. */
export type InventoryErrorCode =
  /** Another process holds it, and did not let go in time. */
  | "busy"
  /** There is no inventory at that place. */
  | "missing"
  /** The file is no inventory, is damaged, or was made by a newer version. */
  | "unusable"
  /** It may not be read or written, or the disk failed. */
  | "no-access"
  /** No node, no person, key or rollout has this name. */
  | "unknown-name"
  /** The node is there already, and differs. */
  | "conflict"
  /** The node's state does not allow this step. */
  | "wrong-state"
  /** The board belongs to another node. */
  | "board-in-use"
  /** No node is left that a board could become. */
  | "none-waiting";

/** A failure of the inventory; the message is one line that says what to do. */
export class InventoryError extends Error {
  override readonly name = "InventoryError";
  constructor(
    readonly code: InventoryErrorCode,
    message: string,
  ) {
    super(message);
  }
}

/** A name that is taken by something else. */
export interface Conflict {
  readonly name: string;
  readonly reason: string;
}

/** Nodes that cannot be added, because the inventory has others of their names. */
export class ConflictError extends InventoryError {
  constructor(readonly conflicts: readonly Conflict[]) {
    super("conflict", conflicts.map(({ name, reason }) => `${name} ${reason}`).join("; "));
  }
}
