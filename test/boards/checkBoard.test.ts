import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readOwnBoards } from "../../src/boards/boardFile";
import { checkBoards, findingText } from "../../src/boards/checkBoard";
import { CHIP_PINS } from "../../src/boards/chipPins";
import { boardConfiguration, boardIds } from "../../src/flash/boardConfiguration";
import { PROJECT_FOLDER } from "../../src/projectFolder";
import { devicescriptCompiler, type BoardFile } from "../../src/toolchain/compile";

const GOOD = {
  $description: "A board",
  archId: "esp32",
  devName: "Board",
  productId: "0x3abcdef0",
  url: "https://example.org",
  i2c: { pinSDA: 21, pinSCL: 22, kHz: 100 },
  led: { pin: 4 },
  pins: { PWR: 27 },
  sPin: { PWR: 1 },
};

function source(board: object | string, file = "my.board.json") {
  const text = typeof board === "string" ? board : JSON.stringify(board);
  return { file, id: file.replace(".board.json", ""), text };
}

/** The findings on one board, without its file. */
function findings(board: object | string): string[] {
  return checkBoards([source(board)]).map((finding) =>
    findingText(finding).replace("my.board.json: ", ""),
  );
}

function without(member: keyof typeof GOOD): object {
  return Object.fromEntries(Object.entries(GOOD).filter(([name]) => name !== member));
}

