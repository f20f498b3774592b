import { afterEach, expect, it } from "vitest";
import { DOWN_CONFIG, UP_CONFIG, nodeTopic } from "../../devs/contract/topics";
import type { ConfigReportMessage } from "../../devs/contract/messages";
import { loadFirmware } from "../../src/toolchain/firmware";
import { mutant } from "../support/mutant";
import { OtaCity } from "../support/otaCity";

const MINUTE_MS = 60_000;
const NODE = "bk-0001";

let city: OtaCity;
afterEach(() => city.close());

it("survives updates, and what a new program does not take of it has its defaults and is reported", async () => {
  city = new OtaCity(1);
  city.add(loadFirmware().bytecode, "0.1.0");
  // A program whose largest health period is another one.
  const narrower = city.add(
    mutant({
      file: "devs/contract/configRules.ts",
      healthy: 'health {"periodS":[10,86400]}',
      broken: 'health {"periodS":[10,100]}',
    }).bytecode,
  );
  let report: ConfigReportMessage | undefined;
  city.broker.onPublish((topic, payload) => {
    if (topic === nodeTopic("berkane", NODE, UP_CONFIG))
      report = JSON.parse(Buffer.from(payload).toString()) as ConfigReportMessage;
  });
  await city.start();
  await city.until(() => report !== undefined, MINUTE_MS);
  const wanted = { channels: { pm25: { periodS: 20 } }, health: { periodS: 200 } };
  city.broker.publish(
    nodeTopic("berkane", NODE, DOWN_CONFIG),
    JSON.stringify({ version: 7, ...wanted }),
    { qos: 1 },
  );
  await city.until(() => report?.version === 7, MINUTE_MS);
  expect(report).toMatchObject({ status: "in-force", config: wanted });

  const rollout = city.rollout(narrower, { canary: 1, waitMs: 30 * MINUTE_MS });
  await city.until(() => city.step(NODE)?.state === "watched", 20 * MINUTE_MS);
  await city.until(() => report?.status === "refused", MINUTE_MS);
  expect(report).toMatchObject({ version: 7, refused: [{ path: "health.periodS" }] });
  expect(report).not.toHaveProperty("wanted");
  // The period is the default again, the channel's is as it was set.
  expect(report?.config).toMatchObject({ channels: { pm25: { periodS: 20 } } });

  city.wish(rollout, "abort");
  await city.until(() => city.latest()?.state === "stopped", 30 * MINUTE_MS);
  await city.until(() => report?.status === "in-force", MINUTE_MS);
  expect(report).toMatchObject({ version: 7, config: wanted });
}, 300_000);
