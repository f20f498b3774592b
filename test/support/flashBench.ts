import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { vi } from "vitest";
import type { BoardConfiguration } from "../../src/flash/boardConfiguration";
import { FlashBench, type FlashBenchOptions } from "../../src/flash/flashBench";
import { readRuntimeImage } from "../../src/flash/runtimeImage";
import { Inventory } from "../../src/inventory/inventory";
import { EmulatedEsp, type EspOptions } from "./espLoader/emulatedEsp";
import { EmulatedPorts } from "./espLoader/emulatedPorts";
import { loggedStart } from "./espLoader/apps";
import { madeUpRuntime, runtimeOffset, type RuntimeLayout } from "./madeUpRuntime";

/** Small, so that a test of fifty boards is short: the layout is taken from the image anyway. */
export const SMALL_LAYOUT: RuntimeLayout = {
  fstorOffset: 0x20000,
  fstorBytes: 0x10000,
  appBytes: 12_000,
};

/** One board for each chip. */
export function testBoard(boardId: string): BoardConfiguration {
  const archId = boardId.replace(/^test_/, "");
  return {
    board: { id: boardId, archId, devName: `Test board with ${archId}` },
    arch: {
      id: archId,
      name: archId.toUpperCase(),
      binFlashOffset: runtimeOffset(archId),
      dcfgOffset: 0x9000,
      fstorOffset: SMALL_LAYOUT.fstorOffset,
      fstorPages: 32,
      flashPageSize: 4096,
      bareUrl: "https://downloads.invalid/",
    },
    dcfg: new Uint8Array(600).fill(0x5a),
  };
}

/** A technician's bench in a test: emulated ports, an inventory in a folder of its own. */
export interface BenchUnderTest {
  readonly ports: EmulatedPorts;
  readonly inventory: Inventory;
  readonly folder: string;
  readonly asked: string[];
  bench(options?: Partial<FlashBenchOptions>): FlashBench;
  esp(options?: Partial<EspOptions>): EmulatedEsp;
  close(): void;
}

/** A MAC address with that number. */
export function macOf(n: number): string {
  return `24:6f:28:0a:${(n >> 8).toString(16).padStart(2, "0")}:${(n & 255).toString(16).padStart(2, "0")}`;
}

/** Sets a bench up, with so many nodes that wait for a board with that chip. */
export function startBench(nodes = 3, chip = "esp32"): BenchUnderTest {
  const folder = mkdtempSync(join(tmpdir(), "streetnode-bench-"));
  const inventory = new Inventory(join(folder, "inventory.db"), "technician");
  inventory.create();
  inventory.add(
    Array.from({ length: nodes }, (_, i) => ({
      name: `bk-${String(i + 1).padStart(4, "0")}`,
      city: "berkane",
      board: `test_${chip}`,
    })),
  );
  const ports = new EmulatedPorts();
  const asked: string[] = [];
  return {
    ports,
    inventory,
    folder,
    asked,
    bench: (options = {}) =>
      new FlashBench({
        access: ports,
        inventory,
        baud: 921_600,
        bytecode: new Uint8Array(3200).fill(0x42),
        broker: { host: "broker.berkane.ma", port: 8883, tls: true },
        wifi: { ssid: "poles", passphrase: "wifi passphrase of the poles" },
        runtime: (archId) =>
          readRuntimeImage(
            "made-up.bin",
            archId,
            runtimeOffset(archId),
            madeUpRuntime(archId, SMALL_LAYOUT),
          ),
        board: testBoard,
        ask: async (question) => {
          asked.push(question);
          return true;
        },
        ...options,
      }),
    esp: (options = {}) => new EmulatedEsp({ chip, mac: macOf(1), app: loggedStart(), ...options }),
    close: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** Lets every pause of a test pass at once; what waits for nothing else runs on. */
export function useVirtualTime(): void {
  vi.useFakeTimers({
    toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "Date"],
  });
  vi.setTimerTickMode("nextTimerAsync");
}

/** Gives the test its clock back. */
export function useRealTime(): void {
  vi.useRealTimers();
}
