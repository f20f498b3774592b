import { DOWN_COMMAND, DOWN_CONFIG, TOPIC_ROOT } from "../../devs/contract/topics";
import type { BrokerRole, BrokerUsers } from "../inventory/inventory";
import { actionsOf, type Role } from "../people/roles";

/**
 * Who may do what at the broker, written once: the files of every kind of broker are made
 * from it. What no rule allows is refused.
 *
 * | who    | publishes                      | reads                          |
 * |--------|--------------------------------|--------------------------------|
 * | a node | its own `up/#`                 | its own `down/#`, `all/down/#` |
 * | centre | every `down/#`, the beacon too | everything of its cities       |
 * | people | what their role may do         | every `up/#`                   |
 *
 * Who may `command` publishes `down/command` of one node, who may `configure` its
 * `down/config`: the roles are those of the pages (`src/people/roles.ts`).
 */
export interface Rule {
  readonly action: "publish" | "subscribe";
  /** MQTT topic filter (MQTT 3.1.1 clause 4.7). */
  readonly filter: string;
  /**
   * Forbids what another rule of the same user would allow. Mosquitto then forbids reading
   * there, too: no user has a rule for reading where it has one of these.
   */
  readonly deny?: true;
}

/** The rules of one user. */
export interface UserRules {
  readonly user: string;
  readonly rules: readonly Rule[];
}

/** The rules of everybody: people first, then nodes, as the inventory sorts them. */
export function rulesOf({ nodes, people }: BrokerUsers): UserRules[] {
  const cities = [...new Set(nodes.map(({ city }) => city))];
  return [
    ...people.map(({ name, role }) => ({
      user: name,
      rules: cities.flatMap((city) => rulesOfRole(role, `${TOPIC_ROOT}/${city}`)),
    })),
    ...nodes.map(({ name, city }) => ({
      user: name,
      rules: nodeRules(`${TOPIC_ROOT}/${city}`, name),
    })),
  ];
}

function nodeRules(city: string, node: string): Rule[] {
  return [
    { action: "publish", filter: `${city}/${node}/up/#` },
    { action: "subscribe", filter: `${city}/${node}/down/#` },
    { action: "subscribe", filter: `${city}/all/down/#` },
  ];
}

function rulesOfRole(role: BrokerRole, city: string): Rule[] {
  if (role !== "centre") return rulesOfPerson(role, city);
  return [
    { action: "publish", filter: `${city}/+/down/#` },
    { action: "subscribe", filter: `${city}/#` },
  ];
}

function rulesOfPerson(role: Role, city: string): Rule[] {
  const may = actionsOf(role, false);
  const leaves = [
    ...(may.includes("command") ? [DOWN_COMMAND] : []),
    ...(may.includes("configure") ? [DOWN_CONFIG] : []),
  ];
  return [
    // One node that is meant, never all of them at once.
    ...(leaves.length === 0
      ? []
      : [{ action: "publish", filter: `${city}/all/down/#`, deny: true } as const]),
    ...leaves.map((leaf) => ({ action: "publish", filter: `${city}/+/${leaf}` }) as const),
    ...(may.includes("watch") ? [{ action: "subscribe", filter: `${city}/+/up/#` } as const] : []),
  ];
}
