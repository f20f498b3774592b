import { TOPIC_ROOT } from "../../devs/contract/topics";
import type { BrokerUsers, Role } from "../inventory/inventory";

/**
 * Who may do what at the broker, written once: the files of every kind of broker are made
 * from it. What no rule allows is refused.
 *
 * | who    | publishes                      | reads                          |
 * |--------|--------------------------------|--------------------------------|
 * | a node | its own `up/#`                 | its own `down/#`, `all/down/#` |
 * | centre | every `down/#`, the beacon too | everything of its cities       |
 * | crew   | `down/command` of one node     | every `up/#`                   |
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
      rules: cities.flatMap((city) => ROLE_RULES[role](`${TOPIC_ROOT}/${city}`)),
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

const ROLE_RULES: Record<Role, (city: string) => Rule[]> = {
  centre: (city) => [
    { action: "publish", filter: `${city}/+/down/#` },
    { action: "subscribe", filter: `${city}/#` },
  ],
  crew: (city) => [
    // One node that the crew stands at, never all of them at once.
    { action: "publish", filter: `${city}/all/down/#`, deny: true },
    { action: "publish", filter: `${city}/+/down/command` },
    { action: "subscribe", filter: `${city}/+/up/#` },
  ],
};
