import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CommanderError } from "commander";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { flashCommand, type FlashWorld } from "../../src/cli/commands/flash";
import { labelCommand } from "../../src/cli/commands/label";
import { RuntimeCache } from "../../src/flash/runtimeCache";
import { Inventory } from "../../src/inventory/inventory";
import { InputError } from "../../src/inputError";
import { loggedStart } from "../support/espLoader/apps";
import {
  SMALL_LAYOUT,
  macOf,
  startBench,
  testBoard,
  useRealTime,
  useVirtualTime,
  type BenchUnderTest,
} from "../support/flashBench";
import { madeUpRuntime } from "../support/madeUpRuntime";

const PORT = "/dev/ttyUSB0";
const WIFI_PASSWORD = "never to be seen anywhere";

let under: BenchUnderTest;
let out: string[];
let err: string[];
let controller: AbortController;
let questions: string[];
let terminal: boolean;
/** The passwords that boards were given. */
let passwords: string[];

beforeEach(() => {
  useVirtualTime();
  out = [];
  err = [];
  questions = [];
  terminal = false;
  controller = new AbortController();
  vi.spyOn(console, "log").mockImplementation((line) => void out.push(String(line)));
  vi.spyOn(console, "error").mockImplementation((line) => void err.push(String(line)));
  vi.stubEnv("STREETNODE_WIFI_PASSWORD", WIFI_PASSWORD);
  passwords = [WIFI_PASSWORD];
  const claim = Inventory.prototype.claim;
  vi.spyOn(Inventory.prototype, "claim").mockImplementation(function (this: Inventory, request) {
    const claimed = claim.call(this, request);
    passwords.push(claimed.password);
    return claimed;
  });
});

afterEach(() => {
  const said = [...out, ...err].join("\n");
  for (const password of passwords) expect(said).not.toContain(password);
  process.exitCode = undefined;
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  useRealTime();
  under.close();
});

function world(change: Partial<FlashWorld> = {}): FlashWorld {
  return {
    access: under.ports,
    cache: new RuntimeCache(join(under.folder, "cache")),
    board: testBoard,
    bytecode: () => new Uint8Array(3200).fill(0x42),
    terminal: () => terminal,
    confirm: async (question) => {
      questions.push(question);
      return true;
    },
    interruption: () => controller.signal,
    ...change,
  };
}

/** Runs the command as a technician would, with what every run needs. */
async function run(...words: string[]): Promise<void> {
  const runtime = join(under.folder, "runtime.bin");
  writeFileSync(runtime, madeUpRuntime("esp32", SMALL_LAYOUT));
  const given = ["--broker", "mqtts://broker.berkane.ma", "--wifi", "poles", "--runtime", runtime];
  await command().parseAsync([...given, "--inventory", under.inventory.file, ...words], {
    from: "user",
  });
}

function command() {
  return flashCommand(world())
    .exitOverride()
    .configureOutput({ writeErr: () => {} });
}

