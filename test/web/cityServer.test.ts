import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request as httpsRequest } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectAsync } from "mqtt";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Broker } from "../../src/broker/broker";
import { mapOf } from "../../src/city/mapFile";
import { Inventory } from "../../src/inventory/inventory";
import { ROLES, actionsOf, type Action, type Role } from "../../src/people/roles";
import type {
  AuditLine,
  CommandAnswer,
  MapAnswer,
  VisitRequest,
  VisitsAnswer,
} from "../../src/web/api";
import { startCityServer, type CityServer, type CityServerOptions } from "../../src/web/cityServer";
import { selfSignedCertificate } from "../support/certificate";
import { quickHash } from "../support/quickHash";
import { ScriptedNode } from "../support/scriptedNode";

const CITY = "berkane";
const PASSWORD = "a password for tests";
const START_MS = Date.UTC(2026, 5, 1, 12);
/** Longest wait for something that takes a second on an idle machine. */
const PATIENCE_MS = 20_000;
const JPEG = Buffer.from([0xff, 0xd8, 0xff, 0xe0, 1, 2, 3]);

const signIn = quickHash(PASSWORD);
let folder: string;
let broker: Broker;
let brokerPort: number;
let inventory: Inventory;
let server: CityServer;
let nowMs: number;
let problems: string[];
const nodes: ScriptedNode[] = [];

beforeEach(async () => {
  nowMs = START_MS;
  problems = [];
  folder = mkdtempSync(join(tmpdir(), "streetnode-city-"));
  inventory = new Inventory(join(folder, "inventory.db"), "tester", () => nowMs);
  inventory.create();
  for (const role of ROLES) inventory.addSignIn(role, role, signIn);
  broker = await Broker.start();
  brokerPort = await broker.listenTcp("127.0.0.1", 0);
  server = await start();
});

afterEach(async () => {
  for (const node of nodes.splice(0)) await node.close();
  await server.close();
  await broker.close();
  rmSync(folder, { recursive: true, force: true });
});

async function start(more: Partial<CityServerOptions> = {}): Promise<CityServer> {
  const started = await startCityServer({
    city: CITY,
    broker: { host: "127.0.0.1", port: brokerPort, tls: false },
    brokerUrl: "mqtt://127.0.0.1",
    historyFile: join(folder, "city.db"),
    inventory,
    map: mapOf({
      type: "FeatureCollection",
      features: [
        feature({ name: "Rue 1" }, "LineString", [
          [-2.3, 34.9],
          [-2.31, 34.91],
        ]),
        feature({ pole: "P-1" }, "Point", [-2.3, 34.9]),
        feature({ ref: 17 }, "Point", [-2.301, 34.9]),
        feature({ name: "a mosque" }, "Point", [-2.302, 34.9]),
      ],
    }),
    keepDays: 30,
    publicView: false,
    host: "127.0.0.1",
    port: 0,
    folder: emptyPages(),
    onProblem: (problem) => problems.push(problem),
    now: () => nowMs,
    ...more,
  });
  await started.connected;
  return started;
}

async function restart(more: Partial<CityServerOptions> = {}): Promise<void> {
  await server.close();
  server = await start(more);
}

function emptyPages(): string {
  const pages = mkdtempSync(join(folder, "pages-"));
  writeFileSync(join(pages, "index.html"), "<!doctype html>");
  writeFileSync(join(pages, "field.html"), "<!doctype html><title>field</title>");
  return pages;
}

function feature(properties: object, type: string, coordinates: unknown): object {
  return { type: "Feature", properties, geometry: { type, coordinates } };
}

async function node(name = "bk-0001"): Promise<ScriptedNode> {
  const made = await ScriptedNode.connect(`mqtt://127.0.0.1:${brokerPort}`, name);
  nodes.push(made);
  await vi.waitFor(
    async () => expect((await anybody(`/api/nodes/${name}`)).status).not.toBe(404),
    PATIENCE_MS,
  );
  return made;
}

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- what an answer holds is the test's to say
  readonly json: any;
  readonly text: string;
}

