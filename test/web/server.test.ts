import { request, type IncomingHttpHeaders } from "node:http";
import { connect } from "node:net";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { CityView } from "../../src/city/cityView";
import { PortTakenError } from "../../src/net/listen";
import { CHANGE_PERIOD_MS } from "../../src/web/feed";
import { startWebServer, type WebServer } from "../../src/web/server";
import { buildPage, type BuiltPage } from "../support/builtPage";

const NODE = "bk-0001";

let page: BuiltPage;
let view: CityView;
let server: WebServer;

beforeAll(async () => {
  page = await buildPage();
});
afterAll(() => page.remove());
beforeEach(async () => {
  view = new CityView({ city: "berkane" });
  server = await startWebServer({
    port: 0,
    view,
    broker: "mqtt://127.0.0.1:1883",
    folder: page.folder,
  });
});
afterEach(() => server.close());

function read(value: number, metric = "pm25"): void {
  view.reading({ city: "berkane", node: NODE, metric, unit: "", value, timeMs: Date.now() });
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

function ask(path: string, method = "GET", headers: Record<string, string> = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request({ port: server.port, host: "127.0.0.1", path, method, headers });
    asked.on("error", reject);
    asked.on("response", (response) => {
      let body = "";
      response.on("data", (data: Buffer) => (body += data.toString()));
      response.on("end", () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body }),
      );
    });
    asked.end();
  });
}

/** Reads `/events` as a browser does. */
function listenToEvents() {
  const events: { name: string; data: { nodes: { node: string; points: object }[] } }[] = [];
  let text = "";
  const asked = request({ port: server.port, host: "127.0.0.1", path: "/events" });
  const closed = new Promise<void>((resolve) => {
    asked.on("error", () => resolve());
    asked.on("response", (response) => {
      response.on("error", () => resolve());
      response.on("close", () => resolve());
      response.on("data", (data: Buffer) => {
        text += data.toString();
        const blocks = text.split("\n\n");
        text = blocks.pop() ?? "";
        for (const block of blocks) {
          const name = /^event: (.*)$/m.exec(block)?.[1] ?? "";
          events.push({ name, data: JSON.parse(/^data: (.*)$/m.exec(block)?.[1] ?? "null") });
        }
      });
    });
  });
  asked.end();
  return { events, closed, hangUp: () => asked.destroy() };
}

describe("the web server", () => {
  it.each([
    ["/", "text/html", "<!doctype html>"],
    ["/?x=1", "text/html", "<!doctype html>"],
    ["/page.js", "text/javascript", ""],
    ["/style.css", "text/css", ":root"],
    ["/api/nodes", "application/json", '"city":"berkane"'],
  ])("serves %s with a strict policy", async (path, type, start) => {
    const { status, headers, body } = await ask(path);
    expect(status).toBe(200);
    expect(headers["content-type"]).toContain(type);
    expect(body).toContain(start);
    expect(headers["content-security-policy"]).toContain("default-src 'none'; script-src 'self'");
    expect(headers["x-content-type-options"]).toBe("nosniff");
    const head = await ask(path, "HEAD");
    expect(head.status).toBe(200);
    expect(head.body).toBe("");
    expect(head.headers["content-type"]).toBe(headers["content-type"]);
  });

  it.each(["/page.js", "/field.js"])("keeps the script %s under 100 KB", async (path) => {
    expect(Buffer.byteLength((await ask(path)).body)).toBeLessThan(100_000);
  });

  it("says that a file is still the same", async () => {
    const { headers } = await ask("/page.js");
    const again = await ask("/page.js", "GET", { "if-none-match": String(headers.etag) });
    expect(again.status).toBe(304);
    expect(again.body).toBe("");
  });

  it.each([
    "/nothing",
    "/../package.json",
    "/%2e%2e/package.json",
    "/index.html/",
    "/api/nodes/",
    "/api/nodes/bk-9999",
    "/api/nodes/__proto__",
    "//example.org/",
  ])("answers 404 to %s", async (path) => {
    expect((await ask(path)).status).toBe(404);
  });

  it.each(["POST", "PUT", "DELETE", "OPTIONS"])("answers 405 to %s", async (method) => {
    const { status, headers } = await ask("/api/nodes", method);
    expect(status).toBe(405);
    expect(headers["allow"]).toBe("GET, HEAD");
  });

  it("survives what is no HTTP", async () => {
    await new Promise((resolve) => {
      const socket = connect(server.port, "127.0.0.1", () =>
        socket.write("\x00\xff nonsense\r\n\r\n"),
      );
      socket.on("data", () => {});
      socket.on("close", resolve);
    });
    expect((await ask("/")).status).toBe(200);
  });

  it("gives the nodes without their history, and one node with it", async () => {
    read(1);
    read(2);
    const snapshot = JSON.parse((await ask("/api/nodes")).body);
    expect(snapshot).toMatchObject({
      city: "berkane",
      broker: "mqtt://127.0.0.1:1883",
      nodes: [{ node: NODE, metrics: { pm25: { value: 2, decimals: 1 } } }],
    });
    expect(snapshot.nodes[0].history).toBeUndefined();
    const node = JSON.parse((await ask(`/api/nodes/${NODE}`)).body);
    expect(node.history.pm25.map(([, value]: [number, number]) => value)).toEqual([1, 2]);
  });

  it("says which port is taken, or takes another when it may", async () => {
    const options = { port: server.port, view, folder: page.folder };
    await expect(startWebServer(options)).rejects.toThrow(PortTakenError);
    const other = await startWebServer({ ...options, alternatives: 20 });
    expect(other.port).toBeGreaterThan(server.port);
    await other.close();
  });

  it("says that the page is not built", async () => {
    await expect(startWebServer({ port: 0, view, folder: "/nowhere" })).rejects.toThrow(
      "the page is not built (/nowhere/index.html is missing): npm run build",
    );
  });
});

