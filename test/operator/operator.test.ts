import type { MqttClient } from "mqtt";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { UP_STATE, nodeTopic } from "../../devs/contract/topics";
import { Broker } from "../../src/broker/broker";
import { answerSummary } from "../../src/operator/answers";
import { changeConfiguration } from "../../src/operator/changeConfiguration";
import { CityBook } from "../../src/operator/cityBook";
import { differences } from "../../src/operator/difference";
import { OperatorClient } from "../../src/operator/operatorClient";
import { sendCommand } from "../../src/operator/sendCommand";
import { nodePeer, type Behaviour } from "../support/nodePeer";

const HOST = "127.0.0.1";
const CITY = "berkane";
let broker: Broker;
let port: number;
const clients: MqttClient[] = [];
const operators: OperatorClient[] = [];

beforeEach(async () => {
  broker = await Broker.start();
  port = await broker.listenTcp(HOST, 0);
});
afterEach(async () => {
  for (const operator of operators.splice(0)) await operator.close();
  for (const client of clients.splice(0)) await client.endAsync(true);
  await broker.close();
});

async function peer(name: string, behaviour: Behaviour): Promise<void> {
  clients.push(await nodePeer(port, CITY, name, behaviour));
}

async function operator(): Promise<[OperatorClient, CityBook]> {
  const client = await OperatorClient.connect({ broker: { host: HOST, port, tls: false } });
  operators.push(client);
  return [client, await CityBook.open(client, CITY)];
}

/** What the broker keeps as the document wanted of a node. */
async function wanted(node: string): Promise<unknown> {
  const [, book] = await operator();
  return book.nodes.get(node)?.desired;
}

describe("a change of the configuration", () => {
  it("shows who took it, who refused and why, and who is offline or silent", async () => {
    for (const name of ["bk-0001", "bk-0002", "bk-0003"]) await peer(name, "applies");
    await peer("bk-0004", "refuses");
    await peer("bk-0005", "is silent");
    const speaker = clients[0] as MqttClient;
    await speaker.publishAsync(
      nodeTopic(CITY, "bk-0006", UP_STATE),
      JSON.stringify({ state: "offline", reason: "connection-lost", boot: 3 }),
      { qos: 1, retain: true },
    );
    const [client, book] = await operator();
    const progress: string[] = [];
    const answers = await changeConfiguration(client, book, {
      city: CITY,
      nodes: book.select(["bk-*"]),
      part: { channels: { pm25: { periodS: 30 } } },
      waitMs: 1500,
      onProgress: (answered, of) => progress.push(`${answered}/${of}`),
    });
    expect(answers.map(({ node, answer, details }) => [node, answer, details])).toEqual([
      ["bk-0001", "applied", "version 1"],
      ["bk-0002", "applied", "version 1"],
      ["bk-0003", "applied", "version 1"],
      ["bk-0004", "refused", "channels.pm25: is too much for me"],
      ["bk-0005", "no answer", "is online, but did not answer"],
      ["bk-0006", "offline", "takes it when it comes back"],
    ]);
    expect(answerSummary(answers)).toBe("3 applied, 1 refused, 1 no answer, 1 offline");
    expect(progress.at(-1)).toBe("6/6");
    expect(await wanted("bk-0004")).toBeUndefined();
    expect(await wanted("bk-0006")).toEqual({ version: 1, channels: { pm25: { periodS: 30 } } });
  });

  it("lies over what was wanted before, and puts that back where it is refused", async () => {
    await peer("bk-0001", "applies");
    const change = async (part: Record<string, unknown>) => {
      const [client, book] = await operator();
      return changeConfiguration(client, book, {
        city: CITY,
        nodes: ["bk-0001"],
        part,
        waitMs: 2000,
      });
    };
    await change({ channels: { pm25: { report: { swingingDoor: 3 }, periodS: 30 } } });
    await change({ channels: { pm25: { report: { deadband: 2 } } }, health: { periodS: 20 } });
    await change({ channels: { pm25: { periodS: null } }, health: null });
    expect(await wanted("bk-0001")).toEqual({
      version: 3,
      channels: { pm25: { report: { deadband: 2 }, periodS: null } },
      health: null,
    });
    await expect(change({ channels: { pm25: { periodS: -1 } } })).rejects.toThrow(
      "bk-0001: channels.pm25.periodS: must be a number from 0.1 to 86400",
    );
    expect((await wanted("bk-0001")) as object).toMatchObject({ version: 3 });
  });
});

it("a command is answered by each node", async () => {
  await peer("bk-0001", "applies");
  await peer("bk-0002", "refuses");
  const [client, book] = await operator();
  const answers = await sendCommand(client, book, {
    city: CITY,
    nodes: ["bk-0001", "bk-0002", "bk-0404"],
    command: { command: "identify" },
    waitMs: 1000,
  });
  expect(answers).toEqual([
    { node: "bk-0001", answer: "done", details: "", good: true },
    { node: "bk-0002", answer: "refused", details: "not now", good: false },
    { node: "bk-0404", answer: "no answer", details: "is offline", good: false },
  ]);
});

it("a pattern that fits no node, and a broker that is not there, are named", async () => {
  const [, book] = await operator();
  expect(() => book.select(["xy-*"])).toThrow("xy-* matches none of the 0 nodes of berkane");
  await expect(
    OperatorClient.connect({ broker: { host: HOST, port: 1, tls: false } }),
  ).rejects.toThrow("the broker at 127.0.0.1:1 cannot be reached: connect ECONNREFUSED");
});

it("differences are named by their paths", () => {
  expect(
    differences(
      { channels: { pm25: { periodS: 30, on: null }, pm10: null } },
      { channels: { pm25: { periodS: 20 }, LAF: { on: false } } },
    ),
  ).toEqual([
    { path: "channels.pm25.periodS", wanted: 30, inForce: 20 },
    { path: "channels.LAF.on", wanted: undefined, inForce: false },
  ]);
  expect(differences({}, {})).toEqual([]);
});
