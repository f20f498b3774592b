import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { FlashImage } from "../../src/flash/flashImage";
import type { FlashProgress } from "../../src/flash/flashBench";
import { readRuntimeImage } from "../../src/flash/runtimeImage";
import { ChipLoader } from "../../src/flash/chipLoader";
import {
  START_WITH_A_MISSING_CHIP,
  START_WITHOUT_VERDICT,
  loggedStart,
} from "../support/espLoader/apps";
import type { EmulatedEsp, EspApp, EspFaults } from "../support/espLoader/emulatedEsp";
import {
  macOf,
  startBench,
  useRealTime,
  useVirtualTime,
  type BenchUnderTest,
} from "../support/flashBench";
import { madeUpRuntime, runtimeOffset } from "../support/madeUpRuntime";

const PORT = "/dev/ttyUSB0";
/** esptool-js reads long parts slowly. */
const READ_BYTES = 0x4000;

let under: BenchUnderTest;

async function flash(options: Parameters<BenchUnderTest["bench"]>[0] = {}) {
  const [facts] = await under.ports.list();
  return under.bench(options).flash(facts);
}

beforeEach(useVirtualTime);
afterEach(() => {
  vi.restoreAllMocks();
  useRealTime();
  under.close();
});

describe("a board", () => {
  it.each([
    ["esp32", "bridge"],
    ["esp32s3", "bridge"],
    ["esp32s3", "usb"],
    ["esp32c3", "bridge"],
    ["esp32c3", "usb"],
  ] as const)("with an %s over %s is written whole, and read back equal", async (chip, wiring) => {
    under = startBench(1, chip);
    const esp = under.esp({ wiring });
    under.ports.plug(PORT, esp);
    const told: FlashProgress[] = [];
    const made: FlashImage[] = [];
    const write = ChipLoader.prototype.write;
    vi.spyOn(ChipLoader.prototype, "write").mockImplementation(function (
      this: ChipLoader,
      image,
      tell,
    ) {
      made.push(image);
      return write.call(this, image, tell);
    });
    const outcome = await flash({ onProgress: (progress) => told.push(progress) });
    expect(outcome).toEqual({
      port: PORT,
      result: "flashed",
      chip: esp.chip.name,
      mac: macOf(1),
      node: "bk-0001",
      runtime: "v2.16.1",
      checks: ["sen55", "veml7700"],
      passwordIsNew: false,
    });
    expect(under.inventory.node("bk-0001")).toMatchObject({ state: "flashed", mac: macOf(1) });
    expect([...new Set(told.map(({ phase }) => phase))]).toEqual([
      "connecting",
      "writing",
      "restarting",
      "self-test",
    ]);
    expect(esp.state).toBe("app");

    // What the chip itself reads, against what esptool-js was given.
    const { offset, content } = made[0];
    const [facts] = await under.ports.list();
    const loader = new ChipLoader({ access: under.ports, facts, baud: 921_600 });
    await loader.connect();
    const read: Uint8Array[] = [];
    for (let at = 0; at < content.length; at += READ_BYTES)
      read.push(await loader.read(offset + at, Math.min(READ_BYTES, content.length - at)));
    await loader.close();
    expect(Buffer.concat(read).equals(content)).toBe(true);
  });
});

interface FaultCase {
  readonly name: string;
  readonly code: string;
  readonly says: RegExp;
  readonly faults?: EspFaults;
  /** Faults that come once the writing has begun. */
  readonly whileWriting?: EspFaults;
  readonly app?: EspApp;
  /** What the technician does before the second try. */
  readonly mend?: (esp: EmulatedEsp) => void;
  /** The state in the inventory: `new` where no node was touched. */
  readonly state: "new" | "failed";
}

