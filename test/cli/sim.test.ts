import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { connectAsync } from "mqtt";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PROJECT_FOLDER } from "../../src/projectFolder";

const PROGRAM = join(PROJECT_FOLDER, "dist", "streetnode.js");

/** Commands that run beside each other where they need little more than their start. */
const AT_ONCE = 4;

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function start(args: readonly string[], environment: Record<string, string> = {}) {
  const child = spawn(process.execPath, [PROGRAM, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...environment },
  });
  let out = "";
  let err = "";
  child.stdout.on("data", (data: Buffer) => (out += data.toString()));
  child.stderr.on("data", (data: Buffer) => (err += data.toString()));
  const ended = once(child, "close").then(([code]) => ({ code: code as number | null, out, err }));
  return { child, ended, output: () => out, errors: () => err };
}

function streetnode(...args: string[]): Promise<Ended> {
  return start(args).ended;
}

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "streetnode-cli-"));
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** A result without what depends on the machine. */
function counts(out: string): unknown {
  const result = JSON.parse(out.trim().split("\n").at(-1) ?? "") as Record<string, unknown>;
  delete result["wallSeconds"];
  return result;
}

describe("streetnode sim", () => {
  it("gives the same counts for the same seed", async () => {
    const args = ["sim", "--nodes", "2", "--for", "5m", "--speed", "max", "--seed", "7", "--json"];
    const first = await streetnode(...args);
    expect(first.code, first.err).toBe(0);
    const result = counts(first.out) as {
      virtualSeconds: number;
      nodes: Record<string, number>[];
      broker: Record<string, number>;
    };
    expect(result.virtualSeconds).toBe(300);
    expect(result.nodes).toHaveLength(2);
    expect(result.nodes[0]).toMatchObject({ node: "bk-0001", boots: 1, panics: 0, reconnects: 0 });
    for (const name of ["samples", "readingsReported", "messagesPublished", "bytesPublished"])
      expect(result.nodes[0]?.[name], name).toBeGreaterThan(0);
    expect(result.broker).toMatchObject({ duplicates: 0, gaps: 0 });
    expect(counts((await streetnode(...args)).out)).toEqual(result);
  });

  it("repeats a recorded run, and writes the same report for it", async () => {
    const scenario = join(folder, "short.jsonc");
    const run = join(folder, "run.rec");
    const [first, second] = [join(folder, "1.html"), join(folder, "2.html")];
    writeFileSync(
      scenario,
      `{ "description": "short", "for": "3m", "steps": [
        { "do": "broker-down", "at": "1m", "for": "20s" } ] }`,
    );
    const args = ["sim", "--scenario", scenario, "--nodes", "2", "--seed", "4", "--json"];
    const secret = { STREETNODE_PASSWORD: "not for a file" };
    const made = await start([...args, "--record", run, "--html", first], secret).ended;
    expect(made.code, made.err).toBe(0);
    const result = JSON.parse(made.out) as { verdict: { problems: string[]; totals: object } };
    expect(result.verdict.problems).toEqual([]);
    expect(result.verdict.totals).toMatchObject({ panics: 0, readings: { unexplained: 0 } });
    expect(gunzipSync(readFileSync(run)).toString()).not.toContain("not for a file");
    const played = await streetnode("sim", "--play", run, "--json", "--html", second);
    expect(played.code, played.err).toBe(0);
    expect(played.out, "the same to the last byte").toBe(made.out);
    const html = readFileSync(first, "utf8");
    expect(readFileSync(second, "utf8")).toBe(html);
    const again = await streetnode(...args, "--threads", "1", "--html", second);
    expect(again.out, "the same to the last byte").toBe(made.out);
    expect(readFileSync(second, "utf8")).toBe(html);
    expect(html).toContain("<strong>Good.</strong>");
    expect(html).not.toMatch(/src=|href=|url\(/);
  }, 120_000);

  it("ends at Ctrl-C with what was run, and records no part of a run", async () => {
    const run = join(folder, "part.rec");
    const args = ["--scenario", "quiet-day", "--nodes", "1", "--log", "--json", "--record", run];
    const { child, ended, errors } = start(["sim", ...args]);
    await expect.poll(errors, { timeout: 60_000 }).toMatch(/bk-0001/);
    child.kill("SIGINT");
    const { code, err, out } = await ended;
    expect(code).toBe(1);
    expect(err).toContain("the run was ended early, nothing was written");
    expect(existsSync(run)).toBe(false);
    const { virtualSeconds } = JSON.parse(out) as { virtualSeconds: number };
    expect(virtualSeconds).toBeLessThan(86_400);
  });

  it("says plainly that nobody is at the broker's address, and lets the nodes try", async () => {
    const { code, err, out } = await streetnode(
      ...["sim", "--for", "8s", "--broker", "mqtt://127.0.0.1:1", "--json"],
    );
    expect(code).toBe(1);
    expect(err).toContain("cannot reach the broker at 127.0.0.1:1");
    expect(err).toContain("keep trying");
    expect((counts(out) as { nodes: { panics: number }[] }).nodes[0]?.panics).toBe(0);
  });

  it("says that the broker refuses the password, once", async () => {
    // Answers CONNECT with CONNACK 5, as Mosquitto does, and closes.
    const server = createServer((socket) => {
      socket.on("error", () => {});
      socket.once("data", () => socket.end(Buffer.from([0x20, 2, 0, 5])));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const { code, err } = await streetnode(
      ...["sim", "--for", "8s", "--nodes", "2", "--broker", `mqtt://127.0.0.1:${port}`],
    );
    server.close();
    expect(code).toBe(1);
    const told = err.split("\n").filter((line) => line.includes("user name or password"));
    expect(told).toHaveLength(1);
    expect(told[0]).toMatch(
      /^bk-000\d cannot reach the broker at 127\.0\.0\.1:\d+: it refuses the user name or password\. /,
    );
  });

  it("names what is wrong in one line, with exit code 2", async () => {
    const text = join(folder, "text.csv");
    writeFileSync(text, "t_s,lux\n0,1\n10,bright\n");
    const cases: [string[], RegExp][] = [
      [["--replay", "x=y"], /no metric 'x'/],
      [["--replay", "illuminance=missing.csv:lux"], /missing\.csv/],
      [["--replay", `illuminance=${text}:light`], /no column 'light'.*t_s, lux/],
      [["--replay", `illuminance=${text}:lux`], /line 3.*'?bright'?/],
      [["--set", "channels.pm99.periodS=1"], /channels\.pm99: is no metric/],
      [["--set", "channels.pm25.periodS=often"], /channels\.pm25\.periodS: must be a number/],
      [["--set", "nothing"], /expected PATH=VALUE/],
      [["--nodes", "0"], /whole number from 1/],
      [["--for", "soon"], /expected a time such as 30s/],
      [["--speed", "fast"], /expected a number above 0/],
      [["--speed", "max"], /needs --for/],
      [["--city", "B"], /3 to 23 characters/],
      [["--broker", "http://x"], /mqtt:\/\//],
      [["--broker", "mqtt://me:secret@x"], /STREETNODE_PASSWORD/],
      [["--scenario", "none"], /none of the ready ones: .*storm/],
      [["--for", "1s", "--node", "bk-0009", "--log"], /no such node; there are bk-0001/],
      [["--html", "x.html"], /needs --scenario/],
      [["--html", "x.html", "--scenario", "quiet-day", "--broker", "mqtt://x"], /leave --broker/],
      [["--play", join(folder, "none")], /--play .*: no such file/],
      [["--play", text, "--nodes", "3", "--seed", "2"], /leave --nodes and --seed out/],
      [["--bogus"], /unknown option/],
    ];
    const check = async ([args, expected]: [string[], RegExp]) => {
      const { code, err, out } = await streetnode("sim", ...args);
      expect(code, args.join(" ")).toBe(2);
      expect(err.trim(), args.join(" ")).toMatch(expected);
      expect(err.trim().split("\n"), args.join(" ")).toHaveLength(1);
      expect(out).toBe("");
    };
    for (let i = 0; i < cases.length; i += AT_ONCE)
      await Promise.all(cases.slice(i, i + AT_ONCE).map(check));
  });
});

describe("streetnode up", () => {
  it("runs a city that a page and an MQTT client can watch, and ends cleanly", async () => {
    const { child, ended, output } = start(["up", "--nodes", "2", "--public"]);
    try {
      await expect.poll(output, { timeout: 20_000 }).toMatch(/nodes of berkane are starting/);
      const page = /page +(\S+)/.exec(output())?.[1] ?? "";
      const mqtt = /(mqtt:\S+)/.exec(output())?.[1] ?? "";
      expect((await fetch(page)).status).toBe(200);
      const client = await connectAsync(mqtt);
      const topics = new Set<string>();
      client.on("message", (topic) => topics.add(topic));
      await client.subscribeAsync("streetnode/v1/berkane/+/up/#");
      await expect
        .poll(() => [...topics].filter((topic) => topic.endsWith("up/data")).length, {
          timeout: 25_000,
        })
        .toBe(2);
      await client.endAsync();
      const snapshot = (await (await fetch(new URL("api/nodes", page))).json()) as {
        nodes: { state: string }[];
      };
      expect(snapshot.nodes.map(({ state }) => state)).toEqual(["online", "online"]);
    } finally {
      child.kill("SIGINT");
    }
    expect(await ended).toMatchObject({ code: 0, err: "" });
  }, 60_000);

  it("takes the next free port, or says which option changes one that was asked for", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    const { port } = other.address() as AddressInfo;
    const asked = await streetnode("up", "--for", "1s", "--port", String(port));
    expect(asked.code).toBe(2);
    expect(asked.err.trim()).toBe(
      `streetnode: --port: port ${port} is taken by another program; choose another one`,
    );
    const first = start(["up", "--for", "20s"]);
    await expect.poll(first.output, { timeout: 20_000 }).toMatch(/page/);
    const second = start(["up", "--for", "2s"]);
    const { code, out } = await second.ended;
    expect(code).toBe(0);
    expect(out).toMatch(/is taken by another program, using \d+ \(--mqtt-port sets it\)/);
    first.child.kill("SIGINT");
    await first.ended;
    other.close();
  }, 60_000);
});
