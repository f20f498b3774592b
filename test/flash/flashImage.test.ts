import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { VirtualBroker } from "../../src/broker/virtual/virtualBroker";
import { boardConfiguration, boardIds } from "../../src/flash/boardConfiguration";
import { makeFlashImage } from "../../src/flash/flashImage";
import { makeFstor, readFstor } from "../../src/flash/fstor";
import { readRuntimeImage } from "../../src/flash/runtimeImage";
import { nodeSettings } from "../../src/nodeSettings";
import { drive } from "../../src/sim/clock";
import { MemoryNetwork } from "../../src/sim/network/memoryNetwork";
import { Scheduler } from "../../src/sim/scheduler";
import { VmHost } from "../../src/sim/vm/vmHost";
import { loadFirmware } from "../../src/toolchain/firmware";
import { devicescriptCompiler } from "../../src/toolchain/compile";
import { madeUpRuntime, runtimeOffset } from "../support/madeUpRuntime";

const SIZE = { bytes: 256 * 1024, pageBytes: 4096 };
const NODE = {
  city: "berkane",
  node: "bk-0042",
  broker: { host: "10.1.2.3", port: 8883, tls: true },
  password: 'p"ä55\\word',
  configuration: { health: { periodS: 120 }, channels: { pm25: { periodS: 30 } } },
};

function runtimeFor(archId: string) {
  return readRuntimeImage("made-up.bin", archId, runtimeOffset(archId), madeUpRuntime(archId));
}

describe("the store of settings and program", () => {
  it("gives back what was put in", () => {
    const key = fc.stringMatching(/^[a-z:][a-z0-9_]{0,13}$/);
    fc.assert(
      fc.property(
        fc.dictionary(key, fc.uint8Array({ maxLength: 225 }), { maxKeys: 40 }),
        fc.integer({ min: 1, max: 400 }),
        (values, blocks) => {
          const settings = new Map(Object.entries(values));
          const program = Uint8Array.from({ length: 32 * blocks }, (_, i) => i);
          const read = readFstor(SIZE, makeFstor(SIZE, { settings, program }));
          expect(read?.settings).toEqual(settings);
          expect(read?.program).toEqual(program);
        },
      ),
      { numRuns: 30 },
    );
  });

  it("refuses what does not fit", () => {
    const many = new Map(
      Array.from({ length: 100 }, (_, i) => [`k${i}`, new Uint8Array(225)] as const),
    );
    const none = { settings: new Map(), program: undefined };
    expect(() => makeFstor(SIZE, { ...none, settings: many })).toThrow("are full");
    const long = new Map([["sixteen-characte", new Uint8Array(1)]]);
    expect(() => makeFstor(SIZE, { ...none, settings: long })).toThrow("1 to 15");
    expect(() => makeFstor(SIZE, { ...none, program: new Uint8Array(33) })).toThrow("multiple");
    expect(() => makeFstor(SIZE, { ...none, program: new Uint8Array(250_016) })).toThrow("fit");
    expect(readFstor(SIZE, new Uint8Array(SIZE.bytes).fill(0xff))).toBeUndefined();
  });

  it("is what the runtime writes itself", async () => {
    const scheduler = new Scheduler();
    const network = new MemoryNetwork(scheduler, new VirtualBroker(scheduler)).path("bk-0042");
    const host = await VmHost.create({
      scheduler,
      network,
      random: () => 0.5,
      deviceId: [1, 2],
    });
    const { bytecode } = loadFirmware();
    const settings = nodeSettings(NODE);
    try {
      host.start();
      await drive(scheduler, { speed: Infinity, untilMs: 1000 });
      const service = host.ownService(0x1107dc4a) as number;
      for (const [key, value] of settings)
        host.sendCommand(service, 0x81, Buffer.concat([Buffer.from(`${key}\0`), value]));
      await drive(scheduler, { speed: Infinity, untilMs: 2000 });
      host.deploy(bytecode);
    } finally {
      host.stop();
    }
    const own = makeFstor(SIZE, {
      settings: new Map(settings.map(([key, value]) => [`:${key}`, value])),
      program: bytecode,
    });
    // The VM marks flash that was never erased with 0x37.
    const written = host.flash.length;
    const area = 16 * 1024;
    expect(Buffer.from(host.flash.subarray(0, area)).equals(own.subarray(0, area))).toBe(true);
    expect(Buffer.from(host.flash.subarray(2 * area)).equals(own.subarray(2 * area, written))).toBe(
      true,
    );
  });
});

