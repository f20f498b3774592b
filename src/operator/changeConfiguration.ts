import type { ConfigReportMessage } from "../../devs/contract/messages";
import { overWishes, type JsonObject } from "../../devs/contract/overlay";
import { checkConfig } from "../../devs/contract/config";
import { DOWN_CONFIG, UP_CONFIG, UP_STATE, nodeTopic } from "../../devs/contract/topics";
import { InputError } from "../inputError";
import { AnswerCollector, type NodeAnswer } from "./answers";
import { CityBook, asReport, readObject, type NodeRecord } from "./cityBook";
import type { OperatorClient } from "./operatorClient";

/** What is wanted of which nodes. */
export interface Change {
  readonly city: string;
  readonly nodes: readonly string[];
  /** A part of a document; `null` puts a value back to its default. */
  readonly part: JsonObject;
  /** How long to wait for the answers, in milliseconds. */
  readonly waitMs: number;
  readonly onProgress?: (answered: number, of: number) => void;
  readonly interrupted?: AbortSignal;
}

/** Longest document that a node takes, in bytes: its limit for a packet, less topic and header. */
const DOCUMENT_MAX_BYTES = 3900;

/**
 * Lays a change over what is wanted of each node, publishes it, and gathers the answers.
 * The document of a node is kept by the broker, so one that is offline takes it when it
 * comes back; where a node refuses, the document before is put back. A node with whose own
 * settings the change does not go together is not asked: that is a refusal, too.
 *
 * @throws InputError when the change goes together with no node's settings: then nothing is sent.
 */
export async function changeConfiguration(
  client: OperatorClient,
  book: CityBook,
  change: Change,
): Promise<NodeAnswer[]> {
  const { city, nodes, part, waitMs } = change;
  const documents = new Map<string, WantedDocument>();
  const problems = new Map<string, string>();
  for (const node of nodes) {
    const next = nextDocument(book.nodes.get(node), part);
    if (typeof next === "string") problems.set(node, next);
    else documents.set(node, next);
  }
  const [first] = problems;
  if (first && documents.size === 0) throw new InputError(first.join(": "));

  const collector = new AnswerCollector(nodes, change.onProgress ?? (() => {}));
  for (const [node, details] of problems)
    collector.take({ node, answer: "refused", details, good: false });
  const stop = client.listen((topic, payload) => {
    for (const node of nodes) {
      if (!collector.waitsFor(node) || topic !== nodeTopic(city, node, UP_CONFIG)) continue;
      const report = asReport(readObject(payload));
      const answer = report && answerOf(node, report, documents.get(node)?.version ?? 0);
      if (answer) collector.take(answer);
    }
  });
  await Promise.all(
    [...documents].map(([node, { text }]) =>
      client.publish(nodeTopic(city, node, DOWN_CONFIG), text, true),
    ),
  );
  // Nobody waits for a node that is known to be away: the broker keeps the document for it.
  for (const node of documents.keys())
    if (book.nodes.get(node)?.online === false) collector.take(missing(book, city, node));
  const answers = await collector.all(
    waitMs,
    (node) => missing(book, city, node),
    change.interrupted,
  );
  stop();
  await Promise.all(
    answers
      .filter(({ node, answer }) => answer === "refused" && documents.has(node))
      .map(({ node }) =>
        client.publish(nodeTopic(city, node, DOWN_CONFIG), documents.get(node)?.before ?? "", true),
      ),
  );
  return answers;
}

/** The document that is to be wanted of a node, and the one before; empty where there was none. */
interface WantedDocument {
  readonly text: string;
  readonly version: number;
  readonly before: string;
}

/** What is to be wanted of a node, or what is wrong with that. */
function nextDocument(record: NodeRecord | undefined, part: JsonObject): WantedDocument | string {
  const { version: wanted, ...before } = record?.desired ?? {};
  const version =
    Math.max(typeof wanted === "number" ? wanted : 0, record?.reported?.version ?? 0) + 1;
  const merged = keepNulls(overWishes(before, part), part);
  const [problem] = checkConfig(merged);
  if (problem) return `${problem.path}: ${problem.reason}`;
  const text = JSON.stringify({ version, ...merged });
  const bytes = Buffer.byteLength(text);
  if (bytes > DOCUMENT_MAX_BYTES)
    return `the document would have ${bytes} bytes, a node takes ${DOCUMENT_MAX_BYTES}`;
  return { text, version, before: record?.desired ? JSON.stringify(record.desired) : "" };
}

/**
 * A document is a part to the node as well: what goes back to its default must be said
 * to it, also when the broker keeps the document for a node that comes back later.
 */
function keepNulls(document: JsonObject, part: JsonObject): JsonObject {
  const result = { ...document };
  for (const [key, value] of Object.entries(part)) {
    if (value === null) result[key] = null;
    else if (isObject(value) && isObject(result[key])) result[key] = keepNulls(result[key], value);
    else if (isObject(value) && result[key] === undefined) result[key] = keepNulls({}, value);
  }
  return result;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function answerOf(
  node: string,
  report: ConfigReportMessage,
  version: number,
): NodeAnswer | undefined {
  if (report.status === "refused" && report.wanted === version) {
    const reasons = (report.refused ?? []).map(({ path, reason }) =>
      path === "" ? reason : `${path}: ${reason}`,
    );
    return { node, answer: "refused", details: reasons.join("; "), good: false };
  }
  if (report.version === version && report.status === "in-force")
    return { node, answer: "applied", details: `version ${version}`, good: true };
  return undefined;
}

function missing(book: CityBook, city: string, node: string): NodeAnswer {
  const record = book.nodes.get(node);
  if (record && !record.online)
    return { node, answer: "offline", details: "takes it when it comes back", good: false };
  const details = record
    ? "is online, but did not answer"
    : `nothing was ever heard of it on ${nodeTopic(city, node, UP_STATE)}`;
  return { node, answer: "no answer", details, good: false };
}
