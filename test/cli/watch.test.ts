import { join } from "node:path";
import { connectAsync } from "mqtt";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { nodeTopic } from "../../devs/contract/topics";
import { watchCommand } from "../../src/cli/commands/watch";
import { makeAuthority } from "../support/certificates";
import { freePort, HAS_MOSQUITTO, startMosquitto, type Mosquitto } from "../support/mosquitto";

const lines: string[] = [];
const notes: string[] = [];

beforeEach(() => {
  lines.length = 0;
  notes.length = 0;
  vi.spyOn(console, "log").mockImplementation((line: string) => void lines.push(line));
  vi.spyOn(console, "error").mockImplementation((line: string) => void notes.push(line));
});
afterEach(() => vi.restoreAllMocks());

let interrupt = new AbortController();

function watch(...args: string[]): Promise<unknown> {
  interrupt = new AbortController();
  return watchCommand(() => interrupt.signal)
    .exitOverride()
    .parseAsync(args, { from: "user" });
}

describe("streetnode watch", () => {
  it("says once that nobody is there, keeps trying and fails", async () => {
    const port = await freePort();
    await expect(watch("--broker", `mqtt://127.0.0.1:${port}`, "--for", "5s")).rejects.toThrow(
      `never connected: nobody listens at 127.0.0.1:${port}: connection refused`,
    );
    expect(notes).toEqual([
      `streetnode watch: nobody listens at 127.0.0.1:${port}: connection refused. Trying again.`,
    ]);
  });

  it.each([
    [["--city", "B"], "--city B: must have 3 to 23 characters, has 1"],
    [["--ca", "ca.pem"], "--ca: needs --broker mqtts://HOST, which is TLS"],
    [
      ["--broker", "mqtts://localhost", "--ca", "/nowhere/ca.pem"],
      "--ca /nowhere/ca.pem: ENOENT: no such file",
    ],
    [
      ["--broker", "mqtts://localhost", "--ca", "package.json"],
      "--ca package.json: expected a certificate in PEM",
    ],
    [["--node", "Nö1"], "--node Nö1: may hold only a-z, 0-9 and '-', has 'N'"],
  ])("refuses %j by the name of the option", async (args, problem) => {
    await expect(watch(...args)).rejects.toThrow(problem);
  });
});

