import { connectAsync, type MqttClient } from "mqtt";
import {
  DOWN_COMMAND,
  DOWN_PLACE,
  UP_CONFIG,
  UP_DATA,
  UP_EVENT,
  UP_REPLY,
  UP_STATE,
  nodeTopic,
} from "../../devs/contract/topics";

/** How a scripted node answers a command; nothing for silence. */
export type CommandScript = (command: Record<string, unknown>) => object | undefined;

/** A node that says what a test tells it to, over MQTT as the firmware does. */
export class ScriptedNode {
  readonly commands: Record<string, unknown>[] = [];
  /** What `down/place` said last; an empty text for nothing. */
  place: string | undefined;
  answer: CommandScript = () => ({ result: "done" });
  #seq = 0;

  private constructor(
    readonly name: string,
    readonly city: string,
    readonly client: MqttClient,
  ) {}

  static async connect(url: string, name: string, city = "berkane"): Promise<ScriptedNode> {
    const client = await connectAsync(url, { clientId: name, protocolVersion: 4 });
    const node = new ScriptedNode(name, city, client);
    client.on("message", (topic, payload) => {
      if (topic.endsWith(DOWN_PLACE)) node.place = payload.toString();
      else node.#obey(JSON.parse(payload.toString()));
    });
    await client.subscribeAsync(
      [DOWN_COMMAND, DOWN_PLACE].map((leaf) => nodeTopic(city, name, leaf)),
      { qos: 1 },
    );
    await node.say(UP_STATE, { state: "online", reason: "boot", boot: 1, version: "1" }, true);
    await node.say(
      UP_CONFIG,
      { version: 3, hash: "00000000", status: "in-force", config: { health: { periodS: 60 } } },
      true,
    );
    return node;
  }

  /** Publishes one reading; resolves when the broker has it. */
  async read(value: number, timeMs: number, metric = "pm25", unit = "ug/m3"): Promise<void> {
    await this.say(UP_DATA, [
      {
        bn: `${this.city}/${this.name}/`,
        bt: timeMs / 1000,
        boot: 1,
        seq: ++this.#seq,
        n: metric,
        u: unit,
        v: value,
      },
    ]);
  }

  async event(event: object): Promise<void> {
    await this.say(UP_EVENT, { boot: 1, seq: ++this.#seq, ...event });
  }

  async say(leaf: string, message: object, retain = false): Promise<void> {
    const topic = nodeTopic(this.city, this.name, leaf);
    await this.client.publishAsync(topic, JSON.stringify(message), { qos: 1, retain });
  }

  async close(): Promise<void> {
    await this.client.endAsync(true);
  }

  #obey(command: Record<string, unknown>): void {
    this.commands.push(command);
    const reply = this.answer(command);
    if (reply) void this.say(UP_REPLY, { id: command["id"], ...reply });
  }
}
