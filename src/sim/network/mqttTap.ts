import mqttPacket from "mqtt-packet";
import type { VmSocket } from "../vm/vmModule";
import type { Connector, SocketAddress } from "./network";

/** What a node said to its broker and heard from it, counted on its own wire. */
export interface MqttTraffic {
  /** PUBLISH packets with QoS 1 that were not sent before (no DUP flag). */
  published: number;
  /** PUBACK packets that came back. */
  acknowledged: number;
  /** Bytes of all PUBLISH packets, repeated ones included. */
  publishBytes: number;
  /** TCP payload in both directions. */
  wireBytes: number;
  /** CONNECT packets. */
  connects: number;
  /** Connections that could not be made, were refused, or ended with an error, and the last reason. */
  failures: number;
  lastFailure: string;
}

/** A connector that counts the MQTT packets which pass through it to the broker. */
export class MqttTap implements Connector {
  readonly traffic: MqttTraffic = {
    published: 0,
    acknowledged: 0,
    publishBytes: 0,
    wireBytes: 0,
    connects: 0,
    failures: 0,
    lastFailure: "",
  };
  readonly #network: Connector;
  readonly #broker: Pick<SocketAddress, "host" | "port">;
  readonly #onFailure: ((reason: string) => void) | undefined;

  constructor(
    network: Connector,
    broker: Pick<SocketAddress, "host" | "port">,
    onFailure?: (reason: string) => void,
  ) {
    this.#network = network;
    this.#broker = broker;
    this.#onFailure = onFailure;
  }

  connect(address: SocketAddress): VmSocket {
    const { traffic } = this;
    const socket = this.#network.connect(address);
    if (address.host !== this.#broker.host || address.port !== this.#broker.port) return socket;
    const failed = (reason: string) => {
      traffic.failures++;
      traffic.lastFailure = reason;
      this.#onFailure?.(reason);
    };
    const up = mqttPacket.parser({ protocolVersion: 4 });
    const down = mqttPacket.parser({ protocolVersion: 4 });
    up.on("packet", (packet) => {
      if (packet.cmd === "connect") traffic.connects++;
      if (packet.cmd !== "publish") return;
      if (packet.qos === 1 && !packet.dup) traffic.published++;
      traffic.publishBytes += packetBytes(packet.length ?? 0);
    });
    down.on("packet", (packet) => {
      if (packet.cmd === "puback") traffic.acknowledged++;
      if (packet.cmd === "connack" && packet.returnCode)
        failed(REFUSALS[packet.returnCode] ?? `it refuses with code ${packet.returnCode}`);
    });
    // The parsers only watch: what they cannot read is the node's and the broker's affair.
    up.on("error", () => {});
    down.on("error", () => {});
    socket.on("data", (data) => {
      traffic.wireBytes += data.length;
      down.parse(Buffer.from(data));
    });
    socket.on("error", (error) =>
      failed(error.message || String((error as NodeJS.ErrnoException).code)),
    );
    const write = socket.write.bind(socket);
    socket.write = (data) => {
      traffic.wireBytes += data.length;
      up.parse(Buffer.from(data));
      return write(data);
    };
    return socket;
  }
}

/** What the return codes of CONNACK mean (MQTT 3.1.1 table 3.1); not authorised is what Mosquitto says of a wrong password. */
const REFUSALS: Readonly<Record<number, string>> = {
  1: "it refuses the protocol version",
  2: "it refuses the client identifier",
  3: "it says that it is not available",
  4: "it refuses the user name or password",
  5: "it refuses the user name or password",
};

/** Length of a whole packet whose remaining length is given (MQTT 3.1.1 clause 2.2.3). */
function packetBytes(remainingLength: number): number {
  let header = 2;
  for (let rest = remainingLength >> 7; rest > 0; rest >>= 7) header++;
  return header + remainingLength;
}
