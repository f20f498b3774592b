import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { once } from "node:events";
import fc from "fast-check";
import { connectAsync } from "mqtt";
import { generate } from "mqtt-packet";
import { afterEach, describe, expect, it } from "vitest";
import { Broker } from "../../src/broker/broker";
import { PacketLimit } from "../../src/broker/packetLimit";
import { PortTakenError } from "../../src/net/listen";

const HOST = "127.0.0.1";
let broker: Broker;

afterEach(async () => {
  await broker.close();
});

async function rawClient(port: number): Promise<Socket> {
  const socket = connect(port, HOST);
  socket.on("error", () => {});
  await once(socket, "connect");
  return socket;
}

/** Resolves when the connection is over, well or with an error. */
function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.once("close", () => resolve()));
}

describe("the embedded broker", () => {
  it("carries messages between TCP and WebSocket clients, and tells of each", async () => {
    broker = await Broker.start();
    const tcp = await broker.listenTcp(HOST, 0);
    const ws = await broker.listenWebSocket(HOST, 0);
    const published: string[] = [];
    broker.onPublish((topic, payload) => published.push(`${topic} ${Buffer.from(payload)}`));
    const listener = await connectAsync(`ws://${HOST}:${ws}`);
    await listener.subscribeAsync("a/#", { qos: 1 });
    const heard = new Promise<[string, Buffer]>((resolve) =>
      listener.once("message", (topic, payload) => resolve([topic, payload])),
    );
    const sender = await connectAsync(`mqtt://${HOST}:${tcp}`);
    await sender.publishAsync("a/b", "hello", { qos: 1 });
    const [topic, payload] = await heard;
    expect([topic, payload.toString()]).toEqual(["a/b", "hello"]);
    await expect.poll(() => published).toEqual(["a/b hello"]);
    await sender.endAsync();
    await listener.endAsync();
  });

  it("closes at once, whatever its clients have said or not said", async () => {
    broker = await Broker.start();
    const tcp = await broker.listenTcp(HOST, 0);
    const ws = await broker.listenWebSocket(HOST, 0);
    const silent = await rawClient(tcp);
    const half = await rawClient(ws);
    half.write("GET / HTTP/1.1\r\nHost: x\r\n");
    const ended = Promise.all([closed(silent), closed(half)]);
    await broker.close();
    await ended;
  }, 5000);

  it("ends a connection that announces a packet beyond the limit", async () => {
    broker = await Broker.start();
    const socket = await rawClient(await broker.listenTcp(HOST, 0));
    const ended = closed(socket);
    socket.write(generate({ cmd: "connect", clientId: "big", clean: true, keepalive: 0 }));
    socket.write(Buffer.from([0x30, 0xff, 0xff, 0xff, 0x7f]));
    await ended;
  });

  it("lives through any bytes", async () => {
    broker = await Broker.start();
    const port = await broker.listenTcp(HOST, 0);
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 64 }), async (bytes) => {
        const socket = await rawClient(port);
        socket.end(bytes);
        await closed(socket);
      }),
      { numRuns: 50 },
    );
    const client = await connectAsync(`mqtt://${HOST}:${port}`);
    await client.endAsync();
  });

  it("names a port that is taken, and takes the next free one where it may", async () => {
    broker = await Broker.start();
    const other = createServer().listen(0, HOST);
    await once(other, "listening");
    const { port } = other.address() as AddressInfo;
    await expect(broker.listenTcp(HOST, port)).rejects.toThrow(PortTakenError);
    const next = await broker.listenTcp(HOST, port, { alternatives: 20 });
    expect(next).toBeGreaterThan(port);
    other.close();
  });
});

describe("the packet limit", () => {
  it("passes every stream of packets within it, however it is cut", async () => {
    broker = await Broker.start();
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(300), { maxLength: 5 }),
        fc.integer({ min: 1, max: 400 }),
        async (sizes, cut) => {
          const bytes = Buffer.concat(
            sizes.map((size) => {
              const length = size < 128 ? [size] : [(size & 0x7f) | 0x80, size >> 7];
              return Buffer.concat([Buffer.from([0x30, ...length]), Buffer.alloc(size, 0xff)]);
            }),
          );
          const limit = new PacketLimit(300);
          const out: Buffer[] = [];
          limit.on("data", (chunk: Buffer) => out.push(chunk));
          for (let at = 0; at < bytes.length; at += cut) limit.write(bytes.subarray(at, at + cut));
          limit.end();
          await once(limit, "end");
          expect(Buffer.concat(out)).toEqual(bytes);
        },
      ),
    );
  });
});
