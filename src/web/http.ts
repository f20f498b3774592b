import type { IncomingMessage, ServerResponse } from "node:http";
import { gzip } from "node:zlib";
import { promisify } from "node:util";
import type { ErrorAnswer } from "./api";

/** A request that is answered with an error. */
export class HttpProblem extends Error {
  override readonly name = "HttpProblem";

  constructor(
    readonly status: number,
    readonly answer: ErrorAnswer,
  ) {
    super(answer.message);
  }
}

/** A request with a member or parameter that is wrong. */
export function badRequest(field: string, expected: string): HttpProblem {
  return new HttpProblem(400, { error: "bad-request", field, message: `${field}: ${expected}` });
}

export function notFound(message: string): HttpProblem {
  return new HttpProblem(404, { error: "not-found", message });
}

const gzipped = promisify(gzip);
/** Shorter answers fit into one packet as they are. */
const GZIP_FROM_BYTES = 1400;

/** Answers with JSON, compressed where that pays and the browser takes it. */
export async function sendJson(
  request: IncomingMessage,
  response: ServerResponse,
  value: object,
): Promise<void> {
  response.setHeader("cache-control", "no-store");
  response.setHeader("vary", "accept-encoding");
  const body = Buffer.from(JSON.stringify(value));
  if (body.length < GZIP_FROM_BYTES || !takesGzip(request))
    return send(response, 200, "application/json", body);
  response.setHeader("content-encoding", "gzip");
  send(response, 200, "application/json", await gzipped(body));
}

/** Whether the browser takes answers in gzip. */
export function takesGzip(request: IncomingMessage): boolean {
  return /\bgzip\b/.test(String(request.headers["accept-encoding"] ?? ""));
}

export function sendProblem(response: ServerResponse, { status, answer }: HttpProblem): void {
  response.setHeader("cache-control", "no-store");
  if (answer.retryS !== undefined) response.setHeader("retry-after", answer.retryS);
  send(response, status, "application/json", Buffer.from(JSON.stringify(answer)));
}

export function sendText(response: ServerResponse, status: number, text: string): void {
  send(response, status, "text/plain; charset=utf-8", Buffer.from(`${text}\n`));
}

/** Node.js leaves the body of an answer to HEAD away by itself. */
export function send(
  response: ServerResponse,
  status: number,
  type: string,
  body: Uint8Array,
): void {
  response.writeHead(status, { "content-type": type, "content-length": body.length });
  response.end(body);
}

/**
 * Reads the body of a request as a JSON object.
 *
 * @throws HttpProblem when it is longer than `maxBytes`, or no JSON object
 */
export async function readJson(
  request: IncomingMessage,
  maxBytes: number,
): Promise<Readonly<Record<string, unknown>>> {
  const tooLarge = new HttpProblem(413, {
    error: "too-large",
    message: `the request has more than ${maxBytes} bytes`,
  });
  if (Number(request.headers["content-length"] ?? 0) > maxBytes) throw tooLarge;
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    length += part.length;
    if (length > maxBytes) throw tooLarge;
    parts.push(part);
  }
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(Buffer.concat(parts)));
  } catch {
    value = undefined;
  }
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw badRequest("body", "expected a JSON object in UTF-8");
  return value as Record<string, unknown>;
}
