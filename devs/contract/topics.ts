/**
 * The topics that a node and the city exchange. Both sides take them from here,
 * so a topic is spelled once.
 */

/** First levels of every topic: product and version of the contract. */
export const TOPIC_ROOT = "streetnode/v1";

/** Last levels of a node's own topics, below `streetnode/v1/{city}/{node}/`. */
export const UP_STATE = "up/state";
export const UP_DATA = "up/data";
export const UP_EVENT = "up/event";
export const UP_HEALTH = "up/health";
export const UP_CONFIG = "up/config";
export const UP_REPLY = "up/reply";
export const UP_LOG = "up/log";
export const DOWN_CONFIG = "down/config";
export const DOWN_COMMAND = "down/command";
/** Where the crew hung the node, retained; empty for a node that hangs nowhere. */
export const DOWN_PLACE = "down/place";

/** Shortest and longest city or node name, in characters. */
export const NAME_MIN_LENGTH = 3;
export const NAME_MAX_LENGTH = 23;

/** The topic of one node, for example `streetnode/v1/berkane/bk-0001/up/data`. */
export function nodeTopic(city: string, node: string, leaf: string): string {
  return TOPIC_ROOT + "/" + city + "/" + node + "/" + leaf;
}

/** The time beacon's topic, which every node of a city reads. */
export function timeTopic(city: string): string {
  return TOPIC_ROOT + "/" + city + "/all/down/time";
}

/**
 * Why `name` cannot be a city or node name, or undefined when it can: 3 to 23
 * characters of a-z, 0-9 and '-'. 23 is the longest client identifier that every
 * MQTT 3.1.1 server must accept (clause 3.1.3.1). `all` is the beacon's level.
 */
export function nameProblem(name: string): string | undefined {
  if (name.length < NAME_MIN_LENGTH || name.length > NAME_MAX_LENGTH)
    return "must have 3 to 23 characters, has " + name.length;
  for (let i = 0; i < name.length; i++) {
    const c = name.charCodeAt(i);
    const ok = (c >= 97 && c <= 122) || (c >= 48 && c <= 57) || c === 45;
    if (!ok) return "may hold only a-z, 0-9 and '-', has '" + name.charAt(i) + "'";
  }
  if (name === "all") return "'all' is reserved for topics that every node reads";
  return undefined;
}
