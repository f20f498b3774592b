import { join } from "node:path";
import type { BrokerUser, BrokerUsers } from "../inventory/inventory";
import { rulesOf, type Rule } from "./rules";

/** Names of the files. */
export const MOSQUITTO_CONF = "mosquitto.conf";
const ACL = "acl";
const PASSWORDS = "passwords";
const PEOPLE_PASSWORDS = "people-passwords";

/** What can differ between one city's Mosquitto and another's. */
export interface MosquittoSettings {
  /** The folder with these files on the broker's machine, absolute. */
  readonly folder: string;
  /** The certificate with its chain, and its key, on the broker's machine. */
  readonly certificateFile: string;
  readonly keyFile: string;
  /** TCP ports: for nodes, for people, and for people's browsers (none without it). */
  readonly nodesPort: number;
  readonly peoplePort: number;
  readonly webSocketsPort?: number | undefined;
  /** How many nodes may be connected at once. */
  readonly maxNodes: number;
}

/** The files of users and rights, which Mosquitto reads again on SIGHUP. */
export function mosquittoUserFiles(users: BrokerUsers): Map<string, string> {
  // The rights first: who is let in without any may do nothing.
  return new Map([
    [ACL, aclFile(users)],
    [PASSWORDS, passwordFile([...users.people, ...users.nodes])],
    [PEOPLE_PASSWORDS, passwordFile(users.people)],
  ]);
}

/** One line a user, as mosquitto_passwd writes it. */
function passwordFile(users: readonly BrokerUser[]): string {
  return users.map(({ name, passwordHash }) => `${name}:${passwordHash}\n`).join("");
}

function aclFile(users: BrokerUsers): string {
  const blocks = rulesOf(users).map(({ user, rules }) =>
    [`user ${user}`, ...rules.map(aclLine)].join("\n"),
  );
  const head = `# Written by Streetnode from its inventory; changes here are lost at the next export.
# What no line allows is refused.`;
  return [head, ...blocks, ""].join("\n\n");
}

function aclLine({ action, filter, deny }: Rule): string {
  const access = deny ? "deny" : action === "publish" ? "write" : "read";
  return `topic ${access} ${filter}`;
}

/** `mosquitto.conf` for Mosquitto 2, complete. */
export function mosquittoConf(settings: MosquittoSettings): string {
  const { folder, nodesPort, peoplePort, webSocketsPort, maxNodes } = settings;
  const tls = `certfile ${settings.certificateFile}
keyfile ${settings.keyFile}
tls_version tlsv1.2`;
  const rights = `allow_anonymous false
acl_file ${join(folder, ACL)}`;
  const webSockets =
    webSocketsPort === undefined
      ? ""
      : `
# For people's browsers: the same over WebSockets. Remove it when Mosquitto says at its start
# that it was built without them.
listener ${webSocketsPort}
protocol websockets
${tls}
${rights}
password_file ${join(folder, PEOPLE_PASSWORDS)}
max_connections 200
`;
  return `# Mosquitto 2 for the street nodes of a city. Written by: streetnode broker --mosquitto

# Each listener has its own users and rules.
per_listener_settings true

# Sessions, retained messages and what waits for a client outlive a restart. They are written
# when Mosquitto ends, and every so many seconds for the case that it does not end well.
persistence true
persistence_location ${join(folder, "data")}/
autosave_interval 60
# A node that was away for longer comes back to a new session. Nobody waits for a node for ever.
persistent_client_expiration 30d

# A node's packets stay below 4 KiB, and it has at most 8 messages under way.
max_packet_size 65536
max_inflight_messages 20
# What is held for one client that is away. The city's server is the one that counts: 300 nodes
# send some 500,000 messages a day, and none is lost while it is away for that long.
max_queued_messages 500000
max_queued_bytes 536870912
# Nagle's algorithm would hold acknowledgements back.
set_tcp_nodelay true

# What changed, not every message. systemd's journal keeps it.
log_dest stderr
log_type error
log_type warning
log_type notice
log_type information
connection_messages true
pid_file ${join(folder, "mosquitto.pid")}

# For nodes, from the street. The user name is taken for the client identifier, whatever the
# client says: otherwise a node with a password of its own could push another one off the broker
# and take over its session by that one's name. (People have one connection here, too.)
listener ${nodesPort}
${tls}
${rights}
password_file ${join(folder, PASSWORDS)}
use_username_as_clientid true
allow_zero_length_clientid false
max_connections ${maxNodes}

# For the centre and the crews: no node can sign in here, and one account may have several
# connections. Let the firewall open it to the city's own network only.
listener ${peoplePort}
${tls}
${rights}
password_file ${join(folder, PEOPLE_PASSWORDS)}
max_connections 200
${webSockets}`;
}
