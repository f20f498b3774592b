import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { extname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { send, takesGzip } from "./http";

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json",
  ".webmanifest": "application/manifest+json",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".woff2": "font/woff2",
};

/** Pages that have an address of their own beside that of their file. */
const PAGES: Readonly<Record<string, string>> = { "index.html": "/", "field.html": "/field" };

/** Answers a request with one file. */
export type FileHandler = (request: IncomingMessage, response: ServerResponse) => void;

/**
 * The built pages, read once: every file of the folder by its name, and the pages by their address.
 *
 * @throws Error when they are not built
 */
export function builtFiles(folder: string): Map<string, FileHandler> {
  const handlers = new Map<string, FileHandler>();
  for (const file of namesIn(folder)) {
    const type = TYPES[extname(file)];
    if (type === undefined) continue;
    handlers.set(PAGES[file] ?? `/${file}`, fileHandler(readFileSync(join(folder, file)), type));
  }
  return handlers;
}

function namesIn(folder: string): string[] {
  const page = join(folder, "index.html");
  try {
    readFileSync(page);
    return readdirSync(folder);
  } catch {
    throw new Error(`the page is not built (${page} is missing): npm run build`);
  }
}

function fileHandler(content: Buffer, type: string): FileHandler {
  const compressed = gzipSync(content);
  const etag = `"${createHash("sha256").update(content).digest("base64url").slice(0, 22)}"`;
  return (request, response) => {
    response.setHeader("etag", etag);
    response.setHeader("cache-control", "no-cache");
    response.setHeader("vary", "accept-encoding");
    if (request.headers["if-none-match"] === etag) response.writeHead(304).end();
    else if (takesGzip(request)) {
      response.setHeader("content-encoding", "gzip");
      send(response, 200, type, compressed);
    } else send(response, 200, type, content);
  };
}
