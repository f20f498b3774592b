import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { SERIAL_PORTS, openingError, portKind } from "../../src/flash/serialPorts";
import { macOf, startBench, type BenchUnderTest } from "../support/flashBench";
import {
  HAS_PSEUDO_TERMINAL,
  openPseudoTerminal,
  type PseudoTerminal,
} from "../support/pseudoTerminal";

describe.runIf(HAS_PSEUDO_TERMINAL)("a real serial port", () => {
  let under: BenchUnderTest;
  let terminal: PseudoTerminal;

  beforeEach(async () => {
    under = startBench(1);
    terminal = await openPseudoTerminal();
  });
  afterEach(() => {
    terminal.close();
    under.close();
  });

  it("leads to a board without automatic reset", async () => {
    // A pseudo-terminal has no control lines and no rate: as the chip's own USB has none.
    const esp = under.esp({ wiring: "usb" });
    esp.onOutput = (bytes) => terminal.write(bytes);
    terminal.onData = (bytes) => esp.receive(bytes);
    esp.powerOn(true);
    const outcome = await under
      .bench({
        access: SERIAL_PORTS,
        manualReset: true,
        onProgress: ({ phase }) => {
          // The technician is asked to press EN.
          if (phase === "self-test") esp.powerOn();
        },
      })
      .flash({ path: terminal.path });
    expect(outcome).toMatchObject({ result: "flashed", node: "bk-0001", mac: macOf(1) });
    expect(under.inventory.node("bk-0001")?.state).toBe("flashed");
  });

  it("says what is wrong when the board goes", async () => {
    const esp = under.esp({ wiring: "usb" });
    esp.onOutput = (bytes) => terminal.write(bytes);
    terminal.onData = (bytes) => esp.receive(bytes);
    esp.powerOn(true);
    const outcome = await under
      .bench({
        access: SERIAL_PORTS,
        manualReset: true,
        onProgress: ({ part = 0 }) => {
          if (part > 0.4) terminal.close();
        },
      })
      .flash({ path: terminal.path });
    expect(outcome).toMatchObject({ result: "failed", code: "unplugged" });
    expect(under.inventory.node("bk-0001")?.state).toBe("failed");
  });

  it("is reported when it is not there", async () => {
    const outcome = await under.bench({ access: SERIAL_PORTS }).flash({ path: "/dev/ttyNotThere" });
    expect(outcome).toMatchObject({
      code: "no-port",
      reason: "cannot be opened: is the board plugged in?",
    });
  });
});

describe("a port", () => {
  it.each([
    ["10c4", "board with Silicon Labs CP210x", "bridge"],
    ["1A86", "board with WCH CH340 or CH910x", "bridge"],
    ["303a", "USB of an ESP32-S3 or C3", "chip"],
    ["046d", "USB device 046d:0001", undefined],
    [undefined, "not a USB device", undefined],
  ])("with the USB vendor %s", (vendorId, name, board) => {
    expect(portKind({ path: "p", vendorId, productId: "0001" })).toEqual({ name, board });
  });

  it.each([
    ["Error: Permission denied, cannot open /dev/ttyUSB0", "port-in-use", "no permission"],
    ["Error Resource temporarily unavailable Cannot lock port", "port-in-use", "another program"],
    ["Opening COM3: Access denied", "port-in-use", "another program"],
    ["Error: No such file or directory, cannot open /dev/ttyUSB0", "no-port", "plugged in?"],
  ])("that cannot be opened: %s", (message, code, says) => {
    const error = openingError(new Error(message));
    expect(error.code).toBe(code);
    expect(error.message).toContain(says);
  });
});
