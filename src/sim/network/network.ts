import type { VmSocket } from "../vm/vmModule";

/** Where a socket of a node is to lead. */
export interface SocketAddress {
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
}

/** Opens a node's sockets. */
export interface Connector {
  connect(address: SocketAddress): VmSocket;
}

/** Where the sockets of a city's nodes lead: real TCP and TLS, or links in virtual time. */
export interface Network {
  /** The way of one node to its broker. */
  path(node: string): Connector;
}

/** One connection as its server sees it; the server sets what it wants to hear of. */
export interface ServerSocket {
  onData: ((data: Uint8Array) => void) | undefined;
  /** The connection is over: ended by the client, reset, or given up by TCP. */
  onClose: (() => void) | undefined;
  write(data: Uint8Array): void;
  /** Sends what was written, and then the end of the connection. `onClose` is not called. */
  end(): void;
  /** Forgets the connection without a word, as a machine does that loses its power. */
  vanish(): void;
}

/** A server inside this process, at the far end of links in virtual time. */
export interface Server {
  /** False while its machine is off: then nothing comes back, not even a refusal. */
  readonly reachable: boolean;
  /** Takes a connection, or refuses it with false. */
  accept(socket: ServerSocket): boolean;
}
