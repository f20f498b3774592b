import { nameProblem } from "../../devs/contract/topics";
import { readOwnBoards } from "../boards/boardFile";
import { PROJECT_FOLDER } from "../projectFolder";
import type { BrokerRole, NewNode } from "../inventory/inventory";

/** The fields of a node to be made, by the names that CSV columns and options have. */
export const NODE_FIELDS = ["name", "city", "board", "pole"] as const;
export type NodeField = (typeof NODE_FIELDS)[number];

/** Users of the broker that are no nodes: each role has one of its own name. */
export const ROLES: readonly BrokerRole[] = ["centre", "crew"];

/** What can be read on a label that is held at arm's length. */
const POLE_MAX_LENGTH = 40;

/** What is wrong with one field. */
export interface FieldProblem {
  readonly field: NodeField;
  readonly reason: string;
}

/** The boards that the firmware knows: the names of the files in `boards/`. */
export function boardNames(): string[] {
  return readOwnBoards(PROJECT_FOLDER).map(({ id }) => id);
}

/**
 * Everything that is wrong with a node to be made. An empty field is one that is missing.
 *
 * @param boards the boards that there are
 */
export function nodeProblems(
  node: Record<NodeField, string>,
  boards: readonly string[],
): FieldProblem[] {
  return NODE_FIELDS.flatMap((field) => {
    const reason = problem(field, node[field], boards);
    return reason === undefined ? [] : [{ field, reason }];
  });
}

/** The node that checked fields describe. */
export function nodeOfFields({ name, city, board, pole }: Record<NodeField, string>): NewNode {
  return { name, city, board, ...(pole === "" ? {} : { pole }) };
}

function problem(field: NodeField, value: string, boards: readonly string[]): string | undefined {
  switch (field) {
    case "name":
      if (ROLES.some((role) => role === value)) return `'${value}' is the name of a role`;
      return nameReason(value);
    case "city":
      return nameReason(value);
    case "board":
      return boards.includes(value)
        ? undefined
        : `${value === "" ? "is missing" : `there is no board '${value}'`}; there are ${boards.join(", ")}`;
    case "pole":
      if (value.length > POLE_MAX_LENGTH)
        return `must have at most ${POLE_MAX_LENGTH} characters, has ${value.length}`;
      return /\p{Cc}/u.test(value) ? "holds a character that cannot be printed" : undefined;
  }
}

function nameReason(value: string): string | undefined {
  if (value === "") return "is missing";
  const reason = nameProblem(value);
  return reason === undefined ? undefined : `'${value}' ${reason}`;
}
