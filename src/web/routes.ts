import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { readCommand } from "../../devs/contract/command";
import { nameProblem } from "../../devs/contract/topics";
import type { CityView } from "../city/cityView";
import { FieldProblem } from "../city/fields";
import { VisitConflict, type VisitDesk } from "../city/visitDesk";
import { CSV_HEADER, auditCsv, csvLines } from "../history/csv";
import type { History, TimeRange } from "../history/history";
import type { Action } from "../people/roles";
import type { Access, Caller } from "./access";
import {
  EVENTS_MAX,
  PHOTO_MAX_BYTES,
  SERIES_POINTS_MAX,
  type AuditAnswer,
  type AuditLine,
  type CommandAnswer,
  type ConfigAnswer,
  type EventsAnswer,
  type MapAnswer,
  type SeriesAnswer,
  type VisitsAnswer,
} from "./api";
import { HttpProblem, badRequest, notFound, readJson, send, sendJson } from "./http";

/** What the pages of a whole city need beside what is newest. */
export interface CityServices {
  readonly history: History;
  readonly visits: VisitDesk;
  /** Streets and poles. */
  readonly map: () => MapAnswer;
  /** Sends a command and waits for the answer. @throws HttpProblem 503 when there is no broker */
  readonly command: (
    node: string,
    command: Readonly<Record<string, unknown>>,
  ) => Promise<CommandAnswer>;
  /** Newest first. */
  readonly audit: (most: number) => Promise<AuditLine[]>;
}

/** A request on its way. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly query: URLSearchParams;
  readonly caller: Caller;
  /** The parts of the path that `{}` in the route stands for. */
  readonly parameters: readonly string[];
}

/** Something that can be asked for. */
export interface Route {
  readonly method: "GET" | "POST";
  /** `{}` stands for one part of the path. */
  readonly path: string;
  /** What one must be allowed to do; undefined for anybody. */
  readonly action: Action | undefined;
  readonly handle: (exchange: Exchange) => Promise<void> | void;
}

const SMALL_BODY_MAX_BYTES = 4096;
/** The photo in base64 takes a third more, and the rest of a visit a few kilobytes. */
const VISIT_MAX_BYTES = Math.ceil((PHOTO_MAX_BYTES * 4) / 3) + 32 * 1024;
const VISITS_MAX = 500;
const AUDIT_MAX = 1000;
/** Some ten megabytes; years of a city. */
const AUDIT_CSV_MAX = 100_000;
const DAY_MS = 24 * 3600_000;

/** Signing in and out. */
export function accessRoutes(access: Access): Route[] {
  return [
    {
      method: "GET",
      path: "/api/session",
      action: undefined,
      handle: ({ request, response, caller }) =>
        sendJson(request, response, access.session(caller)),
    },
    {
      method: "POST",
      path: "/api/sign-in",
      action: undefined,
      handle: async ({ request, response, caller }) => {
        const fields = await readJson(request, SMALL_BODY_MAX_BYTES);
        await sendJson(request, response, await access.signIn(caller, fields, response));
      },
    },
    {
      method: "POST",
      path: "/api/sign-out",
      action: undefined,
      handle: async ({ request, response, caller }) =>
        sendJson(request, response, await access.signOut(caller, response)),
    },
  ];
}

/** What is newest of one node. */
export function nodeRoutes(view: CityView): Route[] {
  return [
    {
      method: "GET",
      path: "/api/nodes/{}",
      action: "watch",
      handle: async ({ request, response, parameters: [node = ""] }) => {
        const history = nameProblem(node) === undefined ? view.history(node) : undefined;
        if (!history) throw notFound(`no node called ${node} was heard`);
        await sendJson(request, response, history);
      },
    },
    {
      method: "GET",
      path: "/api/nodes/{}/config",
      action: "watch",
      handle: async ({ request, response, parameters: [node = ""] }) => {
        const config = view.configOf(node);
        if (config === undefined) throw notFound(`no node called ${node} was heard`);
        await sendJson(request, response, { config } satisfies ConfigAnswer);
      },
    },
  ];
}

