import type { BrokerUsers } from "../inventory/inventory";
import { partsOfHash, PASSWORD_ITERATIONS } from "../inventory/password";
import { rulesOf, type Rule } from "./rules";

/**
 * EMQX 5: the rules as a file for its authorization source `file`, and the users as a file
 * for its built-in database.
 */
export function emqxUserFiles(users: BrokerUsers): Map<string, string> {
  const rows = [...users.people, ...users.nodes].map(({ name, passwordHash }) => {
    const { salt, hashHex } = partsOfHash(passwordHash);
    return `${name},${hashHex},${salt},false`;
  });
  return new Map([
    ["acl.conf", acl(users)],
    ["users.csv", ["user_id,password_hash,salt,is_superuser", ...rows, ""].join("\n")],
  ]);
}

/** Erlang terms; the first rule that fits decides. */
function acl(users: BrokerUsers): string {
  const lines = rulesOf(users).flatMap(({ user, rules }) =>
    [...rules].sort(denyFirst).map(({ action, filter, deny }) => {
      const term = [deny ? "deny" : "allow", `{username, "${user}"}`, action, `["${filter}"]`];
      return `{${term.join(", ")}}.`;
    }),
  );
  return [
    "%% Written by Streetnode from its inventory; changes here are lost at the next export.",
    ...lines,
    "{deny, all}.",
    "",
  ].join("\n");
}

function denyFirst(a: Rule, b: Rule): number {
  return Number(b.deny ?? false) - Number(a.deny ?? false);
}

/** The part of EMQX's configuration that uses those files. */
export const EMQX_CONF = `# To be merged into EMQX's own configuration (etc/base.hocon, or etc/emqx.conf before 5.9).
# acl.conf and users.csv go into its etc folder.
authentication = [
  {
    mechanism = password_based
    backend = built_in_database
    user_id_type = username
    password_hash_algorithm { name = pbkdf2, mac_fun = sha512, iterations = ${PASSWORD_ITERATIONS}, dk_length = 64 }
    bootstrap_type = hash
    bootstrap_file = "\${EMQX_ETC_DIR}/users.csv"
  }
]
authorization {
  no_match = deny
  deny_action = ignore
  sources = [{ type = file, enable = true, path = "\${EMQX_ETC_DIR}/acl.conf" }]
}
# Nodes: the user name is the client identifier, so that none can take over another's session.
zones.nodes.mqtt.use_username_as_clientid = true
mqtt.max_packet_size = 64KB
listeners.tcp.default.enable = false
listeners.ws.default.enable = false
listeners.ssl.default {
  bind = 8883
  zone = nodes
  ssl_options { certfile = "\${EMQX_ETC_DIR}/certs/server.crt", keyfile = "\${EMQX_ETC_DIR}/certs/server.key", versions = ["tlsv1.3", "tlsv1.2"] }
}
# People, from the city's own network.
listeners.ssl.people {
  bind = 8884
  ssl_options { certfile = "\${EMQX_ETC_DIR}/certs/server.crt", keyfile = "\${EMQX_ETC_DIR}/certs/server.key", versions = ["tlsv1.3", "tlsv1.2"] }
}
`;
