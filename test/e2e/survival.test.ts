import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkConfig } from "../../devs/contract/config";
import { metricNames } from "../../devs/contract/metrics";
import type {
  ConfigReportMessage,
  HealthMessage,
  ReplyMessage,
  StateMessage,
} from "../../devs/contract/messages";
import { VirtualI2cBus } from "../../src/sim/chips/virtualBus";
import { mutant } from "../support/mutant";
import { startCity, type CityUnderTest, type CityUnderTestOptions } from "../support/simulatedCity";

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const KB = 1024;
/** What the heap may differ by: a reading that waits, a text in memory. */
const HEAP_NOISE_BYTES = 1024;
/** Messages on each topic. */
const MESSAGES = 10_000;

/** What one node says. */
class Listener {
  readonly said: { leaf: string; message: unknown }[] = [];

  constructor(readonly city: CityUnderTest) {
    city.broker.onPublish((topic, payload) => {
      const leaf = topic.split("/").slice(4).join("/");
      this.said.push({ leaf, message: JSON.parse(Buffer.from(payload).toString()) });
    });
  }

  static async start(options: CityUnderTestOptions = {}): Promise<Listener> {
    const listener = new Listener(await startCity(options));
    await listener.city.run(20 * SECOND_MS);
    return listener;
  }

  get node() {
    return this.city.city.nodes[0] as CityUnderTest["city"]["nodes"][number];
  }

  tell(leaf: string, payload: string | Uint8Array, retain = false): void {
    const bytes = typeof payload === "string" ? Buffer.from(payload) : payload;
    const topic = `streetnode/v1/berkane/${leaf.startsWith("all/") ? leaf : `bk-0001/${leaf}`}`;
    this.city.broker.publish(topic, bytes, { qos: 1, retain });
  }

  of<T>(leaf: string): T[] {
    return this.said.filter((one) => one.leaf === leaf).map(({ message }) => message as T);
  }

  /** The least that was in use after a collection, over ten minutes. */
  async leastHeapBytes(): Promise<number> {
    let least = Infinity;
    for (let i = 0; i < 120; i++) {
      await this.city.run(5 * SECOND_MS);
      least = Math.min(least, this.node.heapUse()?.liveBytes ?? Infinity);
    }
    return least;
  }
}

