import { sleep } from "@devicescript/core";
import { startMQTTClient } from "@devicescript/net";
import { countTurns } from "./costMeter";

/** Messages sent without a pause, one reading each. */
const MESSAGES = 10;

const mqtt = await startMQTTClient({
  host: "broker.invalid",
  port: 1883,
  proto: "tcp",
  clientId: "bk-0001",
});
await sleep(5000);
for (let i = 0; i < MESSAGES; i++) {
  const reading = { metric: "LAF", value: 60 + i, unit: "dB" };
  await mqtt.publish("streetnode/v1/berkane/bk-0001/up/data/LAF", reading, 1);
}
countTurns();
