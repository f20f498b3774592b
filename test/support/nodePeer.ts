import { connectAsync, type MqttClient } from "mqtt";
import { DOWN_CONFIG, UP_CONFIG, UP_REPLY, UP_STATE, nodeTopic } from "../../devs/contract/topics";

/** What the peer does with what it is told. */
export type Behaviour = "applies" | "refuses" | "is silent";

/** A peer that is at a broker what a node is: it reports what it is told, or refuses. */
export async function nodePeer(
  port: number,
  city: string,
  name: string,
  behaviour: Behaviour,
): Promise<MqttClient> {
  const client = await connectAsync(`mqtt://127.0.0.1:${port}`, { clientId: name });
  const say = (leaf: string, message: object, retain: boolean) =>
    client.publishAsync(nodeTopic(city, name, leaf), JSON.stringify(message), { qos: 1, retain });
  client.on("message", (topic, payload) => {
    if (behaviour === "is silent" || payload.length === 0) return;
    const message = JSON.parse(payload.toString()) as Record<string, unknown>;
    const { version, id, ...config } = message;
    if (topic.endsWith(DOWN_CONFIG)) {
      if (behaviour === "applies")
        void say(UP_CONFIG, { version, hash: "", status: "in-force", config }, true);
      else
        void say(
          UP_CONFIG,
          {
            version: 0,
            hash: "",
            status: "refused",
            wanted: version,
            refused: [{ path: "channels.pm25", reason: "is too much for me" }],
            config: {},
          },
          true,
        );
    } else if (behaviour === "applies") void say(UP_REPLY, { id, result: "done" }, false);
    else void say(UP_REPLY, { id, result: "refused", reason: "not now" }, false);
  });
  await say(UP_STATE, { state: "online", reason: "boot", boot: 1 }, true);
  await client.subscribeAsync(nodeTopic(city, name, "down/#"), { qos: 1 });
  return client;
}