const VALID = [
  '{"version":7,"channels":{"pm25":{"report":{"swingingDoor":3}},"temperature":{"periodS":20}},"health":{"periodS":60}}',
  '{"version":8,"channels":null,"lamp":{"on":true,"darkLx":5}}',
  '{"version":9,"noise":{"on":true,"windowS":30},"release":{"periodS":30},"sensors":{"sen55":{"on":true}}}',
  '{"id":"a1","command":"identify","seconds":3}',
  '{"id":"a2","command":"sample"}',
  '{"id":"a3","command":"self-test"}',
  '{"id":"a4","command":"log","minutes":1}',
  '{"id":"a5","command":"calibrate","channel":"humidity","zero":3}',
  '{"utcMs":1773982000000}',
  '{"pole":"شارع محمد الخامس 12","lat":34.92,"lon":-2.32,"heightM":6}',
];
/** Valid messages as they are, cut, damaged, doubled, or renumbered. */
const nearlyValid = fc
  .tuple(fc.constantFrom(...VALID), fc.nat(), fc.nat(255), fc.nat(4))
  .map(([text, at, byte, how]) => {
    const bytes = Buffer.from(text);
    const i = at % bytes.length;
    if (how === 0) return bytes;
    if (how === 1) return bytes.subarray(0, i);
    if (how === 2) return Buffer.concat([bytes, bytes.subarray(i)]);
    if (how === 3)
      return Buffer.from(text.replace(/"a\d"/, `"x${at}"`).replace(/n":\d/, `n":${at}`));
    bytes[i] = byte;
    return bytes;
  });
const anything = fc.oneof(
  { weight: 4, arbitrary: nearlyValid },
  { weight: 2, arbitrary: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)) },
  { weight: 2, arbitrary: fc.json({ maxDepth: 6 }).map((text) => Buffer.from(text)) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.nat(3000), fc.constantFrom("[", '{"a":', '"', '{"channels":{"pm25":', "9"))
      .map(([times, piece]) => Buffer.from(piece.repeat(times).slice(0, 3500))),
  },
  {
    weight: 1,
    arbitrary: fc
      .dictionary(fc.constantFrom("pm25", "LAeq", "x".repeat(50)), fc.jsonValue({ maxDepth: 3 }))
      .map((channels) => Buffer.from(JSON.stringify({ version: 11, channels }))),
  },
);

describe("a node that is sent anything at all", { timeout: 600_000 }, () => {
  it("runs on, answers, and has its memory back", async () => {
    const listener = await Listener.start();
    const { node, city } = listener;
    const before = await listener.leastHeapBytes();
    const topics = ["down/config", "down/command", "down/place", "all/down/time"];
    for (const [seed, leaf] of topics.entries()) {
      for (const payload of fc.sample(anything, { numRuns: MESSAGES, seed })) {
        listener.tell(leaf, payload);
        await city.run(200);
      }
      expect(node.panics, leaf).toBe(0);
    }
    expect(node.heapPeaks.liveBytes).toBeLessThan(40 * KB);

    // What was valid among them is in force: everything back to its default.
    const names = ["channels", "health", "release", "time", "noise", "lamp", "sensors"];
    const reset = Object.fromEntries(names.map((name) => [name, null]));
    listener.tell("down/config", JSON.stringify({ version: 999, ...reset }), true);
    await city.run(MINUTE_MS);
    expect(listener.of<ConfigReportMessage>("up/config").at(-1)).toMatchObject({
      version: 999,
      status: "in-force",
    });
    listener.tell("down/command", '{"id":"last","command":"identify","seconds":1}');
    await city.run(10 * SECOND_MS);
    expect(listener.of<ReplyMessage>("up/reply").at(-1)).toMatchObject({
      id: "last",
      result: expect.stringMatching(/accepted|done/),
    });
    expect(await listener.leastHeapBytes()).toBeLessThan(before + HEAP_NOISE_BYTES);
    expect(node.panics).toBe(0);
    await city.close();
  });

  it("answers each document, wherever it is cut, however deep or long, with a valid configuration", async () => {
    const listener = await Listener.start();
    const { node, city } = listener;
    const whole = VALID[0] as string;
    const documents = [
      ...Array.from({ length: whole.length }, (_, i) => whole.slice(0, i + 1)),
      ...[1, 2, 11, 12, 13, 14, 100, 1300].map(
        (depth) => `{"version":3,"health":${'{"a":'.repeat(depth)}1${"}".repeat(depth)}}`,
      ),
      ...[1, 12, 13, 2000].map((depth) => "[".repeat(depth)),
      ...[3999, 4060, 4096, 4097, 9000, 60_000].map(
        (length) => `{"version":${"1".repeat(length)}}`,
      ),
      ...fc.sample(anything, { numRuns: 200, seed: 6 }).filter(({ length }) => length > 0),
    ];
    const reports = () => listener.of<ConfigReportMessage>("up/config");
    for (const document of documents) {
      const told = reports().length;
      const what = document.slice(0, 60).toString();
      listener.tell("down/config", document);
      for (let i = 0; i < 120 && reports().length === told; i++) await city.run(500);
      expect(reports().length, what).toBe(told + 1);
      // For some sections the node starts anew, and then reports once more.
      const { boots } = node;
      await city.run(6 * SECOND_MS);
      if (node.boots > boots) await city.run(20 * SECOND_MS);
      const { status, config, refused } = reports().at(-1) as ConfigReportMessage;
      expect(checkConfig(config), what).toEqual([]);
      if (status === "refused") expect(refused?.length, what).toBeGreaterThan(0);
      else expect(status, what).toBe("in-force");
    }
    expect(node.panics).toBe(0);
    await city.close();
  });

  it("takes a document of three kilobytes, and keeps it over a power cut", async () => {
    const listener = await Listener.start();
    const { node, city } = listener;
    const names = "pm1 pm25 pm4 pm10 temperature humidity illuminance LAeq L10 L50".split(" ");
    const alarms = [1, 2, 3, 4].map((i) => ({
      above: 90000 + i,
      clear: 80000.25,
      raiseDelayS: 3600 + i,
      severity: "warning",
    }));
    const channels = Object.fromEntries(names.map((name) => [name, { alarms }]));
    const text = JSON.stringify({ version: 3, channels });
    expect(text.length).toBeGreaterThan(3000);
    listener.tell("down/config", text, true);
    await city.run(2 * MINUTE_MS);
    const reports = () => listener.of<ConfigReportMessage>("up/config");
    expect(reports().at(-1)).toMatchObject({
      version: 3,
      status: "in-force",
      config: { channels },
    });
    expect(node.heapPeaks.liveBytes).toBeLessThan(40 * KB);
    const told = reports().length;
    node.powerOff();
    await city.run(5 * SECOND_MS);
    await node.powerOn();
    await city.run(MINUTE_MS);
    expect(reports().length).toBeGreaterThan(told);
    expect(reports().at(-1)).toMatchObject({ version: 3, config: { channels } });
    expect(node.heapPeaks.liveBytes).toBeLessThan(40 * KB);

    expect(node.panics).toBe(0);
    await city.close();
  });

  it("takes one of three kilobytes for every channel that there is", async () => {
    const listener = await Listener.start();
    const { node, city } = listener;
    const part = { on: true, periodS: 30, report: { shortestS: 1, heartbeatS: 900 } };
    const parts = (one: object) => Object.fromEntries(metricNames().map((name) => [name, one]));
    const channels = parts({ ...part, alarms: null, smooth: null, rate: null });
    const text = JSON.stringify({ version: 4, channels });
    expect(text.length).toBeGreaterThan(3000);
    listener.tell("down/config", text, true);
    await city.run(2 * MINUTE_MS);
    expect(listener.of<ConfigReportMessage>("up/config").at(-1)).toMatchObject({
      version: 4,
      status: "in-force",
      config: { channels: parts(part) },
    });
    expect(node.heapPeaks.liveBytes).toBeLessThan(40 * KB);
    expect(node.panics).toBe(0);
    await city.close();
  });

  it("is ended by no document of the largest size, whatever is in it", async () => {
    const listener = await Listener.start();
    const { node, city } = listener;
    const names = "pm1 pm25 pm4 pm10 temperature humidity illuminance LAeq L10 L50 L90".split(" ");
    const alarm = { above: 90000.5, clear: 80000.25, raiseDelayS: 3600, severity: "critical" };
    const channels = Object.fromEntries(
      names.map((name) => [name, { alarms: [alarm, alarm, alarm, alarm].slice(0, 3) }]),
    );
    const members = (count: number) =>
      [...Array(count).keys()].map((i) => `"${i.toString(36)}":${i % 10}`).join(",");
    const documents: [string, string][] = [
      ["as many alarms as there is room for", JSON.stringify({ version: 21, channels })],
      ["the same in lines", JSON.stringify({ version: 22, channels }, null, 1).slice(0, 3990)],
      ["space", `{${" ".repeat(3900)}"version":23}`],
      ["a number", `{"version":${"9".repeat(3900)}}`],
      ["a text", `{"version":25,"health":{"periodS":"${"x".repeat(3900)}"}}`],
      ["escapes", `{"version":26,"health":"${'\\"'.repeat(1900)}"}`],
      ["unknown members", `{"version":27,${members(480)}}`],
      ["a section of unknown members", `{"version":28,"health":{${members(480)}}}`],
      ["as many as are read", `{"version":29,"health":{${members(81)}}}`],
      ["a list", `{"version":30,"channels":{"pm25":{"alarms":[${"1,".repeat(1900)}1]}}}`],
      ["empty alarms", `{"version":31,"channels":{"pm25":{"alarms":[${"{},".repeat(120)}{}]}}}`],
      [
        "one channel, again and again",
        `{"version":32,"channels":{${'"pm25":{},'.repeat(350)}"pm10":{}}}`,
      ],
      ["no JSON", "\x7f".repeat(3990)],
    ];
    for (const [what, text] of documents) {
      expect(text.length, what).toBeLessThan(4000);
      const told = listener.of<ConfigReportMessage>("up/config").length;
      listener.tell("down/config", text, true);
      await city.run(MINUTE_MS);
      expect(node.panics, what).toBe(0);
      expect(listener.of<ConfigReportMessage>("up/config").length, what).toBe(told + 1);
    }
    // What is longer than the node takes is acknowledged all the same, and is not sent again.
    listener.tell("down/config", `{"version":33,"health":"${"x".repeat(9000)}"}`, true);
    listener.tell("down/config", '{"version":34,"health":{"periodS":70}}', true);
    await city.run(MINUTE_MS);
    expect(listener.of<ConfigReportMessage>("up/config").at(-1)).toMatchObject({
      version: 34,
      status: "in-force",
    });
    expect(listener.of<HealthMessage>("up/health").at(-1)).toMatchObject({ reconnects: 0 });
    expect(node.panics).toBe(0);
    await city.close();
  });

  it("keeps on while large documents follow each other for hours", async () => {
    const listener = await Listener.start();
    const { node, city } = listener;
    const names = "pm1 pm25 pm4 pm10 temperature humidity illuminance LAeq L10 L50".split(" ");
    for (let version = 1; version <= 24; version++) {
      const alarms = [1, 2, 3, 4].map((i) => ({
        above: 90000 + version + i,
        clear: 80000.25,
        raiseDelayS: 3600 + i,
        severity: "warning",
      }));
      const channels = Object.fromEntries(names.map((name) => [name, { alarms }]));
      listener.tell("down/config", JSON.stringify({ version, channels }), true);
      // Another moment of the node's own work each time.
      await city.run(7 * MINUTE_MS + version * 1733);
      if (version % 6 === 0) {
        node.powerOff();
        await city.run(5 * SECOND_MS);
        await node.powerOn();
        await city.run(MINUTE_MS);
      }
      expect(listener.of<ConfigReportMessage>("up/config").at(-1)).toMatchObject({
        version,
        status: "in-force",
      });
    }
    expect(node.panics).toBe(0);
    await city.close();
  });

  it("has the old configuration or the new one, whichever write the power is cut at", async () => {
    const document = {
      version: 5,
      channels: { temperature: { periodS: 20 }, humidity: { periodS: 30 } },
      health: { periodS: 60 },
    };
    let cuts = 0;
    for (let write = 1; ; write++) {
      let cut = false;
      for (const stored of [false, true]) {
        const listener = await Listener.start();
        const { node, city } = listener;
        node.cutPowerAt(node.flashWrites + write, stored);
        listener.tell("down/config", JSON.stringify(document));
        for (let i = 0; i < 40 && node.powered; i++) await city.run(SECOND_MS);
        cut = !node.powered;
        if (cut) {
          cuts++;
          await city.run(3 * SECOND_MS);
          await node.powerOn();
          await city.run(20 * SECOND_MS);
        }
        const { version, config } = listener
          .of<ConfigReportMessage>("up/config")
          .at(-1) as ConfigReportMessage;
        const { version: newVersion, ...parts } = document;
        if (version === newVersion) expect(config).toEqual(parts);
        else expect([version, config]).toEqual([0, { channels: {} }]);
        expect(node.panics).toBe(0);
        await city.close();
        if (!cut) break;
      }
      if (!cut) break;
    }
    // Three parts and the directory at least, each cut before and after.
    expect(cuts).toBeGreaterThanOrEqual(8);
  });
});

