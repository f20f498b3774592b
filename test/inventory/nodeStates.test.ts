import { expect, it } from "vitest";
import { NODE_EVENTS, NODE_STATES, nextState } from "../../src/inventory/nodeStates";

it("a node's states change as the table says, and not otherwise", () => {
  const table = NODE_STATES.map((state) => [
    state,
    ...NODE_EVENTS.map((event) => nextState(state, event) ?? "-"),
  ]);
  expect([["", ...NODE_EVENTS], ...table]).toEqual([
    [
      "",
      "flash-started",
      "flash-done",
      "flash-failed",
      "installed",
      "taken-down",
      "board-taken",
      "retired",
    ],
    ["new", "flashing", "-", "-", "-", "-", "-", "retired"],
    ["flashing", "flashing", "flashed", "failed", "-", "-", "new", "retired"],
    ["flashed", "flashing", "-", "-", "installed", "-", "new", "retired"],
    ["failed", "flashing", "-", "-", "-", "-", "new", "retired"],
    ["installed", "flashing", "-", "-", "installed", "flashed", "new", "retired"],
    ["retired", "-", "-", "-", "-", "-", "-", "-"],
  ]);
});
