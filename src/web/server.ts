import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { join } from "node:path";
import { listen, type ListenOptions } from "../net/listen";
import { attentionOf } from "../city/attention";
import type { CityView } from "../city/cityView";
import type { UpdatesView } from "../ota/updatesView";
import { PROJECT_FOLDER } from "../projectFolder";
import { Access, type AccessOptions, type Caller } from "./access";
import { REQUEST_HEADER, REQUEST_HEADER_VALUE, type MapTiles } from "./api";
import { builtFiles } from "./builtFiles";
import { EventStream } from "./eventStream";
import type { CityLink, CitySnapshot } from "./feed";
import { HttpProblem, notFound, sendJson, sendProblem, sendText } from "./http";
import { accessRoutes, cityRoutes, nodeRoutes, type CityServices, type Route } from "./routes";

/** Where a web server is to listen, and what it shows. */
export interface WebServerOptions extends ListenOptions {
  /** Address to listen at; only this machine by default. */
  readonly host?: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** What the pages show. */
  readonly view: CityView;
  /** How the view gets what it shows. Default: all is well. */
  readonly link?: () => CityLink;
  /** How updates over the air go. Default: there are none. */
  readonly updates?: () => UpdatesView;
  /** Where nodes reach the broker, `mqtt://192.168.1.10:1883` say; shown while there is none. */
  readonly broker?: string | undefined;
  /** Folder of the built pages; `dist/web` by default. */
  readonly folder?: string;
  /** Who may sign in. Without it everybody may watch, and nobody do anything else. */
  readonly access?: AccessOptions;
  /** History, map, commands and visits. */
  readonly services?: CityServices;
  /** The one other host from which pages may load pictures. */
  readonly tiles?: MapTiles | undefined;
  /** Certificate with its chain and key, in PEM; plain HTTP without them. */
  readonly tls?: { readonly cert: string; readonly key: string } | undefined;
  /**
   * Address of the reverse proxy before this server: its `X-Forwarded-For` and
   * `X-Forwarded-Proto` are believed, nobody else's.
   */
  readonly trustedProxy?: string | undefined;
}

/** What there is to tell where no gateway runs. */
export const NO_UPDATES: UpdatesView = { rollout: null, rescues: [] };

/** A running web server. */
export interface WebServer {
  readonly port: number;
  /** Address of the city page. */
  readonly url: string;
  /** Ends every connection and frees the port. */
  close(): Promise<void>;
}

/**
 * Sent with every answer, beside the content policy: nothing is framed, and the field page uses
 * camera and position.
 */
const HEADERS = {
  "permissions-policy": "camera=(self), geolocation=(self), microphone=()",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
};

/** What a page may load, and from where (W3C Content Security Policy). */
function contentPolicy(tiles: MapTiles | undefined): string {
  const pictures = tiles ? ` ${new URL(tiles.url).origin}` : "";
  return (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; " +
    `worker-src 'self'; manifest-src 'self'; img-src 'self' data: blob:${pictures}; ` +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
  );
}

/** Browsers come back by TLS only, for a year (RFC 6797). */
const STRICT_TRANSPORT = "max-age=31536000";
/** A whole request has so long to arrive, a photo over a slow network included. */
const REQUEST_TIMEOUT_MS = 120_000;

/**
 * Serves the pages and everything under `/api/`.
 *
 * @throws PortTakenError
 * @throws Error when the pages are not built
 */