describe("the check of a board file", () => {
  it("passes a good board", () => {
    expect(findings(GOOD)).toEqual([]);
  });

  const refusals: [what: string, board: object | string, finding: string][] = [
    ["text that is no JSON", "{", "is no JSON: "],
    ["a document that is no object", "[]", "expected a JSON object"],
    ["a missing description", without("$description"), "$description: is missing"],
    ["a missing chip", without("archId"), "archId: is missing"],
    ["a missing name", without("devName"), "devName: is missing"],
    ["a missing product identifier", without("productId"), "productId: is missing"],
    ["a missing address", without("url"), "url: is missing"],
    ["a missing bus", without("i2c"), "i2c: is missing"],
    ["a missing data pin", { ...GOOD, i2c: { pinSCL: 22 } }, "i2c.pinSDA: is missing"],
    ["a missing clock pin", { ...GOOD, i2c: { pinSDA: 22 } }, "i2c.pinSCL: is missing"],
    ["a missing light", without("led"), "led: is missing: the crew reads the node's state from it"],
    ["a light without a pin", { ...GOOD, led: {} }, "led.pin: is missing"],
    [
      "a light of no colours",
      { ...GOOD, led: { rgb: [] } },
      "led.rgb: expected a list of three: red, green and blue",
    ],
    [
      "colours that are no list",
      { ...GOOD, led: { rgb: {} } },
      "led.rgb: expected a list of three: red, green and blue",
    ],
    [
      "a colour without a pin",
      { ...GOOD, led: { rgb: [{ pin: 4 }, {}, { pin: 25 }] } },
      "led.rgb[1].pin: is missing",
    ],
    [
      "a light of no known kind",
      { ...GOOD, led: { pin: 4, type: "ws2812b" } },
      "led.type: expected 0 (plain), 1 (WS2812B), 2 (APA102) or 3 (SK9822)",
    ],
    [
      "a level of the light in words",
      { ...GOOD, led: { pin: 4, activeHigh: "yes" } },
      "led.activeHigh: expected true or false",
    ],
    ["services that are no list", { ...GOOD, services: "x" }, "services: expected a list"],
    ["a log that is no object", { ...GOOD, log: 21 }, "log: expected an object"],
    ["an empty name", { ...GOOD, devName: " " }, "devName: expected a text"],
    [
      "a name that is too long",
      { ...GOOD, devName: "B".repeat(41) },
      "devName: has 41 characters, 40 are allowed",
    ],
    [
      "an unknown chip",
      { ...GOOD, archId: "esp32c6" },
      'archId: "esp32c6" is not known, expected one of esp32, esp32c3, esp32s3',
    ],
    [
      "a chip of every object",
      { ...GOOD, archId: "toString" },
      'archId: "toString" is not known, expected one of esp32, esp32c3, esp32s3',
    ],
    [
      "a product identifier out of its range",
      { ...GOOD, productId: "0x2abcdef0" },
      "productId: expected 0x3 and seven hexadecimal digits in quotes",
    ],
    ["a member with a slip", { ...GOOD, i2C: {} }, "i2C: is no member of a board file"],
    [
      "a network through the computer",
      { ...GOOD, devNetwork: true },
      "devNetwork: takes the network away from the node's own connection",
    ],
    [
      "a bus too fast for the sensors",
      { ...GOOD, i2c: { ...GOOD.i2c, kHz: 400 } },
      "i2c.kHz: expected 100, the most that every sensor allows",
    ],
    [
      "a pin that the chip does not have",
      { ...GOOD, i2c: { pinSDA: 24, pinSCL: 22 } },
      "i2c.pinSDA: ESP32 has no GPIO24",
    ],
    [
      "a pin that is no whole number",
      { ...GOOD, led: { pin: 4.5 } },
      "led.pin: ESP32 has no GPIO4.5",
    ],
    [
      "an input as an output",
      { ...GOOD, i2c: { pinSDA: 21, pinSCL: 34 } },
      "i2c.pinSCL: GPIO34 of ESP32 is an input only, expected an output",
    ],
    [
      "an input that switches power",
      { ...GOOD, pins: { PWR: 35 } },
      "pins.PWR: GPIO35 of ESP32 is an input only, expected an output",
    ],
    [
      "a pin of the flash memory",
      { ...GOOD, led: { pin: 6 } },
      "led.pin: GPIO6 of ESP32 is reserved for the flash memory",
    ],
    [
      "a pin of the PSRAM",
      { ...GOOD, led: { pin: 16 } },
      "led.pin: GPIO16 of ESP32 is reserved for the PSRAM of the modules that have one",
    ],
    [
      "a pin of USB",
      { ...GOOD, archId: "esp32c3", i2c: { pinSDA: 6, pinSCL: 18 }, pins: { PWR: 10 } },
      "i2c.pinSCL: GPIO18 of ESP32-C3 is reserved for USB",
    ],
    [
      "the pin of the serial port",
      { ...GOOD, led: { pin: 3 } },
      "led.pin: GPIO3 of ESP32 is reserved for the serial port through which the board is flashed",
    ],
    [
      "one pin used twice",
      { ...GOOD, led: { pin: 21 } },
      "led.pin: GPIO21 is used by i2c.pinSDA already",
    ],
    [
      "one pin used by a service too",
      { ...GOOD, services: [{ service: "button", name: "b", pin: 27 }] },
      "pins.PWR: GPIO27 is used by services[0].pin already",
    ],
    [
      "two labels of one pin",
      { ...GOOD, pins: { PWR: 27, AUX: 27 } },
      "pins.AUX: GPIO27 is used by pins.PWR already",
    ],
    [
      "a label that is not there",
      { ...GOOD, led: { pin: "LED" } },
      'led.pin: pins has no label "LED"',
    ],
    [
      "a pin that is neither",
      { ...GOOD, led: { pin: true } },
      "led.pin: expected a GPIO number or a label of pins",
    ],
    [
      "a label without a number",
      { ...GOOD, pins: { PWR: "27" }, sPin: {} },
      "pins.PWR: expected a GPIO number",
    ],
    [
      "a label that is too long for the runtime",
      { ...GOOD, pins: { PWR: 27, ELEVEN_LONG: 26 } },
      "pins.ELEVEN_LONG: expected a label of at most 10 characters",
    ],
    ["a level for no label", { ...GOOD, sPin: { LED: 1 } }, "sPin.LED: pins has no such label"],
    [
      "a level that is none",
      { ...GOOD, sPin: { PWR: 2 } },
      "sPin.PWR: expected 0 or 1, the level at the start",
    ],
    [
      "a level for a pin of the bus",
      { ...GOOD, i2c: { pinSDA: "PWR", pinSCL: 22 } },
      "sPin.PWR: the level of i2c.pinSDA is not the board's to set",
    ],
    [
      "a strapping pin, with a warning only",
      { ...GOOD, led: { pin: 2 } },
      "warning: led.pin: GPIO2 of ESP32 is a strapping pin: its level at reset decides how the chip starts",
    ],
  ];
  it.each(refusals)("says what is wrong with %s", (_what, board, finding) => {
    const found = findings(board);
    expect(found).toHaveLength(1);
    expect(found[0]?.startsWith(finding)).toBe(true);
  });

  it("names everything that is wrong at once, and each board's file", () => {
    expect(
      checkBoards([
        source({ ...GOOD, url: "", led: { pin: 99 } }, "a.board.json"),
        source(GOOD, "b.board.json"),
        source({ ...GOOD, devName: "C" }, "c.board.json"),
      ]).map(findingText),
    ).toEqual([
      "a.board.json: url: expected a text",
      "a.board.json: led.pin: ESP32 has no GPIO99",
      "b.board.json: productId: 0x3abcdef0 is that of a.board.json",
      "c.board.json: productId: 0x3abcdef0 is that of a.board.json",
    ]);
  });

  it("has an answer to any document, and a place and a reason in every finding", () => {
    const member = fc.constantFrom(...Object.keys(GOOD), "services", "jacdac", "log", "$services");
    fc.assert(
      fc.property(fc.dictionary(member, fc.jsonValue()), (members) => {
        for (const { path, reason } of checkBoards([source({ ...GOOD, ...members })])) {
          expect(path).not.toBe("");
          expect(reason).not.toBe("");
          expect(findingText({ file: "f", severity: "error", path, reason })).not.toMatch(/\n/);
        }
      }),
    );
  });

  it("refuses the product identifier of a known board", () => {
    const taken = new Map([[0x3abcdef0, "another"]]);
    expect(checkBoards([source(GOOD)], taken)[0]?.reason).toBe("0x3abcdef0 is that of another");
  });
});

