import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { tcpNetwork } from "../../src/sim/network/tcpNetwork";
import { buildCommands, type BuiltCommands } from "../support/builtCommand";
import { HAS_MOSQUITTO, startMosquitto } from "../support/mosquitto";
import { startCity } from "../support/simulatedCity";

const NODES = 50;
/** Their starting-up is not what is looked at. */
const SPEED = 4;
const TIMEOUT_MS = 120_000;

let built: BuiltCommands;
beforeAll(async () => {
  built = await buildCommands({ config: "configCommand" });
}, TIMEOUT_MS);
afterAll(() => built.remove());

it.runIf(HAS_MOSQUITTO)(
  "fifty nodes get a new threshold with one command: one takes it when it comes back, one says why not",
  async (test) => {
    const mosquitto = await startMosquitto();
    test.onTestFinished(() => mosquitto.stop());
    const under = await startCity({
      nodes: NODES,
      network: tcpNetwork(),
      brokerAddress: { host: "localhost", port: mosquitto.port, tls: false },
      beacon: false,
    });
    const ending = new AbortController();
    const running = under.city.run(Infinity, SPEED, ending.signal);
    test.onTestFinished(async () => {
      ending.abort();
      await running;
      await under.close();
    });
    const config = (...args: string[]) =>
      built.run(["config", ...args, "--broker", `mqtt://localhost:${mosquitto.port}`]);
    const set = (nodes: string, ...values: string[]) =>
      config("set", nodes, "--json", ...values.flatMap((value) => ["--set", value]));
    const report = "channels.temperature.report";

    // Until every node is there.
    const reported = async () => {
      const { output } = await config("get", "*", "--json");
      const { nodes } = JSON.parse(output.split("\n")[0] ?? "") as { nodes: { config?: object }[] };
      return nodes.filter((node) => node.config).length;
    };
    for (let tries = 0; tries < 30 && (await reported().catch(() => 0)) < NODES; tries++)
      await sleep(500);
    expect(await reported()).toBe(NODES);

    expect((await set("bk-0050", `${report}.shortestS=600`)).code).toBe(0);
    const away = under.city.nodes[48];
    away?.powerOff();
    const { code, output } = await config(
      "set",
      "bk-*",
      "--set",
      `${report}.deadband=0.5`,
      "--set",
      `${report}.heartbeatS=300`,
    );
    expect(output).toMatch(/48 applied, 1 offline, 1 refused/);
    const rows = output.split("\n").filter((line) => /bk-\d{4}/.test(line));
    expect(rows.filter((row) => row.includes("applied"))).toHaveLength(48);
    expect(rows.find((row) => row.includes("bk-0049"))).toMatch(/offline.*takes it when it comes/);
    expect(rows.find((row) => row.includes("bk-0050"))).toMatch(
      /refused.*report\.heartbeatS.*at least shortestS \(600\), got 300/,
    );
    expect(code).toBe(1);

    await away?.powerOn();
    const wanted = { deadband: 0.5, heartbeatS: 300 };
    const inForce = async () => {
      const answer = await config("get", "bk-0049", "--json");
      const { nodes } = JSON.parse(answer.output.split("\n")[0] ?? "") as {
        nodes: { config?: { channels?: { temperature?: { report?: object } } } }[];
      };
      return nodes[0]?.config?.channels?.temperature?.report;
    };
    for (let tries = 0; tries < 30 && !(await inForce()); tries++) await sleep(500);
    expect(await inForce()).toEqual(wanted);
    expect(under.city.nodes.map(({ panics }) => panics)).toEqual(Array(NODES).fill(0));
  },
  TIMEOUT_MS,
);
