import { sleep } from "@devicescript/core";
import { startMQTTClient } from "@devicescript/net";

/** A reading, and one JSON message for it. */
const PERIOD_MS = 500;

/** What a program on DeviceScript's own MQTT client does: each reading a message, sent when it is there. */
const mqtt = await startMQTTClient({
  host: "broker.invalid",
  port: 1883,
  proto: "tcp",
  clientId: "bk-0001",
});

/** Counts up, so that the far end sees which are missing. */
let count = 0;
const publish = async () => {
  const n = count++;
  try {
    const reading = { metric: "LAF", value: n, unit: "dB" };
    await mqtt.publish("streetnode/v1/berkane/bk-0001/up/data/LAF", reading, 1);
  } catch {
    // The client throws when its socket fails; the next reading is on its way already.
  }
};
while (true) {
  console.log("reading");
  publish.start();
  await sleep(PERIOD_MS);
}
