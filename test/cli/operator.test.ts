import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Command } from "commander";
import type { MqttClient } from "mqtt";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Broker } from "../../src/broker/broker";
import { commandCommand } from "../../src/cli/commands/command";
import { configCommand } from "../../src/cli/commands/config";
import { nodePeer, type Behaviour } from "../support/nodePeer";

const CITY = "berkane";
let broker: Broker;
let port: number;
let output: string[];
let folder: string;
const peers: MqttClient[] = [];

beforeEach(async () => {
  broker = await Broker.start();
  port = await broker.listenTcp("127.0.0.1", 0);
  folder = mkdtempSync(join(tmpdir(), "streetnode-operator-"));
  output = [];
  vi.spyOn(console, "log").mockImplementation((line: string) => void output.push(line));
});
afterEach(async () => {
  vi.restoreAllMocks();
  process.exitCode = undefined;
  for (const peer of peers.splice(0)) await peer.endAsync(true);
  await broker.close();
  rmSync(folder, { recursive: true, force: true });
});

async function peer(name: string, behaviour: Behaviour): Promise<void> {
  peers.push(await nodePeer(port, CITY, name, behaviour));
}

/** Runs a command, and gives what it printed and its exit code. */
async function run(command: Command, ...args: string[]): Promise<[string, number]> {
  output = [];
  process.exitCode = undefined;
  for (const each of [command, ...command.commands])
    each.exitOverride().configureOutput({ writeErr: () => {} });
  await command.parseAsync([...args, "--broker", `mqtt://127.0.0.1:${port}`, "--city", CITY], {
    from: "user",
  });
  return [output.join("\n"), Number(process.exitCode ?? 0)];
}

it("changes a configuration, shows it, and compares it with what is wanted", async () => {
  await peer("bk-0001", "applies");
  await peer("bk-0002", "applies");
  const [table, code] = await run(
    configCommand(),
    ...["set", "bk-*", "--set", "channels.pm25.report.deadband=2", "--wait", "5s"],
  );
  expect(table).toContain("bk-0001");
  expect(table).toContain("2 applied");
  expect(code).toBe(0);
  const [shown] = await run(configCommand(), "get", "bk-0001");
  expect(shown).toContain("bk-0001: version 1, in-force");
  expect(shown).toContain('"deadband": 2');
  expect(await run(configCommand(), "diff", "*")).toEqual([
    "Every node has what is wanted of it.",
    0,
  ]);
});

it("takes a file, with options before it, and ends with 1 where a node refuses", async () => {
  await peer("bk-0001", "applies");
  await peer("bk-0002", "refuses");
  const file = join(folder, "part.json");
  writeFileSync(file, JSON.stringify({ health: { periodS: 60 }, channels: { pm10: null } }));
  const [text, code] = await run(
    configCommand(),
    ...["set", "bk-0001", "bk-0002", "--file", file, "--set", "health.periodS=30", "--json"],
  );
  expect(JSON.parse(text)).toEqual({
    answers: [
      { node: "bk-0001", answer: "applied", details: "version 1", good: true },
      {
        node: "bk-0002",
        answer: "refused",
        details: "channels.pm25: is too much for me",
        good: false,
      },
    ],
  });
  expect(code).toBe(1);
  const [got] = await run(configCommand(), "get", "bk-0001", "--json");
  expect(JSON.parse(got)).toMatchObject({
    nodes: [{ node: "bk-0001", config: { health: { periodS: 30 }, channels: { pm10: null } } }],
  });
});

it("names what a node has that nobody wants any more, and exits with 1", async () => {
  await peer("bk-0001", "applies");
  await run(configCommand(), "set", "bk-0001", "--set", "health.periodS=30");
  await peers[0]?.publishAsync("streetnode/v1/berkane/bk-0001/down/config", "", { retain: true });
  const [text, code] = await run(configCommand(), "diff", "bk-0001", "--json");
  expect(JSON.parse(text)).toEqual({
    differences: [{ node: "bk-0001", path: "health.periodS", inForce: 30 }],
  });
  expect(code).toBe(1);
  expect((await run(configCommand(), "get", "bk-0404"))[1]).toBe(1);
});

it("sends a command, and counts a silent node as a failure", async () => {
  await peer("bk-0001", "applies");
  await peer("bk-0002", "is silent");
  expect(await run(commandCommand(), "bk-0001", "identify", "--seconds", "5", "--json")).toEqual([
    JSON.stringify({ answers: [{ node: "bk-0001", answer: "done", details: "", good: true }] }),
    0,
  ]);
  const [table, code] = await run(commandCommand(), "*", "sample", "--wait", "1s");
  expect(table).toContain("1 done, 1 no answer");
  expect(code).toBe(1);
});

it("says that the broker went away, with the answers that came before", async () => {
  await peer("bk-0001", "applies");
  await peer("bk-0002", "is silent");
  const asked = run(commandCommand(), "*", "sample", "--wait", "60s");
  // What is asked of the silent one shows that the command is out.
  const silent = peers[1] as MqttClient;
  await new Promise<void>((resolve) => silent.once("message", () => resolve()));
  await new Promise((resolve) => setTimeout(resolve, 300));
  await broker.close();
  await expect(asked).rejects.toThrow(/^the connection to the broker at 127.0.0.1:\d+ was lost$/);
  expect(output.join("\n")).toContain("1 done, 1 no answer");
});

it.each([
  [configCommand, ["set", "bk-0001"], "nothing to set: give --set PATH=VALUE or --file FILE"],
  [configCommand, ["set", "bk-0001", "--set", "health.periodS=1"], "health.periodS"],
  [configCommand, ["set", "bk-0001", "--file", "nowhere.json"], "--file nowhere.json: "],
  [configCommand, ["get", "BK"], "BK: "],
  [configCommand, ["get", "xy-*"], "xy-* matches none of the 0 nodes of berkane"],
  [commandCommand, ["bk-0001", "dance"], "command: must be one of identify"],
  [commandCommand, ["bk-0001", "identify", "--seconds", "0"], "seconds: must be a number from 1"],
  [commandCommand, ["bk-0001", "sample", "--zero", "1"], "zero: is not known"],
  [commandCommand, ["bk-0001", "identify", "--seconds", "abc"], "expected a number"],
  [commandCommand, ["bk-0001", "calibrate", "--channel", "no2", "--zero", ""], "expected a number"],
])("refuses what no node could take: %o %o", async (command, args, message) => {
  await expect(run(command(), ...args)).rejects.toThrow(message);
});