export async function startWebServer(options: WebServerOptions): Promise<WebServer> {
  const { view, tls, services } = options;
  const host = options.host ?? "127.0.0.1";
  const startedMs = view.now();
  const link =
    options.link ?? ((): CityLink => ({ state: "up", sinceMs: startedMs, problem: null }));
  const snapshot = (): CitySnapshot => {
    const nodes = view.nodes();
    const { rollout, rescues } = options.updates?.() ?? NO_UPDATES;
    return {
      city: view.city,
      nowMs: view.now(),
      broker: options.broker ?? null,
      link: link(),
      nodes,
      attention: attentionOf(nodes, view.now(), rescues),
      rollout,
    };
  };
  const stream = new EventStream(view, snapshot);
  const access = new Access(options.access);
  const headers = { ...HEADERS, "content-security-policy": contentPolicy(options.tiles) };
  const files = builtFiles(options.folder ?? join(PROJECT_FOLDER, "dist", "web"));
  const routes: readonly Route[] = [
    ...accessRoutes(access),
    {
      method: "GET",
      path: "/api/nodes",
      action: "watch",
      handle: ({ request, response }) => sendJson(request, response, snapshot()),
    },
    {
      method: "GET",
      path: "/events",
      action: "watch",
      handle: ({ request, response, caller }) =>
        stream.serve(request, response, {
          signedIn: caller.person !== undefined,
          mayWatch: () => access.stillMay(caller, "watch"),
        }),
    },
    ...nodeRoutes(view),
    ...(services ? cityRoutes(view, services) : []),
  ];

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    const { address, secure } = originOf(request, options.trustedProxy);
    if (secure) response.setHeader("strict-transport-security", STRICT_TRANSPORT);
    const [path = "", query = ""] = (request.url ?? "").split("?", 2);
    const reads = request.method === "GET" || request.method === "HEAD";
    const file = files.get(path);
    if (file) {
      if (reads) return file(request, response);
      response.setHeader("allow", "GET, HEAD");
      return sendText(response, 405, "This page can only be read.");
    }
    const there = routes.flatMap((route) => {
      const parameters = parametersOf(route.path, path);
      return parameters ? [{ route, parameters }] : [];
    });
    if (there.length === 0) throw notFound("there is no such page");
    const found = there.find(({ route }) =>
      route.method === "GET" ? reads : request.method === route.method,
    );
    if (!found) {
      const methods = there.map(({ route }) => (route.method === "GET" ? "GET, HEAD" : "POST"));
      response.setHeader("allow", methods.join(", "));
      return sendText(response, 405, "That cannot be done here.");
    }
    const { route, parameters } = found;
    if (route.method === "POST") checkHeader(request);
    const caller: Caller = access.caller(request, address, secure);
    if (route.action !== undefined) access.require(caller, route.action);
    await route.handle({
      request,
      response,
      query: new URLSearchParams(query),
      caller,
      parameters,
    });
  };
  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    answer(request, response).catch((error: unknown) => fail(request, response, error));
  };
  const server = tls
    ? createTlsServer({ ...tls, minVersion: "TLSv1.2" }, listener)
    : createServer(listener);
  server.requestTimeout = REQUEST_TIMEOUT_MS;
  const port = await listen(server, host, options.port, options);
  return {
    port,
    url: `${tls ? "https" : "http"}://${host.includes(":") ? `[${host}]` : host}:${port}/`,
    close: async () => {
      stream.close();
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

function fail(request: IncomingMessage, response: ServerResponse, error: unknown): void {
  // A browser that went away in the middle of its request is no fault.
  if (response.destroyed) return;
  if (response.headersSent) {
    response.destroy();
    return;
  }
  // What is left of a body that nobody wants would be taken for the next request.
  if (!request.complete) response.setHeader("connection", "close");
  if (error instanceof HttpProblem) return sendProblem(response, error);
  console.error(`web: ${request.method} ${request.url?.split("?", 1)[0]}: ${String(error)}`);
  sendProblem(response, new HttpProblem(500, { error: "failed", message: "the server failed" }));
}

/** A form or script of another site cannot send this header without being allowed to. */
function checkHeader(request: IncomingMessage): void {
  if (request.headers[REQUEST_HEADER] !== REQUEST_HEADER_VALUE)
    throw new HttpProblem(403, {
      error: "forbidden",
      message: `the header ${REQUEST_HEADER}: ${REQUEST_HEADER_VALUE} is missing`,
    });
}

function originOf(
  request: IncomingMessage,
  trustedProxy: string | undefined,
): { address: string; secure: boolean } {
  const address = (request.socket.remoteAddress ?? "").replace(/^::ffff:(?=\d+\.)/, "");
  if (trustedProxy === undefined || address !== trustedProxy)
    return { address, secure: "encrypted" in request.socket };
  // The last one was written by the proxy itself; those before it came from outside.
  const forwarded = String(request.headers["x-forwarded-for"] ?? "").split(",");
  return {
    address: forwarded.at(-1)?.trim() || address,
    secure: request.headers["x-forwarded-proto"] === "https",
  };
}

/** What `{}` in a route's path stands for, or undefined where the path is another one. */
function parametersOf(route: string, path: string): string[] | undefined {
  const wanted = route.split("/");
  const parts = path.split("/");
  if (wanted.length !== parts.length) return undefined;
  const parameters: string[] = [];
  for (const [i, part] of parts.entries()) {
    if (wanted[i] !== "{}") {
      if (wanted[i] !== part) return undefined;
    } else if (/^[A-Za-z0-9-]{1,64}$/.test(part)) parameters.push(part);
    else return undefined;
  }
  return parameters;
}