type Ask = (path: string, body?: object, headers?: Record<string, string>) => Promise<Answer>;

async function ask(
  path: string,
  body: object | undefined,
  headers: Record<string, string>,
): Promise<Answer> {
  const response = await fetch(new URL(path, server.url), {
    headers: { ...(body ? { "x-streetnode": "1" } : {}), ...headers },
    ...(body ? { method: "POST", body: JSON.stringify(body) } : {}),
  });
  const text = await response.text();
  const isJson = response.headers.get("content-type") === "application/json";
  return {
    status: response.status,
    headers: response.headers,
    text,
    json: isJson ? JSON.parse(text) : undefined,
  };
}

const anybody: Ask = (path, body, headers = {}) => ask(path, body, headers);

async function as(role: Role): Promise<Ask> {
  const { status, headers } = await anybody("/api/sign-in", { name: role, password: PASSWORD });
  expect(status).toBe(200);
  const cookie = (headers.get("set-cookie") ?? "").split(";")[0] ?? "";
  return (path, body, more = {}) => ask(path, body, { cookie, ...more });
}

let ids = 0;
function visit(more: Partial<VisitRequest> = {}): VisitRequest {
  return {
    id: `00000000-0000-4000-8000-${String(++ids).padStart(12, "0")}`,
    kind: "accept",
    node: "bk-0001",
    pole: "P-1",
    lat: 34.9001,
    lon: -2.3001,
    atMs: nowMs,
    checks: [{ name: "online", state: "pass" }],
    ...more,
  };
}

describe("what a role may not do", () => {
  const requests: readonly [action: Action, path: string, body?: () => object][] = [
    ["watch", "/api/nodes"],
    ["watch", "/api/nodes/bk-0001"],
    ["watch", "/api/nodes/bk-0001/config"],
    ["watch", "/api/nodes/bk-0001/events"],
    ["watch", "/api/nodes/bk-0001/series?metric=pm25"],
    ["watch", "/api/map"],
    ["export", "/api/history.csv"],
    ["command", "/api/nodes/bk-0001/command", () => ({ command: "identify" })],
    ["visit", "/api/visits"],
    ["visit", "/api/visits", () => visit()],
    ["visit", "/api/visits/00000000-0000-4000-8000-999999999999/photo"],
    ["audit", "/api/audit"],
    ["audit", "/api/audit.csv"],
  ];

  it("is refused by the server, request by request and role by role", async () => {
    const one = await node();
    await one.read(1, nowMs);
    const viewer = await as("viewer");
    const series = "/api/nodes/bk-0001/series?metric=pm25";
    await vi.waitFor(async () => expect((await viewer(series)).status).toBe(200), PATIENCE_MS);
    for (const role of [undefined, ...ROLES]) {
      const asker = role ? await as(role) : anybody;
      const may = actionsOf(role, false);
      expect((await asker("/api/session")).json).toEqual({
        user: role ? { name: role, role } : null,
        publicView: false,
        may,
      });
      for (const [action, path, body] of requests) {
        const { status, json } = await asker(path, body?.());
        const what = `${role} ${body ? "POST" : "GET"} ${path}: ${JSON.stringify(json)}`;
        if (may.includes(action)) expect([200, 404], what).toContain(status);
        else
          expect([status, json.error], what).toEqual(role ? [403, "forbidden"] : [401, "sign-in"]);
      }
    }
    expect((await anybody("/events")).status).toBe(401);
    // And nothing of what was refused was done.
    expect(one.commands).toHaveLength(3);
    const crew = await as("crew");
    expect((await crew("/api/visits")).json.visits).toHaveLength(3);
  });

  it("is little more than watching where the view is public", async () => {
    await restart({ publicView: true });
    const made = await node();
    await made.event({ event: "sensor-fault", chip: "sen55", reason: "no-answer" });
    await vi.waitFor(async () => {
      const { json } = await anybody("/api/nodes");
      expect(json.attention).toMatchObject([{ node: "bk-0001", kind: "visit", subject: "sen55" }]);
    });
    expect((await anybody("/api/history.csv")).status).toBe(401);
    expect((await anybody("/api/visits", visit())).status).toBe(401);
  });

  it("is never to keep out who works here, however many of the public watch", async () => {
    await restart({ publicView: true });
    const leave = new AbortController();
    const url = () => new URL("/events", server.url);
    const watch = (headers = {}) => fetch(url(), { headers, signal: leave.signal });
    // Kept, since a stream that nobody holds any more is closed.
    const crowd = await Promise.all(Array.from({ length: 200 }, () => watch()));
    expect((await watch()).status).toBe(503);
    expect((await watch({ cookie: await cookieOf("operator") })).status).toBe(200);
    expect(crowd.map(({ status }) => status)).toEqual(crowd.map(() => 200));
    leave.abort();
  });

  it("is anything at all for another site's form, or with a session that has ended", async () => {
    const crew = await as("crew");
    expect((await crew("/api/sign-out", {}, { "x-streetnode": "0" })).status).toBe(403);
    expect((await crew("/api/visits")).status).toBe(200);
    expect((await crew("/api/sign-out", {})).json.user).toBeNull();
    expect((await crew("/api/visits")).status).toBe(401);
    const other = await as("crew");
    inventory.removePerson("crew");
    expect((await other("/api/visits")).status).toBe(401);
  });
});

