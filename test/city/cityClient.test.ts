import { connectAsync, type MqttClient } from "mqtt";
import { afterEach, describe, expect, it, vi } from "vitest";
import { nodeTopic } from "../../devs/contract/topics";
import { CityClient } from "../../src/city/cityClient";
import { HAS_MOSQUITTO, startMosquitto } from "../support/mosquitto";

const CITY = "berkane";
/** More than a broker has in flight at a time. */
const BACKLOG = 100;
/** Longest wait for something that takes a second on an idle machine. */
const PATIENCE_MS = 20_000;

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/**
 * A client with a session of its own, and what it heard: the text, whether it had waited, and
 * whether it was sent before.
 */
async function listen(port: number, acknowledges = () => true) {
  const heard: [text: string, waited: boolean, again: boolean][] = [];
  const client = await new Promise<CityClient>((resolve, reject) => {
    const made = new CityClient({
      broker: { host: "127.0.0.1", port, tls: false },
      city: CITY,
      session: "city-test",
      onMessage: (_topic, payload, acknowledge, { waited, again }) => {
        heard.push([Buffer.from(payload).toString(), waited === true, again === true]);
        if (acknowledges()) acknowledge();
      },
      onConnected: () => resolve(made),
      onProblem: (problem) => reject(new Error(problem)),
    });
  });
  return { heard, client };
}

/** Mosquitto, and a node that says something and waits until the broker has it. */
async function start() {
  const mosquitto = await startMosquitto();
  closing.push(() => mosquitto.stop());
  const { port } = mosquitto;
  const node: MqttClient = await connectAsync(`mqtt://127.0.0.1:${port}`);
  closing.push(() => node.endAsync(true));
  const say = (text: string) =>
    node.publishAsync(nodeTopic(CITY, "bk-0001", "up/data"), text, { qos: 1 });
  return { port, say };
}

describe.runIf(HAS_MOSQUITTO)("the city's client at Mosquitto", () => {
  it("tells what waited for it from what comes while it is there", async () => {
    const { port, say } = await start();
    const first = await listen(port);
    await say("at first");
    await vi.waitFor(() => expect(first.heard).toEqual([["at first", false, false]]), PATIENCE_MS);
    await first.client.close();
    for (let i = 0; i < BACKLOG; i++) await say(`${i}`);

    const second = await listen(port);
    closing.push(() => second.client.close());
    await vi.waitFor(() => expect(second.heard).toHaveLength(BACKLOG), PATIENCE_MS);
    await say("at last");
    await vi.waitFor(() => expect(second.heard.at(-1)?.[0]).toBe("at last"), PATIENCE_MS);
    expect(second.heard).toEqual([
      ...Array.from({ length: BACKLOG }, (_, i) => [`${i}`, true, false]),
      ["at last", false, false],
    ]);
  });

  it("says of what it did not acknowledge that it comes again", async () => {
    const { port, say } = await start();
    let acknowledges = false;
    const { heard, client } = await listen(port, () => acknowledges);
    closing.push(() => client.close());
    await say("twice");
    await vi.waitFor(() => expect(heard).toEqual([["twice", false, false]]), PATIENCE_MS);
    acknowledges = true;
    client.reconnect();
    await vi.waitFor(() => expect(heard).toHaveLength(2), PATIENCE_MS);
    expect(heard[1]).toEqual(["twice", true, true]);
  });
});
