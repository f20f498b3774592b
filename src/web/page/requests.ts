import { REQUEST_HEADER, REQUEST_HEADER_VALUE, type ErrorAnswer } from "../api";

/** The server refused something, or could not be reached. */
export class RequestProblem extends Error {
  override readonly name = "RequestProblem";
  /** HTTP status; 0 where no answer came. */
  readonly status: number;
  /** What the server said of it, where it said something. */
  readonly answer: ErrorAnswer | undefined;

  constructor(status: number, answer?: ErrorAnswer) {
    super(answer?.message ?? `status ${status}`);
    this.status = status;
    this.answer = answer;
  }
}

/** A server that says nothing for so long is not reached. */
const TIMEOUT_MS = 30_000;

/**
 * Asks the server for something.
 *
 * @throws RequestProblem
 */
export function getJson<T>(path: string): Promise<T> {
  return request<T>(path, {});
}

/**
 * Tells the server something.
 *
 * @throws RequestProblem
 */
export function postJson<T>(path: string, body: object): Promise<T> {
  return request<T>(path, {
    method: "POST",
    headers: { "content-type": "application/json", [REQUEST_HEADER]: REQUEST_HEADER_VALUE },
    body: JSON.stringify(body),
  });
}

async function request<T>(path: string, init: RequestInit): Promise<T> {
  let response: Response;
  let text: string;
  try {
    response = await fetch(path, { ...init, signal: AbortSignal.timeout(TIMEOUT_MS) });
    text = await response.text();
  } catch {
    throw new RequestProblem(0);
  }
  const answer = parsed(text);
  if (!response.ok) throw new RequestProblem(response.status, answer as ErrorAnswer | undefined);
  if (answer === undefined) throw new RequestProblem(0);
  return answer as T;
}

/** Undefined for what is no JSON, such as the page of a proxy. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
