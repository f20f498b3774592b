import type { ConfigReportMessage, ReplyMessage } from "../../devs/contract/messages";
import { startCity, type CityUnderTest, type CityUnderTestOptions } from "./simulatedCity";

const SECOND_MS = 1000;

/** A city of one node with everything that it said. */
export class OperatedCity {
  readonly said: { leaf: string; message: unknown; atMs: number }[] = [];
  #ids = 0;

  private constructor(readonly under: CityUnderTest) {
    under.broker.onPublish((topic, payload) => {
      const leaf = topic.split("/").slice(4).join("/");
      const text = Buffer.from(payload).toString();
      this.said.push({ leaf, message: JSON.parse(text), atMs: under.scheduler.nowMs });
    });
  }

  static async start(options: CityUnderTestOptions = {}): Promise<OperatedCity> {
    return new OperatedCity(await startCity(options));
  }

  get node() {
    return this.under.city.nodes[0] as CityUnderTest["city"]["nodes"][number];
  }

  tell(leaf: string, payload: string | Uint8Array, retain = false): void {
    const bytes = typeof payload === "string" ? Buffer.from(payload) : payload;
    this.under.broker.publish(`streetnode/v1/berkane/bk-0001/${leaf}`, bytes, { qos: 1, retain });
  }

  /** Sends a command and gives the answer. */
  async command(command: object, waitMs = 5 * SECOND_MS): Promise<ReplyMessage | undefined> {
    const id = `id-${++this.#ids}`;
    this.tell("down/command", JSON.stringify({ id, ...command }));
    await this.under.run(waitMs);
    return this.of<ReplyMessage>("up/reply").find((reply) => reply.id === id);
  }

  /** Sends a configuration and gives the report that follows. */
  async configure(document: object, waitMs = 8 * SECOND_MS): Promise<ConfigReportMessage> {
    this.tell("down/config", JSON.stringify(document), true);
    await this.under.run(waitMs);
    return this.last<ConfigReportMessage>("up/config");
  }

  of<T>(leaf: string): T[] {
    return this.said.filter((one) => one.leaf === leaf).map(({ message }) => message as T);
  }

  last<T>(leaf: string): T {
    return this.of<T>(leaf).at(-1) as T;
  }
}