describe("a node whose program fails", { timeout: 240_000 }, () => {
  const states = (listener: Listener) => listener.of<StateMessage>("up/state");
  const online = (listener: Listener) => states(listener).filter(({ state }) => state === "online");

  it("that crashes again and again connects in safe mode, and leaves it by command or after an hour", async () => {
    const { bytecode } = mutant({
      file: "devs/node/sensing.ts",
      healthy: "  tick(timeS: number): void {",
      broken: "  tick(timeS: number): void {\n    while (this.samples > 20) this.samples++;",
    });
    const listener = await Listener.start({ bytecode });
    const { node, city } = listener;
    await city.run(5 * MINUTE_MS);
    expect(node.panics).toBe(3);
    expect(online(listener).at(-1)).toMatchObject({ start: "crash", safeMode: true, chips: [] });
    listener.tell("down/command", '{"id":"i","command":"identify"}');
    await city.run(10 * SECOND_MS);
    expect(listener.of<ReplyMessage>("up/reply").at(-1)).toMatchObject({
      id: "i",
      result: expect.stringMatching(/accepted|done/),
    });
    await city.run(10 * MINUTE_MS);
    expect(node.panics).toBe(3);

    listener.tell("down/command", '{"id":"r","command":"restart"}');
    await city.run(20 * SECOND_MS);
    expect(online(listener).at(-1)).toMatchObject({ start: "command", safeMode: false });
    await city.run(10 * MINUTE_MS);
    expect(node.panics).toBe(6);
    expect(online(listener).at(-1)).toMatchObject({ safeMode: true });

    await city.run(60 * MINUTE_MS);
    expect(online(listener).map(({ start }) => start)).toContain("safe-mode-over");
    await city.close();
  });

  it("in a driver, a handler and the sampler goes on with the rest, says which, and starts anew", async () => {
    const { bytecode } = mutant(
      {
        file: "devs/drivers/veml7700.ts",
        healthy: "    await this.checkSettings();\n    let counts",
        broken:
          '    await this.checkSettings();\n    if (this.range >= 0) throw new Error("mutant");\n    let counts',
      },
      {
        file: "devs/node/operations.ts",
        healthy: "  private async answer(payload: Buffer): Promise<void> {",
        broken:
          "  private async answer(payload: Buffer): Promise<void> {\n" +
          '    if (payload.toString().indexOf("bad") > 0) throw new Error("mutant");',
      },
      {
        file: "devs/sampling/sampler.ts",
        healthy: "      pauseMs = this.has(Fact.Busy) ? RETRY_MS : await this.turn();",
        broken: "      pauseMs = ranMs() > 90000 ? 1e9 : await this.turn();",
        more: '\nimport { ranMs } from "../node/life";\n',
      },
    );
    const configuration = { health: { periodS: 10 } };
    const listener = await Listener.start({ bytecode, configuration });
    const { city, node } = listener;
    listener.tell("down/command", '{"id":"bad","command":"identify"}');
    await city.run(20 * SECOND_MS);
    listener.tell("down/command", '{"id":"good","command":"identify"}');
    await city.run(30 * SECOND_MS);
    expect(listener.of<ReplyMessage>("up/reply").map(({ id }) => id)).toEqual(["good"]);
    expect(listener.of<HealthMessage>("up/health").at(-1)).toMatchObject({ exceptions: 1 });

    // A driver that fails is a sensor at fault; the others are read.
    expect(city.events.map(({ event }) => [event.event, event.chip, event.reason])).toEqual([
      ["sensor-fault", "veml7700", "driver-error"],
    ]);
    const metrics = new Set(city.readings.map(({ metric }) => metric));
    expect(metrics).toContain("lampPower");
    expect(metrics).not.toContain("illuminance");

    // After a minute and a half nothing is read any more: the watchdog's patience is a quarter
    // of an hour, then half an hour, then a whole one.
    await city.run(105 * MINUTE_MS);
    expect(online(listener).map(({ start }) => start)).toEqual([
      "power-on",
      "watchdog",
      "watchdog",
    ]);
    expect(node.panics).toBe(0);
    await city.close();
  });
});

