import type { VmSocket } from "../vm/vmModule";

/** Where a socket of a node is to lead. */
export interface SocketAddress {
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
}

/** Where a node's sockets lead: real TCP and TLS, or a link inside this process. */
export interface Network {
  connect(address: SocketAddress): VmSocket;
}
