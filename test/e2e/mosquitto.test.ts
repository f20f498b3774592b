import { setTimeout as sleep } from "node:timers/promises";
import { connectAsync, type MqttClient } from "mqtt";
import { afterEach, describe, expect, it } from "vitest";
import type { SenmlRecord, StateMessage } from "../../devs/contract/messages";
import { TOPIC_ROOT } from "../../devs/contract/topics";
import { Receiver, type Reading } from "../../src/city/receiver";
import { tcpNetwork } from "../../src/sim/network/tcpNetwork";
import { HAS_MOSQUITTO, startMosquitto, type Mosquitto } from "../support/mosquitto";
import { startCity, type CityUnderTest } from "../support/simulatedCity";

/** Longest wait for something that a healthy node does within seconds. */
const PATIENCE_MS = 40_000;
const POLL_MS = 50;

/** Samples often, so that seconds of real time are enough. */
const LIVELY = {
  channels: Object.fromEntries(
    ["LAF", "temperature", "illuminance"].map((name) => [
      name,
      { periodS: 1, report: { deadband: 0 } },
    ]),
  ),
};

interface Heard {
  readonly topic: string;
  readonly payload: Buffer;
  readonly retained: boolean;
}

/** A city's programme at Mosquitto: MQTT.js with a session that the broker keeps. */
class CityListener {
  readonly heard: Heard[] = [];
  readonly readings: Reading[] = [];
  readonly receiver = new Receiver({ reading: (reading) => this.readings.push(reading) });

  static async connect(port: number): Promise<[CityListener, MqttClient]> {
    const listener = new CityListener();
    const client = await connectAsync(`mqtt://127.0.0.1:${port}`, {
      clientId: "city",
      clean: false,
      reconnectPeriod: 200,
    });
    client.on("error", () => {});
    client.on("message", (topic, payload, packet) => {
      listener.heard.push({ topic, payload, retained: packet.retain });
      listener.receiver.receive(topic, payload, Date.now());
    });
    await client.subscribeAsync(`${TOPIC_ROOT}/#`, { qos: 1 });
    return [listener, client];
  }

  states(): StateMessage[] {
    return this.heard
      .filter(({ topic }) => topic.endsWith("/up/state"))
      .map(({ payload }) => JSON.parse(payload.toString()) as StateMessage);
  }
}

async function until(what: string, condition: () => boolean): Promise<void> {
  const endMs = performance.now() + PATIENCE_MS;
  while (!condition()) {
    if (performance.now() > endMs) throw new Error(`waited in vain for ${what}`);
    await sleep(POLL_MS);
  }
}

const cleanUp: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const step of cleanUp.splice(0).reverse()) await step();
});

/** Runs a city in real time against Mosquitto until the test is over. */
async function cityAt(mosquitto: Mosquitto): Promise<CityUnderTest> {
  const city = await startCity({
    network: tcpNetwork(),
    brokerAddress: { host: "127.0.0.1", port: mosquitto.port, tls: false },
    configuration: LIVELY,
  });
  const ending = new AbortController();
  const running = city.city.run(Infinity, 1, ending.signal);
  cleanUp.push(async () => {
    ending.abort();
    await running;
    await city.close();
  });
  return city;
}

describe.runIf(HAS_MOSQUITTO)("a node at Mosquitto", () => {
  it("publishes its birth and valid SenML, and leaves its last will behind", async () => {
    const mosquitto = await startMosquitto();
    cleanUp.push(() => mosquitto.stop());
    const [listener, client] = await CityListener.connect(mosquitto.port);
    cleanUp.push(() => client.endAsync(true));
    const city = await cityAt(mosquitto);
    await until("ten readings", () => listener.readings.length >= 10);
    expect(listener.receiver.counters).toMatchObject({ duplicates: 0, gaps: 0, bad: 0 });
    expect(listener.states()[0]).toMatchObject({ state: "online", reason: "boot", boot: 1 });
    const pack = listener.heard.find(({ topic }) => topic.endsWith("/up/data"));
    const records = JSON.parse(pack?.payload.toString() ?? "") as SenmlRecord[];
    expect(records[0]).toMatchObject({ boot: 1, seq: 1 });
    expect(records[0]?.bn).toMatch(/^berkane\/bk-0001\//);
    for (const record of records) {
      expect(record.n ?? records[0]?.bn).toMatch(/\w+$/);
      expect(Number.isFinite(record.v)).toBe(true);
      expect(record.t ?? 0).toBeLessThanOrEqual(0);
    }
    // The power goes, and with it the connection: the broker speaks for the node.
    city.city.powerOff();
    await until("the last will", () => listener.states().at(-1)?.state === "offline");
    expect(listener.states().at(-1)).toMatchObject({ reason: "connection-lost", boot: 1 });
  }, 60_000);

  it("loses no reading while Mosquitto is killed and started again", async () => {
    const mosquitto = await startMosquitto({
      config:
        "allow_anonymous true\npersistence true\npersistence_location {folder}/\nautosave_interval 1\nautosave_on_changes true",
    });
    cleanUp.push(() => mosquitto.stop());
    const [listener, client] = await CityListener.connect(mosquitto.port);
    cleanUp.push(() => client.endAsync(true));
    const city = await cityAt(mosquitto);
    await until("five readings", () => listener.readings.length >= 5);
    await mosquitto.kill();
    await sleep(5000);
    await mosquitto.start();
    await until("the node's return", () =>
      listener.states().some(({ reason }) => reason === "reconnected"),
    );
    const back = listener.readings.length;
    await until("ten more readings", () => listener.readings.length >= back + 10);
    expect(listener.receiver.counters).toMatchObject({ gaps: 0, bad: 0 });
    expect(city.city.nodes[0]?.panics).toBe(0);
    // A reading a second of the level, the outage included.
    const seconds = listener.readings
      .filter(({ metric }) => metric === "LAF")
      .map(({ timeMs }) => Math.round(timeMs / 1000));
    const span = Math.max(...seconds) - Math.min(...seconds);
    expect(new Set(seconds).size).toBeGreaterThanOrEqual(span - 3);
  }, 120_000);
});
