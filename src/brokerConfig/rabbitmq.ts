import type { BrokerUsers } from "../inventory/inventory";
import { rulesOf, type UserRules } from "./rules";

/** Where RabbitMQ's MQTT plugin puts what is published. */
const EXCHANGE = "amq.topic";
const VIRTUAL_HOST = "/";
/** A regular expression that fits nothing: what comes after the end of the text. */
const NOTHING = "$.";

/**
 * RabbitMQ 3.12 and later with the plugin rabbitmq_mqtt: users, permissions and topic
 * permissions, to be imported with `rabbitmqctl import_definitions`.
 */
export function rabbitmqUserFiles(users: BrokerUsers): Map<string, string> {
  return new Map([["definitions.json", JSON.stringify(definitions(users), undefined, 1) + "\n"]]);
}

function definitions(users: BrokerUsers): object {
  const everybody = [...users.people, ...users.nodes];
  const nodes = new Set(users.nodes.map(({ name }) => name));
  const rules = rulesOf(users);
  return {
    vhosts: [{ name: VIRTUAL_HOST }],
    users: everybody.map(({ name, rabbitmqHash }) => ({
      name,
      password_hash: rabbitmqHash,
      hashing_algorithm: "rabbit_password_hashing_sha512",
      tags: [],
    })),
    permissions: rules.map(({ user }) => {
      // A session lives in queues that carry its client identifier: a node's own name.
      const client = nodes.has(user) ? user : ".+";
      const queues = `mqtt-subscription-${client}qos[01]`;
      return {
        user,
        vhost: VIRTUAL_HOST,
        configure: `^${queues}$`,
        write: `^(${queues}|amq\\.topic)$`,
        read: `^(${queues}|amq\\.topic)$`,
      };
    }),
    topic_permissions: rules.map((userRules) => ({
      user: userRules.user,
      vhost: VIRTUAL_HOST,
      exchange: EXCHANGE,
      write: pattern(userRules, "publish"),
      read: pattern(userRules, "subscribe"),
    })),
  };
}

/**
 * What a user may publish or subscribe to, as one regular expression over routing keys:
 * the plugin turns '/' into '.', '+' into '*', and leaves '#'.
 */
function pattern({ rules }: UserRules, action: "publish" | "subscribe"): string {
  const keys = (denied: boolean) =>
    rules
      .filter((rule) => rule.action === action && (rule.deny ?? false) === denied)
      .map(({ filter }) => keyPattern(filter));
  const allowed = keys(false);
  if (allowed.length === 0) return NOTHING;
  const denied = keys(true);
  const except = denied.length === 0 ? "" : `(?!(${denied.join("|")})$)`;
  return `^${except}(${allowed.join("|")})$`;
}

function keyPattern(filter: string): string {
  return (
    filter
      .split("/")
      .map((level) => (level === "+" ? "[^.]+" : level))
      .join("\\.")
      // '#' stands for the level above it, too (MQTT 3.1.1 clause 4.7.1.2).
      .replace(/\\\.#$/, "(\\..+)?")
  );
}

/** The part of RabbitMQ's configuration that belongs to them. */
export const RABBITMQ_CONF = `# Beside RabbitMQ's own configuration; then: rabbitmq-plugins enable rabbitmq_mqtt
# and: rabbitmqctl import_definitions definitions.json
listeners.tcp = none
mqtt.listeners.tcp = none
mqtt.listeners.ssl.default = 8883
mqtt.allow_anonymous = false
mqtt.vhost = /
mqtt.exchange = amq.topic
mqtt.max_packet_size_authenticated = 65536
ssl_options.certfile = /etc/rabbitmq/certs/server.crt
ssl_options.keyfile = /etc/rabbitmq/certs/server.key
ssl_options.versions.1 = tlsv1.3
ssl_options.versions.2 = tlsv1.2
# Not here, and to be known: RabbitMQ lets a signed-in node connect under another's client
# identifier. It cannot read that one's session, but the other is disconnected.
`;
