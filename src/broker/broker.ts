import type { EventEmitter } from "node:events";
import { createServer as createHttpServer } from "node:http";
import { createServer, type Server, type Socket } from "node:net";
import { Duplex } from "node:stream";
import { Aedes } from "aedes";
import { WebSocketServer, createWebSocketStream } from "ws";
import { listen, type ListenOptions } from "../net/listen";
import type { Server as LinkServer, ServerSocket } from "../sim/network/network";
import { PacketLimit } from "./packetLimit";

/** Largest packet that the broker takes, in bytes; a node sends at most 4 KB. */
const MAX_PACKET_BYTES = 256 * 1024;

/** Gets every message that a client publishes. */
export type PublishListener = (topic: string, payload: Uint8Array) => void;

/**
 * The MQTT broker (Aedes) of demonstrations in real time, for other programs of this machine
 * too: it has no passwords and keeps nothing on disk.
 */
export class Broker {
  readonly #aedes: Aedes;
  readonly #closers: (() => Promise<void>)[] = [];
  private constructor(aedes: Aedes) {
    this.#aedes = aedes;
    // A client that breaks the protocol loses its connection; that is all.
    aedes.on("clientError", () => {});
    aedes.on("connectionError", () => {});
    const errors: EventEmitter = aedes;
    errors.on("error", (error: Error) => console.error(`broker: ${error.message}`));
  }

  /** Starts a broker that serves this process; `listenTcp` and `listenWebSocket` open it to others. */
  static async start(): Promise<Broker> {
    return new Broker(await Aedes.createBroker());
  }

  /** The broker as the far end of links inside this process, in real time. */
  readonly server: LinkServer = {
    reachable: true,
    accept: (socket) => {
      this.#aedes.handle(asStream(socket));
      return true;
    },
  };

  /** Calls `listener` for every message that a client publishes, its last will included. */
  onPublish(listener: PublishListener): void {
    this.#aedes.on("publish", (packet) => {
      if (packet.topic.startsWith("$SYS/")) return;
      const { payload } = packet;
      listener(packet.topic, typeof payload === "string" ? Buffer.from(payload) : payload);
    });
  }

  /** Publishes a message of the broker's own, with QoS 0. */
  publish(topic: string, payload: string): void {
    this.#aedes.publish(
      { cmd: "publish", topic, payload: Buffer.from(payload), qos: 0, retain: false, dup: false },
      () => {},
    );
  }

  /** Ends all connections and frees the ports. */
  async close(): Promise<void> {
    await new Promise<void>((resolve) => this.#aedes.close(() => resolve()));
    for (const close of this.#closers) await close();
  }

  /**
   * Takes connections by TCP; `port` 0 takes any free one. Returns the port.
   *
   * @throws PortTakenError
   */
  async listenTcp(host: string, port: number, options: ListenOptions = {}): Promise<number> {
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      sockets.add(socket);
      socket.on("close", () => sockets.delete(socket));
      socket.setNoDelay(true);
      this.#aedes.handle(limited(socket));
    });
    // A connection that never said CONNECT is unknown to the library.
    this.#closers.push(async () => {
      for (const socket of sockets) socket.destroy();
    });
    return this.#listen(server, host, port, options);
  }

  /**
   * Takes connections by WebSocket; `port` 0 takes any free one. Returns the port.
   *
   * @throws PortTakenError
   */
  async listenWebSocket(host: string, port: number, options: ListenOptions = {}): Promise<number> {
    const server = createHttpServer((_request, response) => {
      response.writeHead(426, { "content-type": "text/plain" });
      response.end("This port speaks MQTT over WebSocket.\n");
    });
    const sockets = new WebSocketServer({
      server,
      maxPayload: MAX_PACKET_BYTES,
      handleProtocols: (protocols) => (protocols.has("mqtt") ? "mqtt" : false),
    });
    // The HTTP server below reports the same errors.
    sockets.on("error", () => {});
    sockets.on("connection", (socket, request) => {
      const stream = createWebSocketStream(socket);
      stream.on("error", () => socket.terminate());
      this.#aedes.handle(limited(stream), request);
    });
    this.#closers.push(async () => {
      for (const client of sockets.clients) client.terminate();
      server.closeAllConnections();
    });
    return this.#listen(server, host, port, options);
  }

  async #listen(
    server: Server,
    host: string,
    port: number,
    options: ListenOptions,
  ): Promise<number> {
    const taken = await listen(server, host, port, options);
    this.#closers.push(
      () =>
        new Promise<void>((resolve) => {
          server.close(() => resolve());
        }),
    );
    return taken;
  }
}

/** The server's end of a link as a stream. */
function asStream(socket: ServerSocket): Duplex {
  const stream = new Duplex({
    read() {},
    write(chunk: Buffer, _encoding, done) {
      socket.write(chunk);
      done();
    },
    destroy(_error, done) {
      socket.end();
      done(null);
    },
  });
  stream.on("error", () => {});
  socket.onData = (data) => stream.push(data);
  socket.onClose = () => stream.destroy();
  return stream;
}

/** The stream with a limit on the size of the packets that come in; breaking it ends it. */
function limited(stream: Duplex): Duplex {
  const limit = new PacketLimit(MAX_PACKET_BYTES);
  limit.on("error", () => stream.destroy());
  stream.on("error", () => limit.destroy());
  stream.on("close", () => limit.destroy());
  return Duplex.from({ readable: stream.pipe(limit), writable: stream });
}