const compiler = devicescriptCompiler();
const { archs, boards } = compiler.resolveBuildConfig({ hwInfo: {}, addBoards: [] });

describe("the check against DeviceScript's own", () => {
  it("never passes pins that DeviceScript's tools refuse, and passes no pin twice", () => {
    const pin = fc.integer({ min: -1, max: 50 });
    fc.assert(
      fc.property(
        fc.constantFrom("esp32", "esp32c3", "esp32s3"),
        fc.tuple(pin, pin, pin, pin),
        fc.boolean(),
        (archId, [pinSDA, pinSCL, led, power], byLabel) => {
          const board = {
            ...GOOD,
            archId,
            i2c: { pinSDA: byLabel ? "SDA" : pinSDA, pinSCL },
            led: { pin: led },
            pins: byLabel ? { PWR: power, SDA: pinSDA } : { PWR: power },
          };
          const errors = checkBoards([source(board)]).filter((f) => f.severity === "error");
          const arch = archs[archId];
          if (!arch) throw new Error(`DeviceScript does not know ${archId}`);
          const theirs = compiler.pinsInfo(arch, board as unknown as BoardFile).errors;
          if (errors.length === 0) {
            expect(theirs).toEqual([]);
            const used = [pinSDA, pinSCL, led, power];
            expect(new Set(used).size).toBe(used.length);
            for (const gpio of used) expect(CHIP_PINS[archId]?.all.has(gpio)).toBe(true);
          }
          for (const { path } of errors)
            expect(path).toMatch(/^(i2c\.pinSDA|i2c\.pinSCL|led\.pin|pins\.PWR)$/);
        },
      ),
      { numRuns: 500 },
    );
  });

  it("knows of each chip every pin that DeviceScript knows, and no other of use", () => {
    for (const [archId, chip] of Object.entries(CHIP_PINS)) {
      const arch = archs[archId];
      if (!arch) throw new Error(`DeviceScript does not know ${archId}`);
      for (let gpio = 0; gpio < 60; gpio++) {
        const { infos } = compiler.pinsInfo(arch, { pins: { X: gpio } } as unknown as BoardFile);
        const functions = infos[0]?.functions ?? [];
        if (functions.length > 0) expect(chip.all).toContain(gpio);
        if (chip.all.has(gpio) && !chip.reserved.has(gpio)) expect(functions).not.toEqual([]);
        if (chip.inputOnly.has(gpio)) expect(functions).not.toContain("io");
        if (functions.includes("boot")) expect(chip.delicate.get(gpio)).toContain("strapping");
      }
    }
  });
});

describe("the project's boards", () => {
  it("pass the check, beside DeviceScript's", () => {
    const taken = new Map(
      Object.values(boards).map((board) => [Number(board["productId"]), board.id]),
    );
    const found = checkBoards(readOwnBoards(PROJECT_FOLDER), taken);
    expect(found.filter(({ severity }) => severity === "error")).toEqual([]);
  });

  it("are the four, each with a configuration that the runtime reads", () => {
    expect(boardIds()).toEqual([
      "streetnode_esp32_devkitc",
      "streetnode_esp32c3_supermini",
      "streetnode_esp32s3_devkitm",
      "streetnode_xiao_esp32c3",
    ]);
    for (const id of boardIds()) {
      const { board, dcfg } = boardConfiguration(id);
      const { errors, settings } = compiler.decodeDcfg(dcfg);
      expect(errors).toEqual([]);
      expect(settings).toMatchObject({
        archId: board.archId,
        devName: board.devName,
        "i2c.kHz": 100,
        "sPin.PWR": 1,
      });
      expect(settings["i2c.pinSDA"]).toBeTypeOf("number");
      expect(settings["pins.PWR"]).toBeTypeOf("number");
      // The page that is kept for it in flash (boards/partitions.csv of DeviceScript's runtime).
      expect(dcfg.length).toBeLessThanOrEqual(4096);
    }
  });
});