const FAULTS: FaultCase[] = [
  {
    name: "a chip that does not answer",
    code: "no-answer",
    says: /^no chip answers: use a cable with data lines/,
    faults: { silent: true },
    state: "new",
  },
  {
    name: "noise on the line",
    code: "line-noise",
    says: /^what arrives is damaged/,
    faults: { noiseEvery: 2500 },
    state: "new",
  },
  {
    name: "noise on the line while it is written",
    code: "line-noise",
    says: /^what arrives is damaged/,
    whileWriting: { noiseEvery: 2500 },
    state: "failed",
  },
  {
    name: "a cable pulled at 50 %",
    code: "unplugged",
    says: /^the board was unplugged: plug it in again/,
    faults: { unplugAt: 0.5 },
    mend: (esp) => under.ports.plug(PORT, esp),
    state: "failed",
  },
  {
    name: "a bad sector",
    code: "write-failed",
    says: /^the chip cannot write its flash \(status 8\)/,
    faults: { badSector: 0x11000 },
    state: "failed",
  },
  {
    name: "an MD5 that differs",
    code: "verify-failed",
    says: /^the chip read back something else than was written \(MD5\)/,
    faults: { weakByte: 0x11234 },
    state: "failed",
  },
  {
    name: "a self-test that fails",
    code: "self-test-failed",
    says: /^the self-test failed: sen55 no-answer$/,
    app: START_WITH_A_MISSING_CHIP,
    state: "failed",
  },
  {
    name: "a firmware that gives no verdict",
    code: "no-verdict",
    says: /^the board runs but gave no self-test verdict in 30 s/,
    app: START_WITHOUT_VERDICT,
    state: "failed",
  },
  {
    name: "a board that says nothing after the restart",
    code: "no-boot",
    says: /^something answers after the restart, but not the runtime/,
    app: () => {},
    state: "failed",
  },
  {
    name: "a board that restarts again and again",
    code: "no-boot",
    says: /^the board restarts again and again/,
    app: ({ print, after }) => {
      for (let i = 0; i < 6; i++)
        after(1000 * i, () => print("starting devicescript-esp32 v2.16.1"));
    },
    state: "failed",
  },
  {
    name: "a firmware that cannot start",
    code: "cannot-start",
    says: /^the firmware cannot start: broker: needs a host/,
    app: ({ print }) => print("! streetnode cannot start: broker: needs a host"),
    state: "failed",
  },
  {
    name: "a board that says another name",
    code: "wrong-node",
    says: /^the board says it is bk-0999, not bk-0001$/,
    app: ({ print }) => print('> self-test {"pass":true,"node":"bk-0999","checks":[]}'),
    state: "failed",
  },
];

describe("a fault", () => {
  it.each(FAULTS)("$name: one line, a true inventory, and a second try that works", async (c) => {
    under = startBench(2);
    const esp = under.esp({ faults: c.faults ?? {}, ...(c.app ? { app: c.app } : {}) });
    under.ports.plug(PORT, esp);
    const first = await flash({
      onProgress: ({ phase }) => {
        if (phase === "writing") Object.assign(esp.faults, c.whileWriting);
      },
    });
    expect(first).toMatchObject({ result: "failed", code: c.code });
    expect(first.reason).toMatch(c.says);
    expect(first.reason).not.toContain("\n");
    const node = under.inventory.node("bk-0001");
    expect(node?.state).toBe(c.state);
    if (c.state === "failed") expect(node).toMatchObject({ mac: macOf(1), reason: first.reason });

    esp.faults = {};
    esp.app = loggedStart();
    c.mend?.(esp);
    expect(await flash()).toMatchObject({ result: "flashed", node: "bk-0001" });
    expect(under.inventory.node("bk-0001")).toMatchObject({ state: "flashed", mac: macOf(1) });
    expect(under.inventory.node("bk-0002")?.state).toBe("new");
  });

  it("a wrong chip: the inventory is not touched, the right one works", async () => {
    under = startBench(1, "esp32");
    under.ports.plug(PORT, under.esp({ chip: "esp32c3" }));
    expect(await flash()).toMatchObject({
      result: "failed",
      code: "wrong-chip",
      reason: "the board carries an ESP32-C3, the nodes that wait are for test_esp32",
    });
    expect(await flash({ node: "bk-0001" })).toMatchObject({
      code: "wrong-chip",
      reason: "the board carries an ESP32-C3, bk-0001 needs ESP32 (test_esp32)",
    });
    expect(under.inventory.node("bk-0001")?.state).toBe("new");
    under.ports.unplug(PORT);
    under.ports.plug(PORT, under.esp());
    expect(await flash()).toMatchObject({ result: "flashed" });
  });

  it("a flash that is too small, a port in use, a port that is gone", async () => {
    under = startBench(1);
    under.ports.plug(PORT, under.esp({ flashSizeLog2: 18 }));
    const runtime = (archId: string) =>
      readRuntimeImage("f.bin", archId, runtimeOffset(archId), madeUpRuntime(archId));
    expect(await flash({ runtime })).toMatchObject({
      code: "flash-too-small",
      reason: "the board has 0.25 MB of flash, 2 MB are needed",
    });
    under.ports.inUse.add(PORT);
    expect(await flash()).toMatchObject({
      code: "port-in-use",
      reason: "another program holds it: close the serial monitor or the other flasher",
    });
    expect(await under.bench().flash({ path: "/dev/ttyUSB9" })).toMatchObject({ code: "no-port" });
    expect(under.inventory.node("bk-0001")?.state).toBe("new");
  });

  it("an interruption: the node is not done, and the next try works", async () => {
    under = startBench(1);
    under.ports.plug(PORT, under.esp());
    const controller = new AbortController();
    const first = await flash({
      signal: controller.signal,
      onProgress: ({ part = 0 }) => {
        if (part > 0.3) controller.abort();
      },
    });
    expect(first).toMatchObject({ result: "failed", code: "interrupted" });
    expect(under.inventory.node("bk-0001")).toMatchObject({ state: "failed" });
    expect(await flash()).toMatchObject({ result: "flashed" });
  });
});

