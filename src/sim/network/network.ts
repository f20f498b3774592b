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

/** Where the sockets of a city's nodes lead: real TCP and TLS, or links inside this process. */
export interface Network extends Connector {
  /** Whether something was sent that the far side, in this process, may not have answered. */
  readonly busy: boolean;
  /** Lets the far side do all that it was asked; virtual time waits for it. */
  settle(): Promise<void>;
}
