import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { userFiles } from "../../src/brokerConfig/export";
import { hashPassword, newPassword, partsOfHash } from "../../src/inventory/password";
import type { BrokerUsers } from "../../src/inventory/inventory";

const hashes = () => hashPassword(newPassword());
const USERS: BrokerUsers = {
  nodes: [
    { name: "bk-0001", city: "berkane", ...hashes() },
    { name: "bk-00012", city: "berkane", ...hashes() },
    { name: "ou-0001", city: "oujda", ...hashes() },
  ],
  people: [
    { name: "centre", role: "centre", ...hashes() },
    { name: "crew", role: "crew", ...hashes() },
    { name: "viewer", role: "viewer", ...hashes() },
    { name: "technician", role: "technician", ...hashes() },
    { name: "operator", role: "operator", ...hashes() },
  ],
};

type Action = "publish" | "subscribe";
type Judge = (user: string, action: Action, topic: string) => boolean;

/** MQTT 3.1.1 clause 4.7. */
function matches(filter: string, topic: string): boolean {
  const levels = topic.split("/");
  const parts = filter.split("/");
  for (const [i, part] of parts.entries()) {
    if (part === "#") return true;
    if (levels[i] === undefined || (part !== "+" && part !== levels[i])) return false;
  }
  return parts.length === levels.length;
}

function file(kind: "mosquitto" | "emqx" | "rabbitmq", name: string): string {
  const text = userFiles(kind, USERS).get(name);
  if (text === undefined) throw new Error(`no ${name}`);
  return text;
}

/** As Mosquitto judges: what is denied first, then what is allowed. */
function mosquittoJudge(): Judge {
  const rules: { user: string; access: string; filter: string }[] = [];
  let user = "";
  for (const line of file("mosquitto", "acl").split("\n")) {
    if (line.startsWith("user ")) user = line.slice("user ".length);
    const topic = /^topic (read|write|deny) (\S+)$/.exec(line);
    if (topic) rules.push({ user, access: topic[1] ?? "", filter: topic[2] ?? "" });
  }
  return (who, action, topic) => {
    const own = rules.filter((rule) => rule.user === who && matches(rule.filter, topic));
    if (own.some(({ access }) => access === "deny")) return false;
    return own.some(({ access }) => access === (action === "publish" ? "write" : "read"));
  };
}

/** As EMQX judges: the first rule that fits. */
function emqxJudge(): Judge {
  const rules = [
    ...file("emqx", "acl.conf").matchAll(
      /^\{(allow|deny), \{username, "([^"]+)"\}, (publish|subscribe), \["([^"]+)"\]\}\.$/gm,
    ),
  ];
  expect(file("emqx", "acl.conf")).toMatch(/\n\{deny, all\}\.\n$/);
  return (who, action, topic) => {
    const first = rules.find(
      ([, , user, what, filter = ""]) => user === who && what === action && matches(filter, topic),
    );
    return first?.[1] === "allow";
  };
}

/** As RabbitMQ judges: one regular expression over the routing key. */
function rabbitmqJudge(): Judge {
  const { topic_permissions: permissions } = JSON.parse(file("rabbitmq", "definitions.json")) as {
    topic_permissions: { user: string; write: string; read: string }[];
  };
  return (who, action, topic) => {
    const own = permissions.find(({ user }) => user === who);
    const pattern = action === "publish" ? own?.write : own?.read;
    return new RegExp(pattern ?? "$.").test(topic.replaceAll("/", "."));
  };
}

const user = fc.constantFrom(...[...USERS.nodes, ...USERS.people].map(({ name }) => name));
const action = fc.constantFrom<Action>("publish", "subscribe");
const level = fc.constantFrom(
  ...["streetnode", "v1", "v2", "berkane", "oujda", "all", "bk-0001", "bk-00012", "ou-0001"],
  ...["up", "down", "data", "state", "command", "config", "time", ""],
);
const ownTopic = fc
  .tuple(
    fc.constantFrom("berkane", "oujda"),
    fc.constantFrom("all", "bk-0001", "bk-00012", "ou-0001", "up"),
    fc.array(level, { maxLength: 3 }),
  )
  .map(([city, node, rest]) => ["streetnode", "v1", city, node, ...rest].join("/"));
const topic = fc.oneof(
  ownTopic,
  fc.array(level, { minLength: 1, maxLength: 6 }).map((l) => l.join("/")),
);

describe("the rules of three kinds of broker", () => {
  it("allow the same, and never a node what is another's", () => {
    const [mosquitto, emqx, rabbitmq] = [mosquittoJudge(), emqxJudge(), rabbitmqJudge()];
    let allowed = 0;
    fc.assert(
      fc.property(user, action, topic, (who, what, where) => {
        // A routing key of RabbitMQ cannot tell an empty last level from none.
        fc.pre(!where.split("/").includes(""));
        const verdict = mosquitto(who, what, where);
        expect(emqx(who, what, where)).toBe(verdict);
        expect(rabbitmq(who, what, where)).toBe(verdict);
        const node = USERS.nodes.find(({ name }) => name === who);
        if (node && verdict) {
          const own = `streetnode/v1/${node.city}/${who}`;
          const below = (root: string) => where === root || where.startsWith(`${root}/`);
          const common = `streetnode/v1/${node.city}/all/down`;
          if (what === "publish") expect(below(`${own}/up`)).toBe(true);
          else expect(below(`${own}/down`) || below(common)).toBe(true);
        }
        if (verdict) allowed++;
      }),
      { numRuns: 5000 },
    );
    expect(allowed).toBeGreaterThan(50);
  });

  it("give EMQX the same hash with the salt as text", () => {
    const rows = file("emqx", "users.csv").trim().split("\n").slice(1);
    expect(rows).toHaveLength(8);
    for (const row of rows) {
      const [name, hash = "", salt = "", superuser] = row.split(",");
      expect(superuser).toBe("false");
      expect(salt).toMatch(/^[A-Za-z0-9+/]{12}$/);
      const known = [...USERS.nodes, ...USERS.people].find((candidate) => candidate.name === name);
      expect(partsOfHash(known?.passwordHash ?? "")).toEqual({ salt, hashHex: hash });
    }
  });

  it("let a node of RabbitMQ have queues of its own name only", () => {
    const { permissions } = JSON.parse(file("rabbitmq", "definitions.json")) as {
      permissions: { user: string; configure: string; read: string }[];
    };
    const own = permissions.find(({ user: name }) => name === "bk-0001");
    const configure = new RegExp(own?.configure ?? "");
    expect(configure.test("mqtt-subscription-bk-0001qos1")).toBe(true);
    expect(configure.test("mqtt-subscription-bk-00012qos1")).toBe(false);
    expect(configure.test("amq.topic")).toBe(false);
    expect(new RegExp(own?.read ?? "").test("other-queue")).toBe(false);
  });
});