describe.runIf(HAS_MOSQUITTO)("streetnode watch at Mosquitto", () => {
  let broker: Mosquitto;
  afterEach(() => broker.stop());

  async function publishUntil(done: () => boolean, messages: [string, string, object][]) {
    const client = await connectAsync(`mqtt://127.0.0.1:${broker.port}`, {
      username: "city",
      password: "secret",
    });
    // The watcher subscribes when it likes: the state is retained, the others come again.
    while (!done()) {
      for (const [node, leaf, message] of messages)
        await client.publishAsync(nodeTopic("berkane", node, leaf), JSON.stringify(message), {
          qos: 1,
          retain: leaf === "up/state",
        });
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    await client.endAsync();
  }

  const state = { state: "online", reason: "boot", boot: 1, version: "0.1.0" };
  const pack = (node: string) => [
    { bn: `berkane/${node}/`, boot: 1, seq: 4, n: "pm25", u: "ug/m3", v: 12.5 },
  ];

  it("prints one JSON object per line, each message once", async () => {
    broker = await startMosquitto();
    const ended = watch("--broker", `mqtt://127.0.0.1:${broker.port}`, "--json");
    const types = () => lines.map((line) => (JSON.parse(line) as { type: string }).type);
    await publishUntil(
      () => types().includes("reading") && types().includes("duplicate") && types().includes("bad"),
      [
        ["bk-0001", "up/state", state],
        ["bk-0001", "up/data", pack("bk-0001")],
        ["bk-0002", "up/data", [{ boot: 1 }]],
      ],
    );
    interrupt.abort();
    await ended;
    expect(types().filter((type) => type === "reading")).toHaveLength(1);
    const reading = lines.map((line) => JSON.parse(line)).find(({ type }) => type === "reading");
    expect(reading).toMatchObject({
      city: "berkane",
      node: "bk-0001",
      metric: "pm25",
      unit: "ug/m3",
      value: 12.5,
    });
    expect(new Date(reading.time).getTime()).toBeGreaterThan(Date.UTC(2020, 0));
    expect(notes).toEqual([]);
  });

  it("prints readable lines of one node", async () => {
    broker = await startMosquitto();
    const url = `mqtt://127.0.0.1:${broker.port}`;
    const ended = watch("--broker", url, "--node", "bk-0002");
    await publishUntil(
      () => lines.length >= 3,
      ["bk-0001", "bk-0002"].flatMap((node): [string, string, object][] => [
        [node, "up/state", state],
        [node, "up/data", pack(node)],
        [node, "up/event", { event: "sensor-ok", chip: "sen55", boot: 1, seq: 5 }],
      ]),
    );
    interrupt.abort();
    await ended;
    expect(lines.join("\n")).not.toContain("bk-0001");
    expect(lines.some((line) => /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d {2}bk-0002/.test(line))).toBe(
      true,
    );
    expect(lines.some((line) => line.endsWith("pm25          12.5 µg/m³"))).toBe(true);
    expect(lines.some((line) => line.includes("ONLINE (boot, boot 1, 0.1.0)"))).toBe(true);
    const event = "EVENT sensor-ok sen55  (before that time, nobody knows when)";
    expect(lines.some((line) => line.endsWith(event))).toBe(true);
  });

  it("names a strange topic without its control characters, and cut", async () => {
    broker = await startMosquitto();
    const ended = watch("--broker", `mqtt://127.0.0.1:${broker.port}`);
    // U+202E, which a terminal that knows it writes the rest of the line backwards for.
    await publishUntil(
      () => notes.length > 1,
      [
        ["bk\u202e1", "up/data", []],
        ["a".repeat(3000), "up/data", []],
      ],
    );
    interrupt.abort();
    await ended;
    const strange = notes.filter((note) => note.startsWith("bad message on "));
    expect(strange[0]).toMatch(/^bad message on streetnode\/v1\/berkane\/bk\?1\/up\/data: topic: /);
    expect(strange.find((note) => note.includes("aaa"))?.length).toBeLessThan(200);
    expect(strange.join("")).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  });

  it("says that the password is refused, and takes it from the environment only", async () => {
    broker = await startMosquitto({
      config: "allow_anonymous false\npassword_file {folder}/passwords",
      // PBKDF2 of "secret", made by mosquitto_passwd for the user "city".
      files: {
        passwords:
          "city:$7$101$YWW+jiy4/VHTMdtl$5kM6UZqYtwpF8hcXEv5izg9nDaCu42J77e1eyA0DF9i5Eo8SnMgJNylLMWHfOhyrksh4jEIQqut0/aQ2HrpOAQ==\n",
      },
    });
    const url = `mqtt://127.0.0.1:${broker.port}`;
    vi.stubEnv("STREETNODE_USER", "city");
    vi.stubEnv("STREETNODE_PASSWORD", "wrong");
    await expect(watch("--broker", url, "--for", "1s")).rejects.toThrow(
      "refuses the user name or password: set STREETNODE_USER and STREETNODE_PASSWORD",
    );
    expect(notes).toHaveLength(1);
    expect(notes.join()).not.toContain("wrong");
    vi.stubEnv("STREETNODE_PASSWORD", "secret");
    const ended = watch("--broker", url);
    await publishUntil(() => lines.length > 0, [["bk-0001", "up/state", state]]);
    interrupt.abort();
    await ended;
    vi.unstubAllEnvs();
  });

  it("listens over TLS to a broker of the city's own authority, and to no other", async () => {
    const authority = makeAuthority();
    const server = authority.issue("localhost");
    broker = await startMosquitto({
      config: "allow_anonymous true\ncertfile {folder}/server.pem\nkeyfile {folder}/server.key",
      files: {
        "server.pem": server.certificate,
        "server.key": server.key,
        "ca.pem": authority.certificate,
        "other.pem": makeAuthority().certificate,
      },
    });
    const url = `mqtts://localhost:${broker.port}`;
    const other = join(broker.folder, "other.pem");
    await expect(watch("--broker", url, "--ca", other, "--for", "1s")).rejects.toThrow(
      "cannot be reached",
    );
    notes.length = 0;
    const ended = watch("--broker", url, "--ca", join(broker.folder, "ca.pem"));
    const client = await connectAsync(url, { ca: authority.certificate });
    await client.publishAsync(nodeTopic("berkane", "bk-0001", "up/state"), JSON.stringify(state), {
      retain: true,
    });
    await vi.waitFor(() => expect(lines.join()).toContain("ONLINE"), { timeout: 10_000 });
    await client.endAsync();
    interrupt.abort();
    await ended;
    expect(notes).toEqual([]);
  });

  it("says that the broker went away, and goes on when it is back", async () => {
    broker = await startMosquitto();
    const ended = watch("--broker", `mqtt://127.0.0.1:${broker.port}`);
    await publishUntil(() => lines.length > 0, [["bk-0001", "up/state", state]]);
    await broker.kill();
    await vi.waitFor(() => expect(notes.some((note) => note.includes("Trying again"))).toBe(true));
    await broker.start();
    await vi.waitFor(() => expect(notes).toContain("Connected again."), { timeout: 10_000 });
    const before = lines.length;
    await publishUntil(() => lines.length > before, [["bk-0001", "up/state", state]]);
    interrupt.abort();
    await ended;
  });
});