describe("streetnode flash", () => {
  it("flashes the one board that is plugged in", async () => {
    under = startBench(2);
    under.ports.plug("/dev/ttyS0", under.esp(), { vendorId: undefined });
    under.ports.unplug("/dev/ttyS0");
    under.ports.plug(PORT, under.esp());
    await run();
    expect(out).toEqual([
      "bk-0001  24:6f:28:0a:00:01  ESP32: written, verified, well (sen55, veml7700)",
    ]);
    expect(process.exitCode).toBeUndefined();
  });

  it("prints one object for a program", async () => {
    under = startBench(1);
    under.ports.plug(PORT, under.esp());
    await run("--json");
    expect(out.map((line) => JSON.parse(line))).toMatchObject([
      { port: PORT, result: "flashed", node: "bk-0001", mac: macOf(1) },
    ]);
  });

  it("says in one line what failed, with exit code 1", async () => {
    under = startBench(1);
    under.ports.plug(PORT, under.esp({ app: loggedStart(["sen55=no-answer"]) }));
    await run();
    expect(err).toEqual(["streetnode: /dev/ttyUSB0: the self-test failed: sen55 no-answer"]);
    expect(process.exitCode).toBe(1);
  });

  it("asks about a board that is a node already, or says what to do when nobody can be asked", async () => {
    under = startBench(2);
    under.ports.plug(PORT, under.esp());
    await run();
    await run();
    expect(err).toEqual([
      "streetnode: /dev/ttyUSB0: the board is bk-0001 already (flashed); --yes writes it again",
    ]);
    expect(process.exitCode).toBe(1);
    terminal = true;
    await run();
    expect(questions).toEqual(["This board is bk-0001 already (flashed). Write it again?"]);
    await run("--yes");
    expect(questions.length).toBe(1);
    expect(out.length).toBe(3);
    expect(under.inventory.node("bk-0001")?.state).toBe("flashed");
    expect(under.inventory.node("bk-0002")?.state).toBe("new");
  });

  it("lists the ports and what is on them", async () => {
    under = startBench(1);
    under.ports.plug(PORT, under.esp({ wiring: "usb" }));
    await run();
    under.ports.plug("/dev/ttyUSB1", under.esp());
    under.ports.plug("/dev/ttyS0", under.esp(), { vendorId: undefined });
    out = [];
    await run("--list");
    expect(out[0]?.split("\n").map((line) => line.split(/ {2,}/))).toEqual([
      ["port", "what is on it", "node"],
      [PORT, "USB of an ESP32-S3 or C3", "bk-0001"],
      ["/dev/ttyUSB1", "board with Silicon Labs CP210x"],
      ["/dev/ttyS0", "not a USB device"],
    ]);
  });

  it("writes the image to a file instead, without the password, for its owner only", async () => {
    under = startBench(1);
    const file = join(under.folder, "image.bin");
    await run("--dry-run", file);
    expect(out[0]).toMatch(/bk-0001 for test_esp32, runtime v2\.16\.1, 192512 bytes .* 0x1000/);
    const image = readFileSync(file);
    expect(image.includes('{"city":"berkane","node":"bk-0001"}')).toBe(true);
    expect(image.includes(":password")).toBe(false);
    if (process.platform !== "win32") expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(under.inventory.node("bk-0001")?.state).toBe("new");
  });

  it.each([
    [["--node", "bk-0099"], "--node bk-0099: no node is called so"],
    [["--count", "3"], "--count: is for --batch only"],
    [["--batch", "--node", "bk-0001"], "--node: one node is one board"],
    [["--batch", "--manual-reset"], "--manual-reset: needs hands"],
    [["--wifi", "x".repeat(33)], "--wifi: expected a name of 1 to 32 bytes, has 33"],
    [["--wifi-password-file", "/nowhere"], "--wifi-password-file /nowhere: ENOENT"],
    [["--runtime", "/nowhere"], "--runtime /nowhere: ENOENT"],
  ])("refuses %j", async (words, message) => {
    under = startBench(1);
    const refused = run(...words);
    await expect(refused).rejects.toThrow(InputError);
    await expect(refused).rejects.toThrow(message);
  });

  it("refuses what it cannot do without", async () => {
    under = startBench(1);
    const only = (...words: string[]) =>
      command().parseAsync([...words, "--inventory", under.inventory.file], { from: "user" });
    await expect(only()).rejects.toThrow("--broker: missing");
    await expect(only("--broker", "mqtts://b.ma")).rejects.toThrow("--wifi: missing");
    await expect(only("--broker", "b.ma")).rejects.toThrow(CommanderError);
    await expect(only("--broker", "mqtts://b.ma", "--wifi", "w")).rejects.toThrow(
      "the runtime for ESP32 is not here yet: run streetnode flash --fetch-runtime",
    );
    vi.stubEnv("STREETNODE_WIFI_PASSWORD", "short");
    await expect(only("--broker", "mqtts://b.ma", "--wifi", "w")).rejects.toThrow(
      "expected 8 to 63 printable ASCII characters, has 5",
    );
    await expect(run()).rejects.toThrow("expected 8 to 63");
  });

  it("needs the runtime only for the chips that are flashed", async () => {
    under = startBench(1);
    under.inventory.add([{ name: "bk-0000", city: "berkane", board: "test_esp32c3" }]);
    under.ports.plug(PORT, under.esp());
    await run();
    expect(under.inventory.node("bk-0001")?.state).toBe("flashed");
    under.ports.unplug(PORT);
    under.ports.plug(PORT, under.esp({ chip: "esp32c3", mac: macOf(2) }));
    await expect(run()).rejects.toThrow("is for esp32, expected one for esp32c3");
    expect(under.inventory.node("bk-0000")?.state).toBe("new");
  });

  it("wants to know which of several boards is meant", async () => {
    under = startBench(1);
    await expect(run()).rejects.toThrow("no board is plugged in");
    under.ports.plug(PORT, under.esp());
    under.ports.plug("/dev/ttyUSB1", under.esp({ mac: macOf(2) }));
    await expect(run()).rejects.toThrow(
      "--port: several boards are plugged in: /dev/ttyUSB0, /dev/ttyUSB1",
    );
    await run("--port", "/dev/ttyUSB1");
    expect(under.inventory.node("bk-0001")).toMatchObject({ state: "flashed", mac: macOf(2) });
  });
});

