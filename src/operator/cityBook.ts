import {
  DOWN_CONFIG,
  TOPIC_ROOT,
  UP_CONFIG,
  UP_STATE,
  nodeTopic,
} from "../../devs/contract/topics";
import type { ConfigReportMessage } from "../../devs/contract/messages";
import { InputError } from "../inputError";
import type { OperatorClient } from "./operatorClient";

/** What the broker keeps of a node. */
export interface NodeRecord {
  readonly node: string;
  /** Whether its last word was that it is online. */
  online: boolean;
  /** The configuration it reported last. */
  reported?: ConfigReportMessage;
  /** The document that is wanted of it. */
  desired?: Record<string, unknown>;
}

/** The nodes of a city as their retained messages show them. */
export class CityBook {
  readonly nodes = new Map<string, NodeRecord>();
  readonly #city: string;

  private constructor(city: string) {
    this.#city = city;
  }

  /** Reads the retained messages of a city, and goes on reading. */
  static async open(client: OperatorClient, city: string): Promise<CityBook> {
    const book = new CityBook(city);
    client.listen((topic, payload) => book.#take(topic, payload));
    await client.subscribe(
      [UP_STATE, UP_CONFIG, DOWN_CONFIG].map((leaf) => `${TOPIC_ROOT}/${city}/+/${leaf}`),
    );
    return book;
  }

  /**
   * The nodes that names and patterns mean, in their order; `*` in a pattern stands for
   * any characters. A name that nothing is known of is taken as it is: the node may be new.
   *
   * @throws InputError when a pattern matches no node.
   */
  select(patterns: readonly string[]): string[] {
    const chosen = new Set<string>();
    for (const pattern of patterns) {
      if (!pattern.includes("*")) {
        chosen.add(pattern);
        continue;
      }
      const expression = namePattern(pattern);
      const found = [...this.nodes.keys()].filter((node) => expression.test(node)).sort();
      if (found.length === 0)
        throw new InputError(
          `${pattern} matches none of the ${this.nodes.size} nodes of ${this.#city}`,
        );
      for (const node of found) chosen.add(node);
    }
    return [...chosen];
  }

  /** Whether a node's last word was that it is online. */
  isOnline(node: string): boolean {
    return this.nodes.get(node)?.online ?? false;
  }

  #take(topic: string, payload: Buffer): void {
    const [, , city, node, ...leaf] = topic.split("/");
    if (city !== this.#city || node === undefined) return;
    const message = readObject(payload);
    const record = this.nodes.get(node) ?? { node, online: false };
    if (topic === nodeTopic(city, node, UP_STATE)) record.online = message?.["state"] === "online";
    else if (topic === nodeTopic(city, node, UP_CONFIG)) {
      const report = asReport(message);
      if (report) record.reported = report;
    } else if (leaf.join("/") === DOWN_CONFIG) {
      if (message) record.desired = message;
      else delete record.desired;
      // What is wanted of a node does not show that there is one.
      if (!this.nodes.has(node) && !message) return;
    }
    this.nodes.set(node, record);
  }
}

/** A payload as a JSON object, or undefined. */
export function readObject(payload: Buffer): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(payload.toString("utf8"));
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

/** A message as a report of `up/config`, or undefined where it is none. */
export function asReport(
  message: Record<string, unknown> | undefined,
): ConfigReportMessage | undefined {
  if (!message) return undefined;
  const { version, status, config } = message;
  const good =
    typeof version === "number" &&
    typeof status === "string" &&
    typeof config === "object" &&
    config !== null;
  return good ? (message as unknown as ConfigReportMessage) : undefined;
}

/** What a pattern of names matches; `*` stands for any characters. */
export function namePattern(pattern: string): RegExp {
  const parts = pattern.split("*").map((part) => part.replace(/[^a-z0-9-]/g, "\\$&"));
  return new RegExp(`^${parts.join(".*")}$`);
}
