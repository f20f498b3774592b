import { setTimeout as sleep } from "node:timers/promises";
import { connectAsync, type IClientOptions, type MqttClient } from "mqtt";
import { describe, expect, it, type TestContext } from "vitest";
import type { SenmlRecord, StateMessage } from "../../devs/contract/messages";
import { TOPIC_ROOT } from "../../devs/contract/topics";
import { Receiver, type Reading } from "../../src/city/receiver";
import type { Connector, Network } from "../../src/sim/network/network";
import { tcpNetwork } from "../../src/sim/network/tcpNetwork";
import { makeAuthority } from "../support/certificates";
import { judgeDelivery } from "../support/deliveryProof";
import { HAS_MOSQUITTO, freePort, passwordLine, startMosquitto } from "../support/mosquitto";
import { startCity, type CityUnderTest } from "../support/simulatedCity";

/** Longest wait for something that a healthy node does within seconds. */
const PATIENCE_MS = 120_000;
const POLL_MS = 50;
const TIMEOUT_MS = 300_000;
const NODE = "bk-0001";
const PASSWORD = "a password of the node's own";
const PERSISTENCE =
  "persistence true\npersistence_location {folder}/\nautosave_interval 1\nautosave_on_changes true";

/** Samples often, so that seconds of real time are enough. */
const LIVELY = {
  channels: Object.fromEntries(
    ["LAF", "temperature", "illuminance"].map((name) => [
      name,
      { on: true, periodS: 1, report: { deadband: 0 } },
    ]),
  ),
};

interface Heard {
  readonly topic: string;
  readonly payload: Buffer;
}

/** A city's programme at Mosquitto: MQTT.js with a session that the broker keeps. */
class CityListener {
  readonly heard: Heard[] = [];
  readonly readings: Reading[] = [];
  readonly receiver = new Receiver({ reading: (reading) => this.readings.push(reading) });
  /** Times that it was connected and subscribed. */
  subscribed = 0;

  private constructor(readonly client: MqttClient) {
    client.on("error", () => {});
    client.on("message", (topic, payload) => {
      this.heard.push({ topic, payload });
      this.receiver.receive(topic, payload, Date.now());
    });
  }

