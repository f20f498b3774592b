import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv, type ValidateFunction } from "ajv";
import { expect, it } from "vitest";
import { CONTRACT_MESSAGES, type ContractMessage } from "../../src/contractDocs/asyncApi";
import { contractSchemas, type Schema } from "../../src/contractDocs/schemas";
import { PROJECT_FOLDER } from "../../src/projectFolder";
import { OperatedCity } from "../support/operatedCity";

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;

/** The schema with no member allowed that it does not name: published ones let a newer node say more. */
function closed(schema: Schema): Schema {
  const copy = structuredClone(schema) as { definitions?: Record<string, Record<string, unknown>> };
  for (const definition of Object.values(copy.definitions ?? {}))
    if (definition["properties"] && definition["additionalProperties"] === undefined)
      definition["additionalProperties"] = false;
  return copy as Schema;
}

it("every kind of message that a simulated node and its city exchange is as the contract says, and says no more", async () => {
  const schemas = await contractSchemas();
  const validators = new Map<ContractMessage, ValidateFunction>(
    CONTRACT_MESSAGES.map((message) => [
      message,
      new Ajv({ strict: false, allErrors: true }).compile(
        closed(schemas.get(message.type) as Schema),
      ),
    ]),
  );
  const operated = await OperatedCity.start({
    configuration: { health: { periodS: 30 } },
    trace: true,
  });
  const { under, node } = operated;
  const seen = new Map<string, number>();
  const wrong: unknown[] = [];
  const check = (topic: string, payload: Uint8Array) => {
    if (payload.length === 0) return;
    const message = CONTRACT_MESSAGES.find(({ leaf }) => topic.endsWith(`/${leaf}`));
    const validate = message && validators.get(message);
    if (!validate) return void wrong.push({ topic });
    seen.set(message.leaf, (seen.get(message.leaf) ?? 0) + 1);
    const value: unknown = JSON.parse(Buffer.from(payload).toString());
    if (!validate(value)) wrong.push({ topic, value, errors: validate.errors });
  };
  under.broker.onPublish(check);
  // What the city publishes is not told to its own broker's listeners.
  const publish = under.broker.publish.bind(under.broker);
  under.broker.publish = (topic, payload, options) => {
    check(topic, Buffer.from(payload as Uint8Array));
    publish(topic, payload, options);
  };

  await under.run(30 * SECOND_MS);
  operated.tell("down/place", '{"pole":"P 7","lat":34.9,"lon":-2.3,"heightM":6,"directionDeg":90}');
  await operated.configure({
    version: 1,
    channels: {
      temperature: { periodS: 2, alarms: [{ above: -30, clear: -31, severity: "info" }] },
      humidity: { statistics: { windowS: 30 } },
    },
    time: { utcOffsetMin: 60 },
  });
  operated.tell("down/config", '{"version":2,"health":{"periodS":1}}');
  for (const command of [
    { command: "identify", seconds: 2.5 },
    { command: "sample" },
    { command: "flush" },
    { command: "self-test" },
    { command: "log", minutes: 1 },
    { command: "calibrate", channel: "humidity", span: 60 },
    { command: "calibrate", channel: "co2", zero: 400 },
    { command: "clear-counters" },
  ])
    expect(await operated.command(command, 12 * SECOND_MS)).toBeDefined();
  const chip = under.buses.get("bk-0001")?.chip("veml7700");
  chip?.faults.set({ noAnswer: true }, under.scheduler.nowMs);
  await under.run(2 * MINUTE_MS);
  chip?.faults.clear();
  await under.run(6 * MINUTE_MS);
  // What waits through an outage and a power cut, and the last will.
  under.broker.stop({ sessions: "kept" });
  await under.run(20 * MINUTE_MS);
  node.powerOff();
  under.broker.start();
  await under.run(2 * MINUTE_MS);
  await node.powerOn();
  await under.run(3 * MINUTE_MS);
  expect(await operated.command({ command: "restart" }, 40 * SECOND_MS)).toBeDefined();
  await under.close();

  expect(wrong).toEqual([]);
  expect([...seen.keys()].sort()).toEqual(CONTRACT_MESSAGES.map(({ leaf }) => leaf).sort());
}, 120_000);

it("the files of the package are what is generated now", async () => {
  const schemas = await contractSchemas();
  for (const [type, schema] of schemas) {
    const file = join(PROJECT_FOLDER, "docs", "schemas", `${type}.json`);
    expect(JSON.parse(readFileSync(file, "utf8")), type).toEqual(
      JSON.parse(JSON.stringify(schema)),
    );
  }
});