describe("signing in", () => {
  it("sets a cookie that no script reads and no other site sends", async () => {
    const { headers } = await anybody("/api/sign-in", { name: "crew", password: PASSWORD });
    expect(headers.get("set-cookie")).toMatch(
      /^streetnode=[\w-]{43}; Path=\/; Max-Age=604800; HttpOnly; SameSite=Strict$/,
    );
    expect(headers.get("permissions-policy")).toContain("camera=(self), geolocation=(self)");
    expect((await anybody("/field")).text).toContain("field");
  });

  it("is refused without a word on which of the two was wrong, and limited", async () => {
    const wrong = { name: "crew", password: "wrong" };
    for (let i = 0; i < 5; i++)
      expect(
        (await anybody("/api/sign-in", i % 2 ? wrong : { ...wrong, name: "no-one" })).json,
      ).toEqual({ error: "sign-in", message: "name and password do not fit" });
    for (let i = 0; i < 3; i++) await anybody("/api/sign-in", wrong);
    const right = { name: "crew", password: PASSWORD };
    const limited = await anybody("/api/sign-in", right);
    expect([limited.status, limited.json.error, limited.headers.get("retry-after")]).toEqual([
      429,
      "too-many",
      "60",
    ]);
    nowMs += 60_000;
    expect((await anybody("/api/sign-in", right)).status).toBe(200);
    const { entries } = (await (await as("operator"))("/api/audit")).json;
    const whats = entries.map(({ who, what }: { who: string; what: string }) => `${who} ${what}`);
    expect(whats).toContain("crew sign-in-refused");
    expect(whats).toContain("crew sign-in");
    expect(whats).toContain("- sign-in-refused");
    // What was done to the inventory stands in the same list.
    expect(whats).toContain("tester person-added");
  });

  it("takes the client's address and TLS from the trusted proxy only", async () => {
    const forwarded = {
      "x-forwarded-proto": "https",
      "x-forwarded-for": "198.51.100.7, 192.0.2.1",
    };
    const body = { name: "crew", password: PASSWORD };
    const direct = await anybody("/api/sign-in", body, forwarded);
    expect(direct.headers.get("set-cookie")).not.toContain("Secure");
    await restart({ trustedProxy: "127.0.0.1" });
    const proxied = await anybody("/api/sign-in", body, forwarded);
    expect(proxied.headers.get("set-cookie")).toMatch(/^__Host-streetnode=.*; Secure$/);
    expect(proxied.headers.get("strict-transport-security")).toBe("max-age=31536000");
    const { entries } = (await (await as("operator"))("/api/audit")).json;
    expect(entries.map(({ detail }: { detail: string }) => detail)).toContain("from 192.0.2.1");
  });

  it.each([
    ["name", { password: PASSWORD }],
    ["password", { name: "crew", password: 1 }],
    ["body", []],
  ])("names %s where it is wrong", async (field, body) => {
    const { status, json } = await anybody("/api/sign-in", body);
    expect([status, json.field]).toEqual([400, field]);
  });

  it("works over TLS", async () => {
    const { certificate, key } = selfSignedCertificate();
    await restart({ tls: { cert: certificate, key } });
    expect(server.url).toMatch(/^https:/);
    const cookie = await new Promise<string>((resolve, reject) => {
      const request = httpsRequest(
        new URL("/api/sign-in", server.url),
        { method: "POST", headers: { "x-streetnode": "1" }, rejectUnauthorized: false },
        (response) => {
          response.resume();
          resolve(String(response.headers["set-cookie"]));
        },
      );
      request.on("error", reject);
      request.end(JSON.stringify({ name: "crew", password: PASSWORD }));
    });
    expect(cookie).toMatch(/^__Host-streetnode=.*; Secure$/);
  });
});

