/**
 * The life of a node in the inventory.
 *
 * | state     | meaning                                                        |
 * |-----------|----------------------------------------------------------------|
 * | new       | named, with a password; no board has become it                 |
 * | flashing  | a board is being written, or the writing was cut off           |
 * | flashed   | its board was written, verified, and passed its self-test      |
 * | failed    | its board could not be written, or failed its self-test        |
 * | installed | it hangs on a pole and was accepted                            |
 * | retired   | out of service; the broker no longer knows it                  |
 */
export const NODE_STATES = [
  "new",
  "flashing",
  "flashed",
  "failed",
  "installed",
  "retired",
] as const;
export type NodeState = (typeof NODE_STATES)[number];

/** What happens to a node. */
export const NODE_EVENTS = [
  /** A board is about to be written as this node. */
  "flash-started",
  "flash-done",
  "flash-failed",
  /** A crew accepted it on its pole. */
  "installed",
  /** A crew took it from its pole. */
  "taken-down",
  /** Its board was given to another node. */
  "board-taken",
  "retired",
] as const;
export type NodeEvent = (typeof NODE_EVENTS)[number];

const TRANSITIONS: Record<NodeState, Partial<Record<NodeEvent, NodeState>>> = {
  new: { "flash-started": "flashing", retired: "retired" },
  flashing: {
    // The writing was cut off by a crash or a pulled plug, and begins again.
    "flash-started": "flashing",
    "flash-done": "flashed",
    "flash-failed": "failed",
    "board-taken": "new",
    retired: "retired",
  },
  flashed: {
    "flash-started": "flashing",
    installed: "installed",
    "board-taken": "new",
    retired: "retired",
  },
  failed: { "flash-started": "flashing", "board-taken": "new", retired: "retired" },
  installed: {
    "flash-started": "flashing",
    // Moved to another pole.
    installed: "installed",
    "taken-down": "flashed",
    "board-taken": "new",
    retired: "retired",
  },
  retired: {},
};

/** The state after an event, or undefined when the state does not allow it. */
export function nextState(state: NodeState, event: NodeEvent): NodeState | undefined {
  return TRANSITIONS[state][event];
}
