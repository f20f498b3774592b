import type { VmSocket } from "../vm/vmModule";

/** Where a node's sockets lead: real TCP and TLS, or a link inside this process. */
export interface Network {
  connect(options: { host: string; port: number; tls: boolean }): VmSocket;
}