describe("a visit", () => {
  it("makes the node belong to the pole: in the view, the map, the inventory and at the broker", async () => {
    inventory.add([{ name: "bk-0001", city: CITY, board: "b" }]);
    const one = await node();
    const crew = await as("crew");
    const early = await crew("/api/visits", visit());
    expect([early.status, early.json.error]).toEqual([409, "wrong-state"]);
    inventory.claim({ name: "bk-0001", mac: "24:6f:28:00:00:01" });
    inventory.flashed("bk-0001");

    const accepted = visit({
      heightM: 6,
      directionDeg: 90,
      note: "ليل\nok",
      photo: { data: JPEG.toString("base64") },
    });
    expect((await crew("/api/visits", accepted)).json).toEqual({ id: accepted.id, already: false });
    expect((await crew("/api/visits", accepted)).json).toEqual({ id: accepted.id, already: true });
    const place = { pole: "P-1", lat: 34.9001, lon: -2.3001, heightM: 6, directionDeg: 90 };
    expect((await crew("/api/nodes/bk-0001")).json.place).toEqual(place);
    expect(inventory.node("bk-0001")).toMatchObject({ state: "installed", pole: "P-1" });
    await vi.waitFor(() => expect(JSON.parse(one.place ?? "null")).toEqual(place));
    const map = (await crew("/api/map")).json as MapAnswer;
    expect(map.features.map(({ properties }) => properties)).toEqual([
      { kind: "street", name: "Rue 1" },
      { kind: "pole", pole: "P-1", node: "bk-0001" },
      { kind: "pole", pole: "17" },
    ]);
    const { visits } = (await crew("/api/visits?node=bk-0001")).json as VisitsAnswer;
    const { id, note, checks, atMs } = accepted;
    expect(visits).toMatchObject([
      { ...place, id, note, checks, atMs, kind: "accept", by: "crew", hasPhoto: true },
    ]);
    // The server looked for itself: nothing was measured yet.
    expect(visits[0]?.cityChecks).toContainEqual({ name: "online", state: "pass" });
    expect(visits[0]?.cityChecks.some(({ state }) => state !== "pass")).toBe(true);
    const photo = await fetch(new URL(`/api/visits/${accepted.id}/photo`, server.url), {
      headers: { cookie: await cookieOf("crew") },
    });
    expect(photo.headers.get("content-type")).toBe("image/jpeg");
    expect(Buffer.from(await photo.arrayBuffer())).toEqual(JPEG);

    nowMs += 1000;
    await crew("/api/visits", visit({ kind: "take-down" }));
    expect((await crew("/api/nodes/bk-0001")).json.place).toBeUndefined();
    expect(inventory.node("bk-0001")).toMatchObject({ state: "flashed" });
    expect(inventory.node("bk-0001")?.pole).toBeUndefined();
    await vi.waitFor(() => expect(one.place).toBe(""));
  });

  it("of a pole that is taken says by which node, and that one can be replaced", async () => {
    await node();
    await node("bk-0002");
    const crew = await as("crew");
    await crew("/api/visits", visit());
    const second = { node: "bk-0002", atMs: nowMs + 1 };
    const taken = await crew("/api/visits", visit(second));
    expect([taken.status, taken.json.error, taken.json.node]).toEqual([
      409,
      "pole-taken",
      "bk-0001",
    ]);
    const replace = await crew(
      "/api/visits",
      visit({ ...second, kind: "replace", replaces: "bk-0001" }),
    );
    expect(replace.status).toBe(200);
    const { json } = await crew("/api/nodes");
    expect(json.nodes.map((each: { place?: { pole: string } }) => each.place?.pole)).toEqual([
      undefined,
      "P-1",
    ]);
    expect((await crew("/api/visits", visit({ kind: "take-down" }))).json.error).toBe(
      "wrong-state",
    );
    const unknown = await crew("/api/visits", visit({ node: "bk-0009", pole: "P-9" }));
    expect([unknown.status, unknown.json.error]).toEqual([404, "not-found"]);
  });

  const wrong: readonly [field: string, members: object][] = [
    ["id", { id: "1" }],
    ["kind", { kind: "steal" }],
    ["node", { node: "BK 1" }],
    ["replaces", { kind: "replace" }],
    ["replaces", { kind: "replace", replaces: "bk-0001" }],
    ["pole", { pole: "" }],
    ["lat", { lat: 91 }],
    ["lon", { lon: "x" }],
    ["heightM", { heightM: -1 }],
    ["directionDeg", { directionDeg: 361 }],
    ["atMs", { atMs: 5 }],
    ["note", { note: "x".repeat(1001) }],
    ["note", { note: "\u0007" }],
    ["photo.data", { photo: { data: "AAAA" } }],
    ["photo.data", { photo: { data: "?" } }],
    [
      "photo.data",
      { photo: { data: Buffer.concat([JPEG, Buffer.alloc(410_000)]).toString("base64") } },
    ],
    ["enteredBy", { enteredBy: "the crew" }],
    ["checks", { checks: "all" }],
    ["checks[0].state", { checks: [{ name: "x", state: "maybe" }] }],
    ["despite", { checks: [{ name: "sen55", state: "fail", reason: "no-answer" }] }],
    ["despite", { checks: [{ name: "lamp", state: "wait", reason: "switch-on" }] }],
    ["despite", { checks: [] }],
  ];

  it("with anything wrong is refused with its field, and nothing of it is done", async () => {
    const crew = await as("crew");
    for (const [field, members] of wrong) {
      const { status, json } = await crew("/api/visits", { ...visit(), ...members });
      expect([status, json.error, json.field]).toEqual([400, "bad-request", field]);
    }
    expect((await crew("/api/visits")).json.visits).toEqual([]);
  });

  it("says who entered it, where somebody else sends it", async () => {
    await node();
    const [crew, technician, operator] = [
      await as("crew"),
      await as("technician"),
      await as("operator"),
    ];
    const entered = visit({ enteredBy: "crew" });
    await technician("/api/visits", entered);
    expect((await crew("/api/visits")).json.visits).toMatchObject([
      { by: "technician", enteredBy: "crew" },
    ]);
    const [line] = (await operator("/api/audit")).json.entries as AuditLine[];
    expect(line).toMatchObject({ who: "technician", detail: "pole P-1, entered by crew" });
    // Taken once, though the phone did not hear so, and somebody else holds it now.
    const lost = visit({ enteredBy: "crew", pole: "P-2" });
    expect((await crew("/api/visits", lost)).json.already).toBe(false);
    expect((await technician("/api/visits", lost)).json.already).toBe(true);
    expect((await crew("/api/visits")).json.visits[0]).not.toHaveProperty("enteredBy");
    expect((await technician("/api/visits", visit({ id: lost.id }))).json.error).toBe("conflict");
  });

  it("that is too large is refused before it is read", async () => {
    const crew = await as("crew");
    const { status, json } = await crew("/api/visits", { note: "x".repeat(700_000) });
    expect([status, json.error]).toEqual([413, "too-large"]);
  });
});