describe("a board's configuration", () => {
  it("is made for every board of the project", () => {
    const ids = boardIds();
    expect(ids).toContain("streetnode_esp32_devkitc");
    for (const id of ids) {
      const { board, arch, dcfg } = boardConfiguration(id);
      expect(arch.id).toBe(board.archId);
      const { errors, settings } = devicescriptCompiler().decodeDcfg(dcfg);
      expect(errors).toEqual([]);
      expect(settings["devName"]).toBe(board.devName);
      expect(settings["i2c.pinSDA"]).toBeTypeOf("number");
      // It would keep the firmware from opening sockets.
      expect(settings["devNetwork"]).toBeUndefined();
    }
  });

  it("says which boards there are", () => {
    expect(() => boardConfiguration("no-such-board")).toThrow(
      /^board no-such-board: not known, expected one of .*streetnode_esp32_devkitc/,
    );
  });
});

describe("a runtime image", () => {
  it("is looked through", () => {
    const image = runtimeFor("esp32c3");
    expect(image).toMatchObject({
      version: "v2.16.1",
      dcfg: { offset: 0x9000, bytes: 0x2000 },
      fstor: { offset: 0x1c0000, bytes: 0x40000 },
    });
  });

  it("is refused when it is something else", () => {
    const read = (archId: string, content: Uint8Array) => () =>
      readRuntimeImage("f.bin", archId, runtimeOffset(archId), content);
    expect(read("esp32s3", madeUpRuntime("esp32c3"))).toThrow(
      "f.bin: is for esp32c3, expected one for esp32s3",
    );
    expect(read("esp32", Buffer.from("<html>"))).toThrow("f.bin: is no runtime image");
    const noTable = madeUpRuntime("esp32");
    noTable.fill(0xff, 0x7000, 0x8000);
    expect(read("esp32", noTable)).toThrow("has no partition for the board configuration");
    const noApp = madeUpRuntime("esp32");
    noApp[0xf000] = 0;
    expect(read("esp32", noApp)).toThrow("has no application");
    const whole = madeUpRuntime("esp32");
    expect(read("esp32", whole.slice(0, -1000))).toThrow("f.bin: is cut off: fetch it again");
    whole[0x20000] ^= 1;
    expect(read("esp32", whole)).toThrow("f.bin: is damaged (its own SHA-256 differs)");
  });
});

describe("the image of a node", () => {
  it.each(["esp32", "esp32c3", "esp32s3"])("has every part in its place (%s)", (archId) => {
    const runtime = runtimeFor(archId);
    const dcfg = Uint8Array.from({ length: 700 }, (_, i) => i);
    const bytecode = new Uint8Array(3200).fill(7);
    const wifi = { ssid: "poles", passphrase: "secret of the poles" };
    const image = makeFlashImage({ runtime, dcfg, bytecode, node: NODE, wifi });
    const at = (offset: number, bytes: number) =>
      image.content.subarray(offset - image.offset, offset - image.offset + bytes);
    expect(image.content.length + image.offset).toBe(0x200000);
    expect(at(0x9000, 700)).toEqual(dcfg);
    expect(at(0x10000, 1000)).toEqual(
      runtime.content.subarray(0x10000 - image.offset, 0x10000 - image.offset + 1000),
    );
    const store = readFstor(SIZE, at(0x1c0000, 0x40000));
    const text = (key: string) => Buffer.from(store?.settings.get(key) ?? []).toString();
    expect(store?.program).toEqual(bytecode);
    expect(text("wifi_ssid")).toBe("poles");
    expect(text("wifi_psk")).toBe("secret of the poles");
    expect(JSON.parse(text(":identity"))).toEqual({ city: "berkane", node: "bk-0042" });
    expect(JSON.parse(text(":broker"))).toEqual(NODE.broker);
    expect(JSON.parse(text(":password"))).toBe(NODE.password);
    for (const [key, value] of nodeSettings(NODE))
      expect(Buffer.from(store?.settings.get(`:${key}`) ?? [])).toEqual(Buffer.from(value));
  });
});
