import { parser, type IConnectPacket } from "mqtt-packet";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { StateMessage } from "../../devs/contract/messages";
import { VirtualBroker } from "../../src/broker/virtual/virtualBroker";
import { boardConfiguration } from "../../src/flash/boardConfiguration";
import { readFstor } from "../../src/flash/fstor";
import { readRuntimeImage } from "../../src/flash/runtimeImage";
import { drive } from "../../src/sim/clock";
import { MemoryNetwork } from "../../src/sim/network/memoryNetwork";
import type { SocketAddress } from "../../src/sim/network/network";
import { Scheduler } from "../../src/sim/scheduler";
import { VmHost } from "../../src/sim/vm/vmHost";
import { I2cService } from "../../src/sim/vm/i2cService";
import type { VmSocket } from "../../src/sim/vm/vmModule";
import { SyntheticDay } from "../../src/sim/world/syntheticDay";
import { streetPoleBus } from "../../src/sim/world/streetPole";
import { devicescriptCompiler } from "../../src/toolchain/compile";
import { loadFirmware } from "../../src/toolchain/firmware";
import type { EspApp } from "../support/espLoader/emulatedEsp";
import {
  startBench,
  useRealTime,
  useVirtualTime,
  type BenchUnderTest,
} from "../support/flashBench";
import { madeUpRuntime, runtimeOffset } from "../support/madeUpRuntime";

/** The store has the release's size, which the VM has too; its place is nearer to the start. */
const LAYOUT = { fstorOffset: 0x20000, fstorBytes: 0x40000, appBytes: 20_000 };
const FSTOR = { bytes: LAYOUT.fstorBytes, pageBytes: 4096 };
/** Virtual time that the node runs: past its first readings and packs. */
const RUN_MS = 20_000;

/** What became of a flash that was given to the VM. */
interface Boot {
  readonly topics: Set<string>;
  readonly states: StateMessage[];
  readonly addresses: SocketAddress[];
  connect: IConnectPacket | undefined;
  readonly log: string[];
  flash: Uint8Array;
}

/** Boots the VM, with nothing but what is in the flash, and prints its log as a board would. */
function bootInVm(boots: Boot[]): EspApp {
  return ({ flash, print }) => {
    print("starting devicescript-esp32 v2.16.1");
    void (async () => {
      const scheduler = new Scheduler();
      const broker = new VirtualBroker(scheduler);
      const path = new MemoryNetwork(scheduler, broker).path("board");
      const boot: Boot = {
        topics: new Set(),
        states: [],
        addresses: [],
        connect: undefined,
        log: [],
        flash: new Uint8Array(0),
      };
      const packets = parser();
      packets.on("packet", (packet) => {
        if (packet.cmd === "connect") boot.connect ??= packet;
      });
      broker.onPublish((topic, payload) => {
        boot.topics.add(topic);
        if (topic.endsWith("/up/state"))
          boot.states.push(JSON.parse(Buffer.from(payload).toString()) as StateMessage);
      });
      const host = await VmHost.create({
        scheduler,
        network: {
          connect(address) {
            boot.addresses.push(address);
            const socket = path.connect({ host: "broker.invalid", port: 1883, tls: false });
            return {
              on: socket.on.bind(socket),
              once: socket.once.bind(socket),
              end: () => socket.end(),
              abandon: () => socket.abandon?.(),
              write: (data: Uint8Array) => {
                packets.parse(Buffer.from(data));
                return socket.write(data);
              },
            } as VmSocket;
          },
        },
        random: () => 0.5,
        deviceId: [1, 2],
        flash: flash.slice(LAYOUT.fstorOffset, LAYOUT.fstorOffset + LAYOUT.fstorBytes),
        devices: [
          new I2cService(
            streetPoleBus(new SyntheticDay({ seed: 1, node: "any", startUtcMs: 0 })),
            () => scheduler.nowMs,
          ),
        ],
        onLog: (line) => {
          boot.log.push(line);
          print(line.trim());
        },
      });
      host.start();
      await drive(scheduler, { speed: Infinity, untilMs: RUN_MS });
      boot.flash = host.flash;
      host.stop();
      boots.push(boot);
    })();
  };
}

let under: BenchUnderTest;

beforeEach(useVirtualTime);
afterEach(() => {
  useRealTime();
  under.close();
});

describe("a flashed board", () => {
  it.each([
    ["esp32", "streetnode_esp32_devkitc"],
    ["esp32s3", "streetnode_esp32s3_devkitm"],
    ["esp32c3", "streetnode_xiao_esp32c3"],
  ])("with an %s boots as the node that it was made, and publishes", async (chip, boardId) => {
    under = startBench(0, chip);
    under.inventory.add([{ name: "bk-0042", city: "berkane", board: boardId }]);
    const boots: Boot[] = [];
    const esp = under.esp({ chip, app: bootInVm(boots) });
    under.ports.plug("/dev/ttyUSB0", esp);
    const [facts] = await under.ports.list();
    const passwords: string[] = [];
    const claim = under.inventory.claim.bind(under.inventory);
    under.inventory.claim = (request) => {
      const claimed = claim(request);
      passwords.push(claimed.password);
      return claimed;
    };
    const outcome = await under
      .bench({
        bytecode: loadFirmware().bytecode,
        board: boardConfiguration,
        runtime: (archId) =>
          readRuntimeImage(
            "made-up.bin",
            archId,
            runtimeOffset(archId),
            madeUpRuntime(archId, LAYOUT),
          ),
        broker: { host: "broker.berkane.ma", port: 8884, tls: true },
      })
      .flash(facts);
    // The verdict is the firmware's own.
    expect(outcome).toMatchObject({
      result: "flashed",
      node: "bk-0042",
      checks: ["sen55", "veml7700", "ina226", "sen0232"],
    });

    const boot = boots[0];
    expect(boot.log.join("\n")).not.toContain("formatting");
    expect(boot.addresses[0]).toMatchObject({ host: "broker.berkane.ma", port: 8884, tls: true });
    expect(boot.connect).toMatchObject({ clientId: "bk-0042", username: "bk-0042" });
    expect(String(boot.connect?.password)).toBe(passwords[0]);
    expect(boot.states[0]).toMatchObject({ state: "online", boot: 1 });
    expect([...boot.topics]).toContain("streetnode/v1/berkane/bk-0042/up/data");
    expect([...boot.topics].every((t) => t.startsWith("streetnode/v1/berkane/bk-0042/up/"))).toBe(
      true,
    );
    expect(boot.log.join("\n")).not.toContain(passwords[0]);

    // The runtime's own settings, after it has run and written its store.
    const kept = readFstor(FSTOR, Buffer.concat([boot.flash, new Uint8Array(4096).fill(0xff)]));
    const text = (key: string) => Buffer.from(kept?.settings.get(key) ?? []).toString();
    expect(text("wifi_ssid")).toBe("poles");
    expect(text("wifi_psk")).toBe("wifi passphrase of the poles");
    expect(text(":boot")).toBe("1");

    // The board configuration, where the runtime looks for it.
    const { errors, settings } = devicescriptCompiler().decodeDcfg(esp.flash.slice(0x9000, 0xb000));
    expect(errors).toEqual([]);
    const { board } = boardConfiguration(boardId);
    expect(settings["devName"]).toBe(board.devName);
    expect(settings["archId"]).toBe(chip);
  });
});
