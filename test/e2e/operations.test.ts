import { Ajv } from "ajv";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import type {
  ConfigReportMessage,
  HealthMessage,
  ReplyMessage,
  StateMessage,
} from "../../devs/contract/messages";
import { CONTRACT_MESSAGES } from "../../src/contractDocs/asyncApi";
import { contractSchemas } from "../../src/contractDocs/schemas";
import { OperatedCity } from "../support/operatedCity";
import type { CityUnderTestOptions } from "../support/simulatedCity";

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;

const CHIPS = ["sen55", "veml7700", "ina226", "sen0232"];

let city: OperatedCity | undefined;

/** The published JSON Schemas, by the last levels of the topic. */
const schemas = new Map<string, ReturnType<Ajv["compile"]>>();
beforeAll(async () => {
  const bySchema = await contractSchemas();
  for (const { type, leaf } of CONTRACT_MESSAGES)
    schemas.set(leaf, new Ajv({ strict: false }).compile(bySchema.get(type) as object));
}, 120_000);

async function start(options?: CityUnderTestOptions): Promise<OperatedCity> {
  city = await OperatedCity.start(options);
  await city.under.run(20 * SECOND_MS);
  return city;
}

afterEach(async () => {
  await city?.under.close();
  // Whatever a node says is what the contract says that it says.
  for (const { leaf, message } of city?.said ?? []) {
    const validate = schemas.get(leaf);
    expect(validate?.(message) ? [] : validate?.errors, leaf).toEqual([]);
  }
  city = undefined;
});

