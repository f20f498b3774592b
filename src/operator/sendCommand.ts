import { randomBytes } from "node:crypto";
import { DOWN_COMMAND, UP_REPLY, nodeTopic } from "../../devs/contract/topics";
import { AnswerCollector, type NodeAnswer } from "./answers";
import { readObject } from "./cityBook";
import type { MessageListener } from "./operatorClient";

/** The connection that a command goes over. */
export interface CommandConnection {
  /** Calls `listener` for each message that comes, until the function that is returned is called. */
  listen(listener: MessageListener): () => void;
  subscribe(filters: readonly string[]): Promise<void>;
  publish(topic: string, payload: string, retain: boolean): Promise<void>;
}

/** Tells why a node may be silent. */
export interface Presence {
  isOnline(node: string): boolean;
}

/** A command for some nodes. */
export interface CommandRequest {
  readonly city: string;
  readonly nodes: readonly string[];
  /** Name of the command, and what it takes: `{"command":"identify","seconds":30}`. */
  readonly command: Readonly<Record<string, unknown>>;
  readonly waitMs: number;
  /** Of the command, where the sender needs to know it before. */
  readonly id?: string;
  /** Who sends it, for the city's audit log; the command's id begins with it. */
  readonly by?: string | undefined;
  readonly onProgress?: (answered: number, of: number) => void;
  readonly interrupted?: AbortSignal;
}

/** An id that nothing else has. */
export function commandId(by?: string): string {
  const id = randomBytes(6).toString("hex");
  return by ? `${by}:${id}` : id;
}

/** Sends a command to each node and gathers what they answer. */
export async function sendCommand(
  client: CommandConnection,
  presence: Presence,
  request: CommandRequest,
): Promise<NodeAnswer[]> {
  const { city, nodes, command, waitMs } = request;
  const id = request.id ?? commandId(request.by);
  const collector = new AnswerCollector(nodes, request.onProgress ?? (() => {}));
  const stop = client.listen((topic, payload) => {
    const node = topic.split("/")[3];
    if (node === undefined || topic !== nodeTopic(city, node, UP_REPLY)) return;
    const reply = readObject(payload);
    if (reply?.["id"] !== id || typeof reply["result"] !== "string") return;
    collector.take({
      node,
      answer: reply["result"],
      details: details(reply),
      good: reply["result"] !== "refused" && !failed(reply),
    });
  });
  await client.subscribe(nodes.map((node) => nodeTopic(city, node, UP_REPLY)));
  await Promise.all(
    nodes.map((node) =>
      client.publish(
        nodeTopic(city, node, DOWN_COMMAND),
        JSON.stringify({ id, ...command }),
        false,
      ),
    ),
  );
  const answers = await collector.all(
    waitMs,
    (node) => ({
      node,
      answer: "no answer",
      details: presence.isOnline(node) ? "is online, but did not answer" : "is offline",
      good: false,
    }),
    request.interrupted,
  );
  stop();
  return answers;
}

/** Checks of a self-test; one that failed is written `name=reason`. */
function checksOf(reply: Record<string, unknown>): string[] {
  const checks = reply["checks"];
  return Array.isArray(checks) ? checks.map(String) : [];
}

function failed(reply: Record<string, unknown>): boolean {
  return checksOf(reply).some((check) => check.includes("="));
}

function details(reply: Record<string, unknown>): string {
  const reason = reply["reason"];
  const checks = checksOf(reply);
  const bad = checks.filter((check) => check.includes("="));
  const parts = [
    typeof reason === "string" ? reason : "",
    checks.length === 0
      ? ""
      : bad.length === 0
        ? `${checks.length} checks passed`
        : `${bad.length} of ${checks.length} checks failed: ${bad.join(", ")}`,
    reply["repeated"] === true ? "came twice, done once" : "",
  ];
  return parts.filter((part) => part !== "").join("; ");
}