it(
  "a node whose connection stands still starts anew, each time later, but not because its broker is away",
  { timeout: 240_000 },
  async () => {
    const { bytecode } = mutant({
      file: "devs/mqtt/client.ts",
      healthy: "      await bell.wait(waitMs);",
      broken:
        "      await ds.sleep(ranMs() > 90000 && hangs() ? 1e9 : 0);\n      await bell.wait(waitMs);",
      more:
        '\nimport { ranMs } from "../node/life";\n' +
        // For an hour the program is well: the broker is away then.
        "function hangs(): boolean {\n  return ds.millis() > 3600000;\n}\n",
    });
    const listener = await Listener.start({ bytecode });
    const { city, node } = listener;
    city.broker.stop({ sessions: "kept" });
    await city.run(50 * MINUTE_MS);
    expect(node.boots).toBe(1);
    city.broker.start();
    await city.run(70 * MINUTE_MS);
    const starts = listener
      .of<StateMessage>("up/state")
      .flatMap(({ state, reason, start }) =>
        state === "online" && reason === "boot" ? [start] : [],
      );
    // A quarter of an hour after the first, half an hour after the second.
    expect(starts).toEqual(["power-on", "watchdog", "watchdog"]);
    expect(node.panics).toBe(0);
    await city.close();
  },
);

it(
  "a node on which no chip answers connects, says so, and looks again",
  { timeout: 120_000 },
  async () => {
    const listener = await Listener.start({ bus: () => new VirtualI2cBus() });
    const { city, node } = listener;
    expect(listener.of<StateMessage>("up/state").at(-1)).toMatchObject({
      state: "online",
      chips: [],
    });
    listener.tell("down/command", '{"id":"t","command":"self-test"}');
    await city.run(10 * SECOND_MS);
    expect(listener.of<ReplyMessage>("up/reply").at(-1)).toMatchObject({
      result: expect.stringMatching(/accepted|done/),
    });
    await city.run(11 * MINUTE_MS);
    expect(listener.of<StateMessage>("up/state").at(-1)).toMatchObject({ start: "no-sensors" });
    expect(node.panics).toBe(0);
    await city.close();
  },
);