describe("a node that is operated", { timeout: 240_000 }, () => {
  it("does what it is told, once, and answers", async () => {
    const { node } = await start();
    const operated = city as OperatedCity;
    const restarts = node.boots;
    expect(await operated.command({ command: "identify", seconds: 5 })).toEqual({
      id: "id-1",
      result: "accepted",
    });
    const before = operated.under.readings.length;
    expect(await operated.command({ command: "sample" })).toMatchObject({ result: "done" });
    expect(operated.under.readings.length).toBeGreaterThan(before);
    expect(await operated.command({ command: "flush" })).toMatchObject({ result: "done" });
    expect((await operated.command({ command: "self-test" }))?.checks).toEqual([
      ...CHIPS,
      "flash",
      "settings",
      "heap~not-told",
      "wifi",
      "broker",
      "clock",
    ]);
    // The self-test of the start, in the first health message.
    await operated.under.run(40 * SECOND_MS);
    expect(operated.of<HealthMessage>("up/health").map(({ checks }) => checks)).toEqual([
      [...CHIPS, "flash", "settings", "heap~not-told", "wifi", "broker", "clock"],
    ]);
    expect(await operated.command({ command: "log" })).toMatchObject({ result: "accepted" });
    expect(operated.of<string[]>("up/log").flat()).toContain("command log");
    expect(await operated.command({ command: "dance" })).toMatchObject({ result: "refused" });
    operated.tell("down/command", JSON.stringify({ id: "id-2", command: "sample" }));
    await operated.under.run(5 * SECOND_MS);
    expect(operated.last<ReplyMessage>("up/reply")).toEqual({
      id: "id-2",
      result: "done",
      repeated: true,
    });
    expect(await operated.command({ command: "clear-counters" })).toMatchObject({ result: "done" });
    expect(await operated.command({ command: "restart" }, 30 * SECOND_MS)).toMatchObject({
      result: "done",
    });
    expect(node.boots).toBe(restarts + 1);
    const states = operated.of<StateMessage>("up/state");
    expect(states.at(-2)).toMatchObject({ state: "offline", reason: "command" });
    expect(states.at(-1)).toMatchObject({ state: "online", start: "command", safeMode: false });
    expect(node.panics).toBe(0);
  });

  it("takes a configuration at once, keeps it over a power cut, and refuses what is wrong", async () => {
    const { node } = await start();
    const operated = city as OperatedCity;
    expect(operated.last<ConfigReportMessage>("up/config")).toMatchObject({
      version: 0,
      status: "in-force",
      config: { channels: {} },
    });
    const part = { channels: { temperature: { periodS: 2, report: { heartbeatS: 2 } } } };
    expect(
      await operated.configure({ version: 1, ...part, health: { periodS: 10 } }),
    ).toMatchObject({
      version: 1,
      status: "in-force",
      config: { ...part, health: { periodS: 10 } },
    });
    const before = operated.under.readings.length;
    const healths = operated.of("up/health").length;
    await operated.under.run(60 * SECOND_MS);
    const temperatures = operated.under.readings
      .slice(before)
      .filter(({ metric }) => metric === "temperature").length;
    expect(temperatures).toBeGreaterThan(15);
    expect(operated.of("up/health").length - healths).toBeGreaterThanOrEqual(5);
    expect(
      await operated.configure({ version: 2, channels: { pm25: { periodS: 0 } } }),
    ).toMatchObject({
      version: 1,
      status: "refused",
      wanted: 2,
      refused: [{ path: "channels.pm25.periodS" }],
    });
    node.powerOff();
    await operated.under.run(SECOND_MS);
    await node.powerOn();
    await operated.under.run(30 * SECOND_MS);
    // Only the broker has the document that was refused, and sends it again.
    expect(operated.last<ConfigReportMessage>("up/config")).toMatchObject({
      version: 1,
      status: "refused",
      wanted: 2,
      config: { ...part, health: { periodS: 10 } },
    });
    expect(operated.last<StateMessage>("up/state")).toMatchObject({ start: "power-on" });
    expect(operated.last<HealthMessage>("up/health")).toMatchObject({ start: "power-on" });
  });

  it("restarts for what cannot be changed while it runs, and says so", async () => {
    const { node } = await start();
    const operated = city as OperatedCity;
    await operated.configure({ version: 1, noise: { on: false } }, 30 * SECOND_MS);
    expect(node.boots).toBe(2);
    expect(operated.of<StateMessage>("up/state").at(-2)).toMatchObject({
      state: "offline",
      reason: "configuration",
    });
    expect(operated.last<ConfigReportMessage>("up/config")).toMatchObject({
      version: 1,
      status: "in-force",
      config: { noise: { on: false } },
    });
    expect(node.panics).toBe(0);
  });

  it("goes back to the last good configuration where it loses the broker for ten minutes", async () => {
    await start();
    const operated = city as OperatedCity;
    const part = { channels: { temperature: { periodS: 5 } } };
    await operated.configure({ version: 1, ...part });
    await operated.under.run(11 * MINUTE_MS);
    await operated.configure({ version: 2, channels: { temperature: { periodS: 7 } } });
    operated.under.broker.stop({ sessions: "kept" });
    await operated.under.run(12 * MINUTE_MS);
    operated.under.broker.start();
    await operated.under.run(3 * MINUTE_MS);
    const rolledBack = operated
      .of<ConfigReportMessage>("up/config")
      .find(({ status }) => status === "rolled-back");
    expect(rolledBack).toMatchObject({ version: 1, config: part });
  });

  it("calibrates a channel against a reference", async () => {
    await start();
    const operated = city as OperatedCity;
    await operated.under.run(20 * SECOND_MS);
    expect(
      await operated.command(
        { command: "calibrate", channel: "humidity", zero: 0 },
        10 * SECOND_MS,
      ),
    ).toMatchObject({ result: "done" });
    await operated.command({ command: "sample" }, 15 * SECOND_MS);
    const humidity = () =>
      operated.under.readings.filter(({ metric }) => metric === "humidity").at(-1)?.value ?? NaN;
    expect(Math.abs(humidity())).toBeLessThan(2);
    // The second reference is laid over the first: an offset that is no whole number, and a gain.
    for (const reference of [{ zero: 10.5 }, { span: 80.5 }]) {
      const command = { command: "calibrate", channel: "humidity", ...reference };
      expect(await operated.command(command, 70 * SECOND_MS)).toMatchObject({ result: "done" });
      await operated.command({ command: "sample" }, 15 * SECOND_MS);
      expect(Math.abs(humidity() - (Object.values(reference)[0] as number))).toBeLessThan(2);
    }
    expect(operated.last<ConfigReportMessage>("up/config").config).toMatchObject({
      channels: {
        humidity: {
          calibrate: { offset: expect.any(Number) as number, gain: expect.any(Number) as number },
        },
      },
    });
    expect(await operated.command({ command: "calibrate", channel: "co2", zero: 0 })).toMatchObject(
      {
        result: "refused",
        reason: "channel: co2 has no value now",
      },
    );
  });

  it("takes a large document", async () => {
    const { node } = await start();
    const operated = city as OperatedCity;
    const names = ["pm1", "pm25", "pm4", "pm10", "temperature", "humidity", "illuminance", "LAeq"];
    const alarms = [1, 2, 3, 4].map((i) => ({ above: 900 + i, clear: 800, raiseDelayS: 60 * i }));
    const channels = Object.fromEntries(names.map((name) => [name, { alarms }]));
    const document = { version: 1, channels };
    const bytes = JSON.stringify(document).length;
    expect(bytes).toBeGreaterThan(1500);
    expect(await operated.configure(document, 90 * SECOND_MS)).toMatchObject({
      version: 1,
      status: "in-force",
      config: { channels },
    });
    expect(node.panics).toBe(0);
  });
});
