/**
 * Who may do what, written once: the server asks here before it does anything, the pages are
 * told from here what to offer, and the broker's rules for people are made from it
 * (`src/brokerConfig/rules.ts`).
 */

/** What people sign in as. */
export const ROLES = ["viewer", "crew", "technician", "operator"] as const;
export type Role = (typeof ROLES)[number];

/**
 * | action    | what it is                                                    |
 * |-----------|---------------------------------------------------------------|
 * | watch     | see nodes, map, readings, events and configurations           |
 * | export    | take the history away as CSV                                  |
 * | command   | tell one node to do something: identify, self-test, restart   |
 * | visit     | accept, replace and take down nodes, and see earlier visits   |
 * | configure | change what nodes measure and report; over MQTT only          |
 * | audit     | see who did what                                              |
 */
export const ACTIONS = ["watch", "export", "command", "visit", "configure", "audit"] as const;
export type Action = (typeof ACTIONS)[number];

const MAY: Record<Role, readonly Action[]> = {
  viewer: ["watch", "export"],
  crew: ["watch", "export", "command", "visit"],
  technician: ["watch", "export", "command", "visit", "configure"],
  operator: ["watch", "export", "command", "visit", "configure", "audit"],
};

/** What somebody may who has not signed in, where the view is public. */
const PUBLIC_MAY: readonly Action[] = ["watch"];

/** What a role may do; without a role, what anybody may. */
export function actionsOf(role: Role | undefined, publicView: boolean): readonly Action[] {
  if (role !== undefined) return MAY[role];
  return publicView ? PUBLIC_MAY : [];
}