describe("a command", () => {
  it("reaches the node, and its answer comes back and into the audit log", async () => {
    const one = await node();
    const crew = await as("crew");
    const send = async (body: object): Promise<CommandAnswer> =>
      (await crew("/api/nodes/bk-0001/command", body)).json;
    const operator = await as("operator");
    const audited: Promise<Answer>[] = [];
    one.answer = () => {
      audited.push(operator("/api/audit"));
      return { result: "accepted" };
    };
    expect(await send({ command: "identify", seconds: 20 })).toEqual({ result: "accepted" });
    expect(one.commands).toMatchObject([{ command: "identify", seconds: 20 }]);
    one.answer = () => ({ result: "refused", reason: "busy" });
    expect(await send({ command: "restart" })).toEqual({ result: "refused", reason: "busy" });
    one.answer = () => ({ result: "done", checks: ["i2c", "sen55=no-answer"] });
    expect(await send({ command: "self-test" })).toEqual({
      result: "done",
      reason: "1 of 2 checks failed: sen55=no-answer",
    });
    const line = { atMs: nowMs, who: "crew", name: "bk-0001" };
    // It was in the log when the node heard it: no kill in between takes it away.
    expect((await audited[0]).json.entries).toContainEqual({
      ...line,
      what: "command",
      detail: "identify",
    });
    const { entries } = (await operator("/api/audit")).json;
    expect(entries).toContainEqual({
      ...line,
      what: "command-answer",
      detail: "restart: refused, busy",
    });
  });

  it("that goes over the broker is in the audit log as well, with who says that it is theirs", async () => {
    const one = await node();
    inventory.addPerson("samir", "technician");
    const client = await connectAsync(`mqtt://127.0.0.1:${brokerPort}`);
    const publish = (payload: string) =>
      client.publishAsync("streetnode/v1/berkane/bk-0001/down/command", payload, { qos: 1 });
    await publish('{"id":"samir:00a1","command":"restart"}');
    await publish('{"id":"zineb:00a2","command":"flush"}');
    await publish('{"id":"00a3","command":"sample"}').then(() => client.endAsync());
    const crew = await as("crew");
    await crew("/api/nodes/bk-0001/command", { command: "identify", seconds: 20 });
    expect(one.commands).toHaveLength(4);
    const operator = await as("operator");
    await vi.waitFor(async () => {
      const { entries } = (await operator("/api/audit")).json as { entries: AuditLine[] };
      const commands = entries.filter(({ what }) => what === "command").reverse();
      expect(commands.map(({ who, name, detail }) => [who, name, detail])).toEqual([
        ["samir", "bk-0001", "restart, over the broker"],
        ["-", "bk-0001", "flush, over the broker, nobody says who"],
        ["-", "bk-0001", "sample, over the broker, nobody says who"],
        ["crew", "bk-0001", "identify"],
      ]);
    }, PATIENCE_MS);
  });

  it("that the node cannot know is refused by name, and none goes to a node that was never heard", async () => {
    await node();
    const crew = await as("crew");
    for (const [field, body] of [
      ["command", { command: "explode" }],
      ["command", { command: "calibrate", channel: "no2", zero: 0 }],
      ["seconds", { command: "identify", seconds: 0 }],
      ["id", { command: "identify", id: "mine" }],
    ] as const) {
      const { status, json } = await crew("/api/nodes/bk-0001/command", body);
      expect([status, json.field]).toEqual([400, field]);
      // The field is named once.
      expect(json.message.split(`${field}:`)).toHaveLength(2);
    }
    expect((await crew("/api/nodes/bk-0002/command", { command: "sample" })).status).toBe(404);
  });
});

