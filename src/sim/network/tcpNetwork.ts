import { createConnection, isIP } from "node:net";
import { connect as connectTls } from "node:tls";
import type { VmSocket } from "../vm/vmModule";
import type { Connector, Network, SocketAddress } from "./network";

/**
 * Real TCP and TLS, for a simulation in real time against any broker.
 *
 * @param ca certificates in PEM of the authority that the broker's certificate must come
 *   from; without it, one of the public authorities that Node.js knows. A certificate that
 *   does not fit, or not the host's name, ends the connection before a byte of MQTT.
 */
export function tcpNetwork(ca?: string): Network {
  const connector: Connector = {
    connect: (address) => (address.tls ? openTls(address, ca) : openTcp(address)),
  };
  return { path: () => connector };
}

function openTcp({ host, port }: SocketAddress): VmSocket {
  const socket = createConnection({ host, port });
  socket.setNoDelay(true);
  return socket;
}

function openTls({ host, port }: SocketAddress, ca: string | undefined): VmSocket {
  const socket = connectTls({
    host,
    port,
    // RFC 6066 section 3 knows no addresses in SNI.
    ...(isIP(host) ? {} : { servername: host }),
    ...(ca === undefined ? {} : { ca }),
  });
  socket.setNoDelay(true);
  const secured: VmSocket = {
    // As on a board: a socket is open when the server has proved who it is, and nobody
    // else gets to see the password.
    once: (_event, listener) => socket.once("secureConnect", listener),
    on: (event: string, listener: (argument: never) => void) =>
      socket.on(event, listener as (...args: unknown[]) => void),
    write: (data) => socket.write(data),
    end: () => socket.end(),
  };
  return secured;
}
