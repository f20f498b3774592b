import mqttPacket, { type IConnectPacket, type Packet } from "mqtt-packet";
import type { VmSocket } from "../../src/sim/vm/vmModule";

/** A broker as its clients see it, in virtual time or in real time. */
export interface BrokerUnderTest {
  /** Opens a connection to it. */
  connect(): VmSocket;
  /** Lets time pass until everything that was sent must have been answered. */
  settle(): Promise<void>;
}

/** A client that says exactly what a test tells it to, and remembers what it hears. */
export class Conversation {
  readonly heard: Packet[] = [];
  closed = false;
  readonly #broker: BrokerUnderTest;
  readonly #socket: VmSocket;

  private constructor(broker: BrokerUnderTest) {
    this.#broker = broker;
    this.#socket = broker.connect();
    const parser = mqttPacket.parser({ protocolVersion: 4 });
    parser.on("packet", (packet) => this.heard.push(packet));
    this.#socket.on("data", (data) => parser.parse(Buffer.from(data)));
    this.#socket.on("error", () => {});
    this.#socket.on("close", () => {
      this.closed = true;
    });
  }

  /** Opens a connection and says CONNECT with a session that is kept, where nothing else is given. */
  static async open(
    broker: BrokerUnderTest,
    clientId: string,
    fields: Partial<IConnectPacket> = {},
  ): Promise<Conversation> {
    const conversation = await Conversation.dial(broker);
    await conversation.say({ cmd: "connect", clientId, clean: false, keepalive: 60, ...fields });
    return conversation;
  }

  /** Opens a connection and says nothing. */
  static async dial(broker: BrokerUnderTest): Promise<Conversation> {
    const conversation = new Conversation(broker);
    await broker.settle();
    return conversation;
  }

  /** Says these packets in one go, and gives what was heard since. */
  async say(...packets: Packet[]): Promise<Packet[]> {
    return this.write(Buffer.concat(packets.map((packet) => mqttPacket.generate(packet))));
  }

  async write(bytes: Uint8Array): Promise<Packet[]> {
    const before = this.heard.length;
    this.#socket.write(bytes);
    await this.#broker.settle();
    return this.heard.slice(before);
  }

  /** Ends the connection without DISCONNECT. */
  async hangUp(): Promise<void> {
    this.#socket.end();
    await this.#broker.settle();
  }

  /** The messages heard: topic, payload, and the flags that are set. */
  messages(): string[] {
    return this.heard.flatMap((packet) => {
      if (packet.cmd !== "publish") return [];
      const flags = `${packet.dup ? " dup" : ""}${packet.retain ? " retained" : ""}`;
      return [`${packet.topic} ${packet.payload.toString()} q${packet.qos}${flags}`];
    });
  }
}