describe("the server", () => {
  it("knows after a restart what it knew before", async () => {
    const one = await node();
    await one.read(7, nowMs - 1000);
    await one.read(9, nowMs);
    await one.event({
      event: "alarm-raised",
      channel: "pm25",
      severity: "warning",
      v: 60,
      t: nowMs / 1000,
    });
    const operator = await as("operator");
    await operator("/api/visits", visit());
    await vi.waitFor(async () =>
      expect((await operator("/api/nodes")).json.attention).toHaveLength(1),
    );
    const before = (await operator("/api/nodes")).json;
    const audit = (await operator("/api/audit")).json;
    // Nobody repeats what is not retained: what the server knows is from its own disk.
    await one.client.publishAsync("streetnode/v1/berkane/bk-0001/up/state", "", { retain: true });
    await restart();
    expect((await operator("/api/nodes")).json).toEqual(before);
    expect((await operator("/api/audit")).json).toEqual(audit);
    const { json } = await operator("/api/nodes/bk-0001/series?metric=pm25");
    expect(json).toEqual({
      metric: "pm25",
      unit: "ug/m3",
      points: [
        [nowMs - 1000, 7],
        [nowMs, 9],
      ],
    });
    expect((await operator("/api/nodes/bk-0001/config")).json.config.version).toBe(3);
    expect((await operator("/api/nodes/bk-0001/events")).json.events).toHaveLength(1);
    const csv = await operator(`/api/history.csv?node=bk-0001&metric=pm25`);
    expect(csv.text.split("\r\n")).toEqual([
      "time,node,metric,value,unit,untimed",
      "2026-06-01T11:59:59.000Z,bk-0001,pm25,7,ug/m3,",
      "2026-06-01T12:00:00.000Z,bk-0001,pm25,9,ug/m3,",
      "",
    ]);
    expect((await operator("/api/history.csv?fromMs=5&toMs=4")).json.field).toBe("fromMs");
  });

  it("takes a message that the broker sends twice for one", async () => {
    const one = await node();
    const pack = { bn: "berkane/bk-0001/", boot: 1, seq: 1, n: "pm25", u: "ug/m3", v: 5, t: -3 };
    await one.say("up/data", [pack]);
    const operator = await as("operator");
    const points = async () =>
      (await operator("/api/nodes/bk-0001/series?metric=pm25")).json.points?.length;
    await vi.waitFor(async () => expect(await points()).toBe(1), PATIENCE_MS);
    await restart();
    nowMs += 5000;
    await one.say("up/data", [pack]);
    await one.say("up/data", [{ ...pack, seq: 2 }]);
    await vi.waitFor(async () => expect(await points()).toBe(2), PATIENCE_MS);
  });

  it("is heard by a second server of the city, too, and neither pushes the other out", async () => {
    const second = await start({ historyFile: join(folder, "second.db"), publicView: true });
    try {
      const one = await node();
      await one.read(5, nowMs);
      const path = "/api/nodes/bk-0001/series?metric=pm25";
      const operator = await as("operator");
      const first = async () => (await operator(path)).json.points?.length;
      const other = async () => {
        const answer = await fetch(new URL(path, second.url));
        return ((await answer.json()) as { points?: unknown[] }).points?.length;
      };
      await vi.waitFor(
        async () => expect([await first(), await other()]).toEqual([1, 1]),
        PATIENCE_MS,
      );
      expect(problems).toEqual([]);
    } finally {
      await second.close();
    }
  });

  it("says while the broker is away, and goes on by itself", async () => {
    await node();
    const operator = await as("operator");
    expect((await operator("/api/nodes")).json.link).toMatchObject({ state: "up", problem: null });
    for (const each of nodes.splice(0)) await each.close();
    await broker.close();
    await vi.waitFor(async () =>
      expect((await operator("/api/nodes")).json.link).toMatchObject({ state: "down" }),
    );
    const down = await operator("/api/nodes/bk-0001/command", { command: "sample" });
    expect([down.status, down.json.error]).toEqual([503, "unavailable"]);
    expect(problems.length).toBeGreaterThan(0);
    broker = await Broker.start();
    await broker.listenTcp("127.0.0.1", brokerPort);
    await vi.waitFor(
      async () => expect((await operator("/api/nodes")).json.link.state).toBe("up"),
      PATIENCE_MS,
    );
    await node("bk-0002");
  });
});

async function cookieOf(role: Role): Promise<string> {
  const { headers } = await anybody("/api/sign-in", { name: role, password: PASSWORD });
  return (headers.get("set-cookie") ?? "").split(";")[0] ?? "";
}
