import {
  DOWN_COMMAND,
  DOWN_CONFIG,
  DOWN_PLACE,
  TOPIC_ROOT,
  UP_CONFIG,
  UP_DATA,
  UP_EVENT,
  UP_HEALTH,
  UP_LOG,
  UP_REPLY,
  UP_STATE,
  timeTopic,
} from "../../devs/contract/topics";

/** A message of the contract: where it goes, and what it looks like. */
export interface ContractMessage {
  /** Name of its type in `devs/contract/messages.ts`. */
  readonly type: string;
  /** Last levels of its topic, below the node's own; of the time beacon, below the city's. */
  readonly leaf: string;
  readonly from: "node" | "city";
  readonly qos: 0 | 1;
  readonly retained: boolean;
  /** Whether the payload is an array of the type: a SenML pack. */
  readonly isPack?: true;
  readonly summary: string;
}

/** Last levels of the time beacon's topic. */
const TIME_LEAF = timeTopic("").slice(`${TOPIC_ROOT}//`.length);

/** Every message of a node and its city. */
export const CONTRACT_MESSAGES: readonly ContractMessage[] = [
  {
    type: "StateMessage",
    leaf: UP_STATE,
    from: "node",
    qos: 1,
    retained: true,
    summary: "Birth message and, as the last will, the offline message",
  },
  {
    type: "SenmlRecord",
    leaf: UP_DATA,
    from: "node",
    qos: 1,
    retained: false,
    isPack: true,
    summary: "Readings: a SenML pack (RFC 8428)",
  },
  {
    type: "EventMessage",
    leaf: UP_EVENT,
    from: "node",
    qos: 1,
    retained: false,
    summary: "An alarm, a sensor fault or a lamp fault, raised or cleared",
  },
  {
    type: "HealthMessage",
    leaf: UP_HEALTH,
    from: "node",
    qos: 0,
    retained: false,
    summary: "Counters of the node",
  },
  {
    type: "ConfigReportMessage",
    leaf: UP_CONFIG,
    from: "node",
    qos: 1,
    retained: true,
    summary: "The configuration in force, and what was refused",
  },
  {
    type: "ReplyMessage",
    leaf: UP_REPLY,
    from: "node",
    qos: 1,
    retained: false,
    summary: "Answer to a command",
  },
  {
    type: "LogMessage",
    leaf: UP_LOG,
    from: "node",
    qos: 1,
    retained: false,
    summary: "Lines of the node's log, for as long as a command asked for them",
  },
  {
    type: "ConfigMessage",
    leaf: DOWN_CONFIG,
    from: "city",
    qos: 1,
    retained: true,
    summary: "The configuration that is wanted, or a part of it",
  },
  {
    type: "CommandMessage",
    leaf: DOWN_COMMAND,
    from: "city",
    qos: 1,
    retained: false,
    summary: "Something to do once",
  },
  {
    type: "PlaceMessage",
    leaf: DOWN_PLACE,
    from: "city",
    qos: 1,
    retained: true,
    summary: "Where the node hangs",
  },
  {
    type: "TimeBeacon",
    leaf: TIME_LEAF,
    from: "city",
    qos: 0,
    retained: false,
    summary: "The city's clock, for every node",
  },
];

/**
 * The contract as an AsyncAPI 3.0 document, seen from the city: it receives what nodes
 * send. `messageSchemas` are the JSON Schemas of the messages by type, with what they are made
 * of as their definitions.
 */
export function asyncApiDocument(
  version: string,
  messageSchemas: ReadonlyMap<string, { readonly definitions?: Record<string, unknown> }>,
): object {
  const definitions = Object.assign(
    {},
    ...[...messageSchemas.values()].map((schema) => schema.definitions ?? {}),
  ) as Record<string, unknown>;
  const schemas = JSON.parse(
    JSON.stringify(definitions).replaceAll("#/definitions/", "#/components/schemas/"),
  ) as Record<string, unknown>;
  const channels: Record<string, object> = {};
  const operations: Record<string, object> = {};
  const messages: Record<string, object> = {};
  for (const { type, leaf, from, qos, retained, isPack, summary } of CONTRACT_MESSAGES) {
    const channel = leaf.replaceAll("/", "-");
    const city = { description: "Name of the city: 3 to 23 characters of a-z, 0-9 and '-'" };
    const node = { description: "Name of the node: 3 to 23 characters of a-z, 0-9 and '-'" };
    const schema = { $ref: `#/components/schemas/${type}` };
    messages[type] = {
      name: type,
      summary,
      contentType: isPack ? "application/senml+json" : "application/json",
      payload: isPack ? { type: "array", items: schema, minItems: 1 } : schema,
    };
    channels[channel] = {
      address: `${TOPIC_ROOT}/{city}/${leaf === TIME_LEAF ? "" : "{node}/"}${leaf}`,
      description: `${summary}. ${retained ? "Retained." : "Not retained."}`,
      parameters: leaf === TIME_LEAF ? { city } : { city, node },
      messages: { [type]: { $ref: `#/components/messages/${type}` } },
    };
    operations[`${from === "node" ? "receive" : "send"}-${channel}`] = {
      action: from === "node" ? "receive" : "send",
      channel: { $ref: `#/channels/${channel}` },
      messages: [{ $ref: `#/channels/${channel}/messages/${type}` }],
      bindings: { mqtt: { qos, retain: retained, bindingVersion: "0.2.0" } },
    };
  }
  return {
    asyncapi: "3.0.0",
    info: {
      title: "Streetnode",
      version,
      description:
        "What nodes on street-light poles and their city exchange over MQTT 3.1.1. Generated from devs/contract/.",
      license: { name: "MIT" },
    },
    defaultContentType: "application/json",
    channels,
    operations,
    components: { messages, schemas },
  };
}
