/**
 * How devices reach the gateway: WebSockets on a real port, by the `ws` library, or over the
 * links of a simulation, where the library's own parser and writer work without a clock.
 */
import { createHash } from "node:crypto";
import { createServer, type IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import * as ws from "ws";
import { listen, type ListenOptions } from "../net/listen";
import type { Server, ServerSocket } from "../sim/network/network";
import { MESSAGE_MAX_BYTES } from "./wssk";

/** A connection that carries whole binary messages. */
export interface MessageSocket {
  onMessage: ((message: Uint8Array) => void) | undefined;
  /** The other side, or the network, ended it. */
  onClose: (() => void) | undefined;
  send(message: Uint8Array): void;
  /** Ends it; `onClose` is not called. The reason is for a log at the other end. */
  close(reason: string): void;
}

/** A device that has just connected. */
export interface DeviceRequest {
  /** Path of the URL that it asks for. */
  readonly path: string;
  readonly subprotocols: readonly string[];
}

/** Takes devices as they connect. */
export type OnDevice = (request: DeviceRequest, socket: MessageSocket) => void;

/** Close code of RFC 6455 section 7.4.1: a policy does not allow this connection. */
const CLOSE_POLICY = 1008;
/** Longest time for the head of a request, in milliseconds. */
const HEAD_TIMEOUT_MS = 10_000;

/** A port that devices connect to. */
export interface DevicePort {
  readonly port: number;
  close(): Promise<void>;
}

/**
 * Opens a port for devices.
 *
 * @throws PortTakenError when it is taken
 */
export async function openDevicePort(
  host: string,
  port: number,
  onDevice: OnDevice,
  options: ListenOptions = {},
): Promise<DevicePort> {
  const http = createServer({ headersTimeout: HEAD_TIMEOUT_MS }, (_request, response) => {
    response.writeHead(426, { "content-type": "text/plain" }).end("for nodes only\n");
  });
  const server = new ws.WebSocketServer({
    noServer: true,
    maxPayload: MESSAGE_MAX_BYTES,
    perMessageDeflate: false,
    handleProtocols: (names) => [...names][0] ?? false,
  });
  http.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    server.handleUpgrade(request, socket, head, (webSocket) =>
      onDevice(
        {
          path: request.url ?? "",
          subprotocols: subprotocols(request.headers["sec-websocket-protocol"]),
        },
        overWebSocket(webSocket),
      ),
    );
  });
  const opened = await listen(http, host, port, options);
  return {
    port: opened,
    close: () =>
      new Promise((resolve) => {
        for (const client of server.clients) client.terminate();
        http.close(() => resolve());
        http.closeAllConnections();
      }),
  };
}

function overWebSocket(webSocket: ws.WebSocket): MessageSocket {
  const socket: MessageSocket = {
    onMessage: undefined,
    onClose: undefined,
    send: (message) => webSocket.send(message),
    close(reason) {
      socket.onClose = undefined;
      webSocket.close(CLOSE_POLICY, reason.slice(0, 100));
    },
  };
  webSocket.on("message", (data, isBinary) => {
    if (isBinary) socket.onMessage?.(data as Buffer);
    else socket.close("binary messages only");
  });
  webSocket.on("error", () => webSocket.terminate());
  webSocket.on("close", () => socket.onClose?.());
  return socket;
}

function subprotocols(header: string | undefined): string[] {
  return (header ?? "").split(",").map((name) => name.trim());
}

/** The library's parser and writer of frames, which its type declarations leave out. */
const { Receiver, Sender } = ws as unknown as {
  readonly Receiver: new (options: { isServer: boolean; maxPayload: number }) => {
    on(event: "message", listener: (data: Buffer, isBinary: boolean) => void): void;
    on(event: "ping", listener: (data: Buffer) => void): void;
    on(event: "conclude" | "error", listener: () => void): void;
    write(data: Uint8Array): void;
  };
  readonly Sender: {
    frame(
      data: Uint8Array,
      options: { fin: boolean; opcode: number; mask: boolean; readOnly: boolean; rsv1: boolean },
    ): Uint8Array[];
  };
};

const OPCODE_BINARY = 2;
const OPCODE_CLOSE = 8;
const OPCODE_PONG = 10;
/** Appended to the client's key to show that its handshake was understood (RFC 6455 section 1.3). */
const HANDSHAKE_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const HEAD_MAX_BYTES = 4096;

/** The gateway's machine in a simulation: a server at the end of links in virtual time. */
export class VirtualDevicePort implements Server {
  reachable = true;
  readonly #onDevice: OnDevice;
  readonly #open = new Set<ServerSocket>();

  constructor(onDevice: OnDevice) {
    this.#onDevice = onDevice;
  }

  /** Forgets every connection without a word, as a machine does that loses its power. */
  vanish(): void {
    for (const socket of this.#open) socket.vanish();
    this.#open.clear();
    this.reachable = false;
  }

  accept(socket: ServerSocket): boolean {
    this.#open.add(socket);
    let head = Buffer.alloc(0);
    socket.onData = (data) => {
      head = Buffer.concat([head, data]);
      const end = head.indexOf("\r\n\r\n");
      if (end < 0 && head.length <= HEAD_MAX_BYTES) return;
      if (end < 0) return socket.end();
      this.#upgrade(socket, head.subarray(0, end).toString("latin1"), head.subarray(end + 4));
    };
    socket.onClose = () => this.#open.delete(socket);
    return true;
  }

  #upgrade(socket: ServerSocket, head: string, rest: Buffer): void {
    const [request = "", ...lines] = head.split("\r\n");
    const headers = new Map(
      lines.map((line) => {
        const colon = line.indexOf(":");
        return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
      }),
    );
    const protocols = subprotocols(headers.get("sec-websocket-protocol"));
    const accept = createHash("sha1")
      .update((headers.get("sec-websocket-key") ?? "") + HANDSHAKE_GUID)
      .digest("base64");
    socket.write(
      Buffer.from(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
          `Sec-WebSocket-Accept: ${accept}\r\nSec-WebSocket-Protocol: ${protocols[0] ?? ""}\r\n\r\n`,
      ),
    );
    const send = (opcode: number, data: Uint8Array) => {
      const frame = { fin: true, opcode, mask: false, readOnly: true, rsv1: false };
      socket.write(Buffer.concat(Sender.frame(data, frame)));
    };
    const messages: MessageSocket = {
      onMessage: undefined,
      onClose: undefined,
      send: (message) => send(OPCODE_BINARY, message),
      close: (reason) => {
        const text = Buffer.from(reason.slice(0, 100));
        messages.onClose = undefined;
        send(
          OPCODE_CLOSE,
          Buffer.concat([Uint8Array.of(CLOSE_POLICY >> 8, CLOSE_POLICY & 0xff), text]),
        );
        socket.end();
        this.#open.delete(socket);
      },
    };
    const receiver = new Receiver({ isServer: true, maxPayload: MESSAGE_MAX_BYTES });
    receiver.on("message", (data) => messages.onMessage?.(data));
    receiver.on("ping", (data) => send(OPCODE_PONG, data));
    receiver.on("conclude", () => closed());
    receiver.on("error", () => closed());
    const closed = () => {
      if (!this.#open.delete(socket)) return;
      socket.end();
      messages.onClose?.();
    };
    socket.onData = (data) => receiver.write(Buffer.from(data));
    socket.onClose = () => {
      this.#open.delete(socket);
      messages.onClose?.();
    };
    this.#onDevice({ path: request.split(" ")[1] ?? "", subprotocols: protocols }, messages);
    if (rest.length > 0) receiver.write(rest);
  }
}