  static async connect(
    test: TestContext,
    port: number,
    options: IClientOptions = {},
  ): Promise<CityListener> {
    const client = await connectAsync(`mqtt${options.ca ? "s" : ""}://localhost:${port}`, {
      clientId: "city",
      clean: false,
      reconnectPeriod: 200,
      resubscribe: false,
      ...options,
    });
    test.onTestFinished(() => client.endAsync(true));
    const listener = new CityListener(client);
    const subscribe = () =>
      client.subscribe(`${TOPIC_ROOT}/#`, { qos: 1 }, (error) => {
        if (!error) listener.subscribed++;
      });
    client.on("connect", subscribe);
    subscribe();
    await until("the city's subscription", () => listener.subscribed > 0);
    return listener;
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

/** A way that can be barred; then a node finds nobody at the broker's port. */
class BarredNetwork implements Network {
  barred = false;
  readonly #network: Network;
  readonly #deadPort: number;

  constructor(network: Network, deadPort: number) {
    this.#network = network;
    this.#deadPort = deadPort;
  }

  path(node: string): Connector {
    const path = this.#network.path(node);
    return {
      connect: (address) =>
        path.connect(this.barred ? { ...address, port: this.#deadPort } : address),
    };
  }
}

/** A city that runs in real time until the test is over. */
interface LiveCity extends CityUnderTest {
  /** UTC at which its virtual time began. */
  readonly beganUtcMs: number;
}

async function cityAt(
  test: TestContext,
  brokerAddress: { host: string; port: number; tls: boolean },
  network: Network,
  password?: string,
): Promise<LiveCity> {
  const city = await startCity({
    network,
    brokerAddress,
    configuration: LIVELY,
    trace: true,
    beacon: false,
    ...(password === undefined ? {} : { password }),
  });
  const ending = new AbortController();
  const beganUtcMs = Date.now() - city.scheduler.nowMs;
  const running = city.city.run(Infinity, 1, ending.signal);
  test.onTestFinished(async () => {
    ending.abort();
    await running;
    await city.close();
  });
  return { ...city, beganUtcMs };
}

/** Kills Mosquitto under a city, starts it again, and expects that no reading is missing. */
async function proveRestart(
  test: TestContext,
  way: { readonly sessions: "kept" | "lost"; readonly tls: boolean },
): Promise<void> {
  const authority = makeAuthority();
  const server = authority.issue("localhost");
  const mosquitto = await startMosquitto({
    config: [
      "allow_anonymous false",
      "password_file {folder}/passwords",
      ...(way.tls ? ["certfile {folder}/server.pem", "keyfile {folder}/server.key"] : []),
      ...(way.sessions === "kept" ? [PERSISTENCE] : []),
    ].join("\n"),
    files: {
      passwords: passwordLine(NODE, PASSWORD) + passwordLine("city", "secret"),
      "server.pem": server.certificate,
      "server.key": server.key,
    },
  });
  test.onTestFinished(() => mosquitto.stop());
  const ca = way.tls ? authority.certificate : undefined;
  const listener = await CityListener.connect(test, mosquitto.port, {
    username: "city",
    password: "secret",
    ...(ca === undefined ? {} : { ca }),
  });
  const network = new BarredNetwork(tcpNetwork(ca), await freePort());
  const address = { host: "localhost", port: mosquitto.port, tls: way.tls };
  const city = await cityAt(test, address, network, PASSWORD);
  await until("five readings", () => listener.readings.length >= 5);
  await mosquitto.kill();
  // Where the sessions are lost the city's own subscription has to be there before the node is.
  network.barred = way.sessions === "lost";
  await sleep(4000);
  await mosquitto.start();
  await until("the city's return", () => listener.subscribed >= 2);
  network.barred = false;
  await until("the node's return", () =>
    listener.states().some(({ reason }) => reason === "reconnected"),
  );
  const seen = city.reports.length;
  await until("ten more reports", () => city.reports.length >= seen + 10);
  const awaited = city.reports.slice(0, seen + 10);
  const verdict = () => {
    const { lost, invented, disordered } = judgeDelivery({
      reports: city.reports,
      readings: listener.readings,
      startUtcMs: city.beganUtcMs,
      // Late enough that none of them counts as on its way.
      scheduler: { nowMs: Infinity },
    });
    return { lost: lost.filter((report) => awaited.includes(report)), invented, disordered };
  };
  await until("every reading of before", () => verdict().lost.length === 0).catch(() => {});
  expect(verdict()).toEqual({ lost: [], invented: [], disordered: [] });
  expect(listener.receiver.counters).toMatchObject({ gaps: 0, bad: 0 });
  expect(city.city.nodes[0]?.panics).toBe(0);
}

describe.runIf(HAS_MOSQUITTO).concurrent("a node at Mosquitto", () => {
  it(
    "publishes its birth and valid SenML, and leaves its last will behind",
    async (test) => {
      const mosquitto = await startMosquitto();
      test.onTestFinished(() => mosquitto.stop());
      const listener = await CityListener.connect(test, mosquitto.port);
      const address = { host: "127.0.0.1", port: mosquitto.port, tls: false };
      const city = await cityAt(test, address, tcpNetwork());
      await until("ten readings", () => listener.readings.length >= 10);
      expect(listener.receiver.counters).toMatchObject({ duplicates: 0, gaps: 0, bad: 0 });
      expect(listener.states()[0]).toMatchObject({ state: "online", reason: "boot", boot: 1 });
      const pack = listener.heard.find(({ topic }) => topic.endsWith("/up/data"));
      const records = JSON.parse(pack?.payload.toString() ?? "") as SenmlRecord[];
      expect(records[0]).toMatchObject({ boot: 1, seq: 1 });
      expect(records[0]?.bn?.startsWith(`berkane/${NODE}/`)).toBe(true);
      // The power goes, and with it the connection: the broker speaks for the node.
      city.city.powerOff();
      await until("the last will", () => listener.states().at(-1)?.state === "offline");
      expect(listener.states().at(-1)).toMatchObject({ reason: "connection-lost", boot: 1 });
    },
    TIMEOUT_MS,
  );

  it(
    "loses no reading while Mosquitto is killed and started again with its sessions",
    (test) => proveRestart(test, { sessions: "kept", tls: false }),
    TIMEOUT_MS,
  );

  it(
    "loses none over TLS with a password, with a Mosquitto that forgot everything",
    (test) => proveRestart(test, { sessions: "lost", tls: true }),
    TIMEOUT_MS,
  );

  it(
    "says that its password is wrong, and does not try it again and again",
    async (test) => {
      const mosquitto = await startMosquitto({
        config: "allow_anonymous false\npassword_file {folder}/passwords",
        files: { passwords: passwordLine(NODE, PASSWORD) },
      });
      test.onTestFinished(() => mosquitto.stop());
      const address = { host: "127.0.0.1", port: mosquitto.port, tls: false };
      const city = await cityAt(test, address, tcpNetwork(), "another password");
      const refusals = () => city.log.filter((line) => line.includes("broker: refused: not auth"));
      await until("the refusal", () => refusals().length > 0);
      // After any other failure it tries four times and more in so long.
      await sleep(10_000);
      expect(city.city.nodes[0]?.traffic.connects).toBe(1);
      expect(refusals()).toHaveLength(1);
      expect(city.log.join("\n")).not.toContain("another password");
    },
    TIMEOUT_MS,
  );

  it(
    "says nothing to a broker that another authority vouches for, or for another name",
    async (test) => {
      const authority = makeAuthority();
      for (const server of [makeAuthority().issue("localhost"), authority.issue("example.org")]) {
        const mosquitto = await startMosquitto({
          config: "allow_anonymous true\ncertfile {folder}/server.pem\nkeyfile {folder}/server.key",
          files: { "server.pem": server.certificate, "server.key": server.key },
        });
        test.onTestFinished(() => mosquitto.stop());
        const address = { host: "localhost", port: mosquitto.port, tls: true };
        const city = await cityAt(test, address, tcpNetwork(authority.certificate), PASSWORD);
        const traffic = city.city.nodes[0]?.traffic;
        await until("a failed attempt", () => (traffic?.failures ?? 0) > 0);
        expect(traffic?.lastFailure).toMatch(/certificate|altnames/i);
        expect(traffic).toMatchObject({ connects: 0, wireBytes: 0 });
      }
    },
    TIMEOUT_MS,
  );
});