describe("a board that is a node already", () => {
  it("is asked about, and written again as the same node", async () => {
    under = startBench(2);
    under.ports.plug(PORT, under.esp());
    await flash();
    expect(await flash({ ask: async () => false })).toMatchObject({
      result: "skipped",
      node: "bk-0001",
      reason: "the board is bk-0001 already (flashed)",
    });
    expect(under.asked).toEqual([]);
    expect(await flash()).toMatchObject({
      result: "flashed",
      node: "bk-0001",
      passwordIsNew: true,
    });
    expect(under.asked).toEqual(["This board is bk-0001 already (flashed). Write it again?"]);
  });

  it("becomes another node when that one is named", async () => {
    under = startBench(2);
    under.ports.plug(PORT, under.esp());
    await flash();
    expect(await flash({ node: "bk-0002" })).toMatchObject({ result: "flashed", node: "bk-0002" });
    expect(under.asked).toEqual([
      "This board is bk-0001 already (flashed). Make it bk-0002 instead?",
    ]);
    expect(under.inventory.node("bk-0001")).toMatchObject({ state: "new" });
    expect(under.inventory.node("bk-0002")).toMatchObject({ state: "flashed", mac: macOf(1) });
  });
});

describe("a node that has a board already", () => {
  it("is asked about, and gets the new one", async () => {
    under = startBench(1);
    under.ports.plug(PORT, under.esp());
    await flash();
    under.ports.unplug(PORT);
    under.ports.plug(PORT, under.esp({ mac: macOf(2) }));
    const has = `bk-0001 has the board ${macOf(1)} already (flashed)`;
    expect(await flash({ node: "bk-0001", ask: async () => false })).toMatchObject({
      result: "skipped",
      reason: has,
    });
    expect(under.inventory.node("bk-0001")?.mac).toBe(macOf(1));
    expect(await flash({ node: "bk-0001" })).toMatchObject({
      result: "flashed",
      passwordIsNew: true,
    });
    expect(under.asked).toEqual([`${has}. Give it this one instead?`]);
    expect(under.inventory.node("bk-0001")?.mac).toBe(macOf(2));
  });
});

describe("a board whose USB is another device once it runs", () => {
  it("is found again by its address", async () => {
    under = startBench(1, "esp32s3");
    const app: EspApp = (running) => {
      // The runtime's own USB: another path, and a serial number that holds the address.
      under.ports.reappear(PORT, {
        path: "/dev/ttyACM7",
        vendorId: "303a",
        productId: "4001",
        serialNumber: `JD${macOf(1).replaceAll(":", "").toUpperCase()}`,
      });
      loggedStart()(running);
    };
    under.ports.plug(PORT, under.esp({ wiring: "usb", app }));
    under.ports.plug("/dev/ttyUSB5", under.esp({ mac: macOf(2) }));
    expect(await flash()).toMatchObject({ result: "flashed", node: "bk-0001", mac: macOf(1) });
  });
  it("is given up when it does not come back", async () => {
    under = startBench(1, "esp32s3");
    under.ports.plug(PORT, under.esp({ wiring: "usb", app: () => under.ports.unplug(PORT) }));
    expect(await flash()).toMatchObject({ result: "failed", code: "unplugged" });
    expect(under.inventory.node("bk-0001")?.state).toBe("failed");
  });
});

describe("boards without sensors", () => {
  it("pass when only their chips are missing", async () => {
    under = startBench(1);
    under.ports.plug(PORT, under.esp({ app: START_WITH_A_MISSING_CHIP }));
    expect(await flash({ bare: true })).toMatchObject({
      result: "flashed",
      checks: ["sen55=no-answer", "veml7700"],
    });
  });
  it("fail when something else is wrong", async () => {
    under = startBench(1);
    under.ports.plug(PORT, under.esp({ app: loggedStart(["clock=stopped"]) }));
    expect(await flash({ bare: true })).toMatchObject({ code: "self-test-failed" });
  });
});
