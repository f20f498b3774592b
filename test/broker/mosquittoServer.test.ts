import { connect, type Socket } from "node:net";
import { once } from "node:events";
import { setImmediate as turn } from "node:timers/promises";
import { generate } from "mqtt-packet";
import { afterAll, beforeAll, describe } from "vitest";
import { tcpNetwork } from "../../src/sim/network/tcpNetwork";
import { HAS_MOSQUITTO, startMosquitto, type Mosquitto } from "../support/mosquitto";
import { testMqttServer } from "./mqttServer.cases";

/**
 * Mosquitto reads its connections in turns: when a third one was answered so often, every
 * other was read and answered.
 */
const PINGS = 4;

describe.runIf(HAS_MOSQUITTO)("Mosquitto, as the measure of the broker in virtual time", () => {
  let mosquitto: Mosquitto;
  let probe: Socket;
  let opening: Promise<unknown> = Promise.resolve();

  beforeAll(async () => {
    // Without it the system holds a second small packet back for 40 ms.
    mosquitto = await startMosquitto({ config: "allow_anonymous true\nset_tcp_nodelay true" });
    probe = connect(mosquitto.port, "127.0.0.1").setNoDelay(true);
    probe.write(generate({ cmd: "connect", clientId: "probe", clean: true, keepalive: 0 }));
    await once(probe, "data");
  });
  afterAll(async () => {
    probe.destroy();
    await mosquitto.stop();
  });

  testMqttServer(() => ({
    connect: () => {
      const address = { host: "127.0.0.1", port: mosquitto.port, tls: false };
      const socket = tcpNetwork().path("client").connect(address);
      opening = new Promise<void>((resolve) => socket.once("connect", resolve));
      return socket;
    },
    settle: async () => {
      await opening;
      for (let i = 0; i < PINGS; i++) {
        probe.write(generate({ cmd: "pingreq" }));
        await once(probe, "data");
        await turn();
      }
    },
  }));
});