describe("/events", () => {
  it("opens with the whole city and goes on with what changes, gathered", async () => {
    read(1);
    const { events, hangUp } = listenToEvents();
    await vi.waitFor(() => expect(events).toHaveLength(1));
    expect(events[0]).toMatchObject({ name: "snapshot", data: { nodes: [{ node: NODE }] } });
    for (let i = 0; i < 500; i++) read(i, i % 2 ? "pm25" : "pm10");
    await vi.waitFor(() => expect(events).toHaveLength(2));
    expect(events[1].name).toBe("change");
    const { points } = events[1].data.nodes[0] as { points: Record<string, unknown[]> };
    expect([points["pm25"].length, points["pm10"].length]).toEqual([250, 250]);
    hangUp();
  });

  it("says that it is alive when nothing changes", async () => {
    const { events, hangUp } = listenToEvents();
    await vi.waitFor(() => expect(events.map(({ name }) => name)).toContain("alive"), 10_000);
    expect(events.map(({ name }) => name)).toEqual(["snapshot", "alive"]);
    hangUp();
  });

  it("cuts off who does not read, and nobody else", async () => {
    const socket = connect(server.port, "127.0.0.1");
    socket.on("error", () => {});
    const cut = new Promise((resolve) => socket.on("close", resolve));
    socket.write("GET /events HTTP/1.1\r\nHost: x\r\n\r\n");
    await new Promise((resolve) => socket.once("data", resolve));
    socket.pause();
    const reader = listenToEvents();
    let i = 0;
    const timer = setInterval(() => {
      for (let n = 0; n < 64 * 1800; n++) read(++i, `metric${n % 64}`);
    }, CHANGE_PERIOD_MS);
    // A paused socket sees no end: once the server has let go, resuming it shows the end.
    await vi.waitFor(() => expect(reader.events.length).toBeGreaterThan(8), 60_000);
    clearInterval(timer);
    socket.resume();
    await cut;
    reader.hangUp();
  }, 90_000);

  it("lets only so many in", async () => {
    const many = Array.from({ length: 200 }, () => listenToEvents());
    await vi.waitFor(
      () => expect(many.every(({ events }) => events.length > 0)).toBe(true),
      10_000,
    );
    expect((await ask("/events")).status).toBe(503);
    many[0].hangUp();
    await vi.waitFor(async () => expect((await ask("/events", "HEAD")).status).toBe(200));
    for (const one of many) one.hangUp();
  });

  it("ends with the server", async () => {
    const { events, closed } = listenToEvents();
    await vi.waitFor(() => expect(events).toHaveLength(1), 10_000);
    await server.close();
    await closed;
  });
});