describe("streetnode flash --batch", () => {
  it("takes fifty boards one after the other, and ends with the list of the three bad ones", async () => {
    under = startBench(50);
    const faults = new Map([
      [7, { silent: true }],
      [23, { badSector: 0x21000 }],
      [42, {}],
    ]);
    const boards = Array.from({ length: 50 }, (_, i) => i + 1);
    const running = run("--batch");
    let done = 0;
    for (const n of boards) {
      under.ports.plug(
        PORT,
        under.esp({
          mac: macOf(n),
          faults: faults.get(n) ?? {},
          ...(n === 42 ? { app: loggedStart(["veml7700=wrong-chip"]) } : {}),
        }),
      );
      // The technician sees the line of this board, and pulls it.
      const before = out.length + err.filter((line) => line.startsWith("streetnode: ")).length;
      await vi.waitUntil(
        () => out.length + err.filter((line) => line.startsWith("streetnode: ")).length > before,
        { timeout: 1e9 },
      );
      done++;
      under.ports.unplug(PORT);
      await new Promise((resolve) => setTimeout(resolve, 2000));
    }
    controller.abort();
    await running;
    expect(done).toBe(50);

    expect(out[0]).toMatch(/^1 {2}bk-0001 /);
    const summary = out.findIndex((line) => line === "47 flashed, 3 not.");
    expect(out.slice(0, summary).length).toBe(47);
    expect(out[summary - 1]).toMatch(/^47 {2}bk-/);
    const bad = out[summary + 1].split("\n").slice(1);
    expect(bad.map((line) => line.split(/ {2,}/).slice(1))).toEqual([
      [expect.stringMatching(/^no chip answers/)],
      [macOf(23), expect.any(String), expect.stringMatching(/^the chip cannot write/)],
      [macOf(42), expect.any(String), "the self-test failed: veml7700 wrong-chip"],
    ]);
    expect(process.exitCode).toBe(1);

    const flashed = under.inventory.nodes({ states: ["flashed"] });
    expect(flashed.length).toBe(47);
    expect(new Set(flashed.map((node) => node.mac)).size).toBe(47);
    const pdf = join(under.folder, "labels.pdf");
    await labelCommand().parseAsync(
      [
        ...["--url", "https://nodes.berkane.ma", "--out", pdf, "--json"],
        ...["--inventory", under.inventory.file],
      ],
      { from: "user" },
    );
    const { labels } = JSON.parse(out.at(-1) ?? "") as { labels: { mac: string }[] };
    expect(new Set(labels.map(({ mac }) => mac)).size).toBe(47);
    expect(statSync(pdf).size).toBeGreaterThan(0);
    expect(under.inventory.nodes({ states: ["failed"] }).map((node) => node.mac)).toEqual([
      macOf(23),
      macOf(42),
    ]);
    expect(under.inventory.nodes({ states: ["new"] }).length).toBe(1);
    expect(questions).toEqual([]);
  }, 180_000);

  it("takes boards at several ports, none of them twice, and ends at its count", async () => {
    under = startBench(5);
    for (const n of [1, 2, 3])
      under.ports.plug(`/dev/ttyUSB${n}`, under.esp({ mac: macOf(n), wiring: "usb" }));
    await run("--batch", "--count", "3", "--json");
    const lines = out.map((line) => JSON.parse(line) as { result?: string });
    expect(lines.map(({ result }) => result)).toEqual(["flashed", "flashed", "flashed", undefined]);
    expect(lines[3]).toEqual({ flashed: 3, bad: [] });
    expect(process.exitCode).toBeUndefined();
  });

  it("passes over a board that is a node already, and counts one that was mended as good", async () => {
    under = startBench(3);
    under.ports.plug(PORT, under.esp());
    await run();
    out = [];
    const running = run("--batch", "--count", "1", "--json");
    const said = (n: number) => vi.waitUntil(() => out.length === n, { timeout: 1e9 });
    await said(1);
    under.ports.unplug(PORT);
    await new Promise((resolve) => setTimeout(resolve, 2000));
    const esp = under.esp({ mac: macOf(2), faults: { weakByte: 0x11234 } });
    under.ports.plug(PORT, esp);
    await said(2);
    under.ports.unplug(PORT);
    await new Promise((resolve) => setTimeout(resolve, 2000));
    esp.faults = {};
    under.ports.plug(PORT, esp);
    await running;
    expect(out.map((line) => JSON.parse(line))).toMatchObject([
      { result: "skipped", code: "already-flashed" },
      { result: "failed", code: "verify-failed", mac: macOf(2) },
      { result: "flashed", mac: macOf(2) },
      { flashed: 1, bad: [{ result: "skipped" }] },
    ]);
  });

  it("ends when no node waits any more, with what it did", async () => {
    under = startBench(1);
    under.ports.plug("/dev/ttyUSB1", under.esp({ mac: macOf(1) }));
    under.ports.plug("/dev/ttyUSB2", under.esp({ mac: macOf(2) }));
    await expect(run("--batch")).rejects.toThrow("no node is waiting for a board: add some");
    expect(out).toContain("1 flashed, 0 not.");
  });
});
