import { createServer as createHttpServer } from "node:http";
import { createServer, type Server } from "node:net";
import type { Duplex } from "node:stream";
import { Aedes } from "aedes";
import { WebSocketServer, createWebSocketStream } from "ws";
import { listen, type ListenOptions } from "../net/listen";

/** Largest packet that the broker takes from a WebSocket client, in bytes. */
const MAX_WEBSOCKET_BYTES = 256 * 1024;

/** Where a broker is to listen. */
export interface BrokerOptions extends ListenOptions {
  /** Address to listen at; only this machine by default. */
  readonly host?: string;
  /** MQTT over TCP; 0 takes any free port; left out, the broker has no TCP port. */
  readonly port?: number;
  /** MQTT over WebSocket; 0 takes any free port; left out, there is none. */
  readonly webSocketPort?: number;
}

/** Gets every message that a client publishes. */
export type PublishListener = (topic: string, payload: Uint8Array) => void;

/**
 * The simulator's own MQTT broker (Aedes), for demonstrations and simulations on one
 * machine: it has no passwords and keeps nothing on disk.
 */
export class Broker {
  readonly #aedes: Aedes;
  readonly #closers: (() => Promise<void>)[] = [];
  /** TCP port, once it listens. */
  port: number | undefined;
  /** WebSocket port, once it listens. */
  webSocketPort: number | undefined;

  private constructor(aedes: Aedes) {
    this.#aedes = aedes;
    // A client that breaks the protocol loses its connection; that is all.
    aedes.on("clientError", () => {});
    aedes.on("connectionError", () => {});
  }

  /**
   * Starts a broker.
   *
   * @throws PortTakenError
   */
  static async start(options: BrokerOptions = {}): Promise<Broker> {
    const broker = new Broker(await Aedes.createBroker());
    const host = options.host ?? "127.0.0.1";
    try {
      if (options.port !== undefined)
        broker.port = await broker.#listenTcp(host, options.port, options);
      if (options.webSocketPort !== undefined)
        broker.webSocketPort = await broker.#listenWebSocket(host, options.webSocketPort, options);
    } catch (error) {
      await broker.close();
      throw error;
    }
    return broker;
  }

  /** Takes the far end of a connection that was made inside this process. */
  attach(stream: Duplex): void {
    this.#aedes.handle(stream);
  }

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

  async #listenTcp(host: string, port: number, options: ListenOptions): Promise<number> {
    const server = createServer((socket) => {
      socket.setNoDelay(true);
      this.#aedes.handle(socket);
    });
    return this.#listen(server, host, port, options);
  }

  async #listenWebSocket(host: string, port: number, options: ListenOptions): Promise<number> {
    const server = createHttpServer((_request, response) => {
      response.writeHead(426, { "content-type": "text/plain" });
      response.end("This port speaks MQTT over WebSocket.\n");
    });
    const sockets = new WebSocketServer({
      server,
      maxPayload: MAX_WEBSOCKET_BYTES,
      handleProtocols: (protocols) => (protocols.has("mqtt") ? "mqtt" : false),
    });
    // The HTTP server below reports the same errors.
    sockets.on("error", () => {});
    sockets.on("connection", (socket, request) => {
      const stream = createWebSocketStream(socket);
      stream.on("error", () => socket.terminate());
      this.#aedes.handle(stream, request);
    });
    this.#closers.push(async () => {
      for (const client of sockets.clients) client.terminate();
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
