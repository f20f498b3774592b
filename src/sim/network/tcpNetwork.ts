import { createConnection } from "node:net";
import { connect as connectTls } from "node:tls";
import type { VmSocket } from "../vm/vmModule";
import type { Network, SocketAddress } from "./network";

/** Real TCP and TLS, for a simulation in real time against any broker. */
export const tcpNetwork: Network = {
  busy: false,
  async settle() {},
  connect({ host, port, tls }: SocketAddress): VmSocket {
    const socket = tls
      ? connectTls({ host, port, servername: host })
      : createConnection({ host, port });
    socket.setNoDelay(true);
    return socket;
  },
};
