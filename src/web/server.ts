import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { join } from "node:path";
import { nameProblem } from "../../devs/contract/topics";
import { listen, type ListenOptions } from "../net/listen";
import { attentionOf } from "../city/attention";
import type { CityView } from "../city/cityView";
import { PROJECT_FOLDER } from "../projectFolder";
import { EventStream } from "./eventStream";
import type { CitySnapshot } from "./feed";

/** Where a web server is to listen, and what it shows. */
export interface WebServerOptions extends ListenOptions {
  /** Address to listen at; only this machine by default. */
  readonly host?: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** What the pages show. */
  readonly view: CityView;
  /** Where nodes reach the broker, `mqtt://192.168.1.10:1883` say; shown while there is none. */
  readonly broker?: string;
  /** Folder of the built page; `dist/web` by default. */
  readonly folder?: string;
}

/** A running web server. */
export interface WebServer {
  readonly port: number;
  /** Address of the city page. */
  readonly url: string;
  /** Ends every connection and frees the port. */
  close(): Promise<void>;
}

/** Everything comes from this server, and nothing is evaluated or framed. */
const HEADERS = {
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; " +
    "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
};

const FILES: readonly { path: string; file: string; type: string }[] = [
  { path: "/", file: "index.html", type: "text/html; charset=utf-8" },
  { path: "/page.js", file: "page.js", type: "text/javascript; charset=utf-8" },
  { path: "/style.css", file: "style.css", type: "text/css; charset=utf-8" },
];

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/**
 * Serves the city page, `/api/nodes`, `/api/nodes/{node}` and `/events`.
 *
 * @throws PortTakenError
 * @throws Error when the page is not built.
 */
export async function startWebServer(options: WebServerOptions): Promise<WebServer> {
  const { view } = options;
  const host = options.host ?? "127.0.0.1";
  const startedMs = view.now();
  const snapshot = (): CitySnapshot => ({
    city: view.city,
    nowMs: view.now(),
    broker: options.broker ?? null,
    link: { state: "up", sinceMs: startedMs, problem: null },
    nodes: view.nodes(),
    attention: attentionOf(view.nodes(), view.now()),
  });
  const stream = new EventStream(view, snapshot);
  const routes = fileRoutes(options.folder ?? join(PROJECT_FOLDER, "dist", "web"));
  routes.set("/api/nodes", (_, response) => sendJson(response, snapshot()));
  routes.set("/events", (request, response) => stream.serve(request, response));

  const server = createServer((request, response) => {
    for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
    const path = pathOf(request);
    const handler = path === undefined ? undefined : (routes.get(path) ?? nodeRoute(path, view));
    if (!handler) return sendText(response, 404, "There is no such page.");
    if (request.method !== "GET" && request.method !== "HEAD") {
      response.setHeader("allow", "GET, HEAD");
      return sendText(response, 405, "This page can only be read.");
    }
    handler(request, response);
  });
  const port = await listen(server, host, options.port, options);
  return {
    port,
    url: `http://${host.includes(":") ? `[${host}]` : host}:${port}/`,
    close: async () => {
      stream.close();
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

function pathOf(request: IncomingMessage): string | undefined {
  const path = request.url?.split("?", 1)[0];
  return path?.startsWith("/") ? path : undefined;
}

function fileRoutes(folder: string): Map<string, Handler> {
  return new Map(
    FILES.map(({ path, file, type }) => {
      const content = readBuilt(folder, file);
      const etag = `"${createHash("sha256").update(content).digest("base64url").slice(0, 22)}"`;
      return [
        path,
        (request, response) => {
          response.setHeader("etag", etag);
          response.setHeader("cache-control", "no-cache");
          if (request.headers["if-none-match"] === etag) response.writeHead(304).end();
          else send(response, 200, type, content);
        },
      ];
    }),
  );
}

function readBuilt(folder: string, file: string): Buffer {
  try {
    return readFileSync(join(folder, file));
  } catch {
    throw new Error(`the page is not built (${join(folder, file)} is missing): npm run build`);
  }
}

function nodeRoute(path: string, view: CityView): Handler | undefined {
  const prefix = "/api/nodes/";
  const node = path.slice(prefix.length);
  if (!path.startsWith(prefix) || nameProblem(node) !== undefined) return undefined;
  const history = view.history(node);
  return history && ((_, response) => sendJson(response, history));
}

function sendJson(response: ServerResponse, value: object): void {
  response.setHeader("cache-control", "no-store");
  send(response, 200, "application/json", Buffer.from(JSON.stringify(value)));
}

function sendText(response: ServerResponse, status: number, text: string): void {
  send(response, status, "text/plain; charset=utf-8", Buffer.from(`${text}\n`));
}

/** Node leaves the body of an answer to HEAD away by itself. */
function send(response: ServerResponse, status: number, type: string, body: Buffer): void {
  response.writeHead(status, { "content-type": type, "content-length": body.length });
  response.end(body);
}