/** The past, the map, commands, visits and the audit log. */
export function cityRoutes(view: CityView, services: CityServices): Route[] {
  const { history, visits } = services;
  return [
    {
      method: "GET",
      path: "/api/nodes/{}/series",
      action: "watch",
      handle: async ({ request, response, query, parameters: [node = ""] }) => {
        const metric = query.get("metric");
        if (metric === null) throw badRequest("metric", "expected a metric");
        const range = rangeOf(query, view.now());
        const series = await history.series(node, metric, range, SERIES_POINTS_MAX);
        if (!series) throw notFound(`${node} never sent ${metric}`);
        await sendJson(request, response, { metric, ...series } satisfies SeriesAnswer);
      },
    },
    {
      method: "GET",
      path: "/api/nodes/{}/events",
      action: "watch",
      handle: async ({ request, response, query, parameters: [node = ""] }) => {
        const events = await history.events(node, rangeOf(query, view.now()), EVENTS_MAX);
        await sendJson(request, response, { events } satisfies EventsAnswer);
      },
    },
    {
      method: "GET",
      path: "/api/history.csv",
      action: "export",
      handle: (exchange) => sendCsv(exchange, history, view.now()),
    },
    {
      method: "GET",
      path: "/api/map",
      action: "watch",
      handle: ({ request, response }) => sendJson(request, response, services.map()),
    },
    {
      method: "POST",
      path: "/api/nodes/{}/command",
      action: "command",
      handle: async ({ request, response, caller, parameters: [node = ""] }) => {
        const command = await readJson(request, SMALL_BODY_MAX_BYTES);
        if (!view.node(node)) throw notFound(`no node called ${node} was heard`);
        checkCommand(command);
        const line = { who: caller.person?.name ?? "", name: node };
        const name = String(command["command"]);
        // Before it is sent: a server that is killed meanwhile has it in its log all the same.
        await history.audit({ ...line, atMs: view.now(), what: "command", detail: name });
        const answer = await services.command(node, command).catch((error: unknown) => error);
        await history.audit({
          ...line,
          atMs: view.now(),
          what: "command-answer",
          detail: `${name}: ${isAnswer(answer) ? answerText(answer) : "not sent"}`,
        });
        if (!isAnswer(answer)) throw answer;
        await sendJson(request, response, answer);
      },
    },
    {
      method: "GET",
      path: "/api/visits",
      action: "visit",
      handle: async ({ request, response, query }) => {
        const node = query.get("node") ?? undefined;
        const found = await history.visits(node, VISITS_MAX);
        await sendJson(request, response, { visits: found } satisfies VisitsAnswer);
      },
    },
    {
      method: "POST",
      path: "/api/visits",
      action: "visit",
      handle: async ({ request, response, caller }) => {
        const fields = await readJson(request, VISIT_MAX_BYTES);
        await sendJson(request, response, await takeVisit(visits, fields, caller));
      },
    },
    {
      method: "GET",
      path: "/api/visits/{}/photo",
      action: "visit",
      handle: async ({ response, parameters: [id = ""] }) => {
        const photo = await history.photo(id);
        if (!photo) throw notFound("there is no such photo");
        response.setHeader("cache-control", "private, max-age=86400");
        send(response, 200, "image/jpeg", photo);
      },
    },
    {
      method: "GET",
      path: "/api/audit",
      action: "audit",
      handle: async ({ request, response }) => {
        const entries = await services.audit(AUDIT_MAX);
        await sendJson(request, response, { entries } satisfies AuditAnswer);
      },
    },
    {
      method: "GET",
      path: "/api/audit.csv",
      action: "audit",
      handle: async ({ response }) => {
        const text = auditCsv(await services.audit(AUDIT_CSV_MAX));
        response.setHeader("cache-control", "no-store");
        response.setHeader("content-disposition", 'attachment; filename="streetnode-audit.csv"');
        send(response, 200, "text/csv; charset=utf-8", Buffer.from(text));
      },
    },
  ];
}

async function takeVisit(
  visits: VisitDesk,
  fields: Readonly<Record<string, unknown>>,
  caller: Caller,
): Promise<object> {
  try {
    return await visits.take(fields, caller.person?.name ?? "");
  } catch (error) {
    if (error instanceof FieldProblem)
      throw new HttpProblem(400, {
        error: "bad-request",
        field: error.field,
        message: error.message,
      });
    if (error instanceof VisitConflict)
      throw new HttpProblem(error.code === "not-found" ? 404 : 409, {
        error: error.code,
        message: error.message,
        ...(error.node === undefined ? {} : { node: error.node }),
      });
    throw error;
  }
}

function isAnswer(answer: unknown): answer is CommandAnswer {
  return !(answer instanceof Error);
}

function answerText({ result, reason }: CommandAnswer): string {
  return reason === undefined ? result : `${result}, ${reason}`;
}

function checkCommand(command: Readonly<Record<string, unknown>>): void {
  const { problem, name } = readCommand(Buffer.from(JSON.stringify({ ...command, id: "check" })));
  if ("id" in command) throw badRequest("id", "is the server's to choose");
  // What it is calibrated against stands with a technician, at the bench.
  if (name === "calibrate") throw badRequest("command", "calibrate is done with the command line");
  const [, field = "command", expected = problem] = /^([^:]+): (.*)$/.exec(problem) ?? [];
  if (problem !== "") throw badRequest(field, expected);
}

async function sendCsv(
  { request, response, query }: Exchange,
  history: History,
  nowMs: number,
): Promise<void> {
  const range = rangeOf(query, nowMs);
  const filter = {
    ...range,
    node: query.get("node") ?? undefined,
    metric: query.get("metric") ?? undefined,
  };
  response.writeHead(200, {
    "content-type": "text/csv; charset=utf-8",
    "content-disposition": 'attachment; filename="streetnode.csv"',
    "cache-control": "no-store",
  });
  if (request.method === "HEAD") {
    response.end();
    return;
  }
  response.write(CSV_HEADER);
  for await (const portion of history.readings(filter)) {
    if (response.destroyed) return;
    if (!response.write(csvLines(portion)))
      await Promise.race([once(response, "drain"), once(response, "close")]);
    // What arrives from the nodes must not wait for the whole of it.
    await new Promise((resolve) => setImmediate(resolve));
  }
  response.end();
}

/** `fromMs` and `toMs`; the last day without them. */
function rangeOf(query: URLSearchParams, nowMs: number): TimeRange {
  const toMs = timeIn(query, "toMs") ?? nowMs + 1;
  const fromMs = timeIn(query, "fromMs") ?? toMs - DAY_MS;
  if (fromMs >= toMs) throw badRequest("fromMs", "expected a time before toMs");
  return { fromMs, toMs };
}

function timeIn(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null) return undefined;
  const timeMs = Number(text);
  if (text.trim() === "" || !Number.isSafeInteger(timeMs) || timeMs < 0)
    throw badRequest(name, "expected milliseconds since 1970");
  return timeMs;
}
