/**
 * The pins of the chips that Streetnode runs on. Source: ESP-IDF programming guide, "GPIO &
 * RTC GPIO", the table "GPIO summary" of each chip with its notes.
 */

/** What may be done with a chip's pins; pins are GPIO numbers. */
export interface ChipPins {
  /** The chip's name in messages. */
  readonly name: string;
  /** All pins that the chip has. */
  readonly all: ReadonlySet<number>;
  /** Pins without an output driver and without pull-ups. */
  readonly inputOnly: ReadonlySet<number>;
  /** Pins that a board must not use, with what they are there for. */
  readonly reserved: ReadonlyMap<number, string>;
  /** Pins that a board may use with care, with the reason. */
  readonly delicate: ReadonlyMap<number, string>;
}

/** Reads a list of pins such as `0-4,7`. */
function pins(list: string): number[] {
  return list.split(",").flatMap((range) => {
    const [first = "", last = first] = range.split("-");
    const from = Number(first);
    return Array.from({ length: Number(last) - from + 1 }, (_, i) => from + i);
  });
}

function withReason(lists: Readonly<Record<string, string>>): Map<number, string> {
  return new Map(
    Object.entries(lists).flatMap(([list, reason]) => pins(list).map((pin) => [pin, reason])),
  );
}

const STRAPPING = "is a strapping pin: its level at reset decides how the chip starts";
const CONSOLE = "carries the messages of the chip's start";

/** By the name that DeviceScript gives the chip. The ESP32-S2 is left out: its heap is too small. */
export const CHIP_PINS: Readonly<Record<string, ChipPins>> = {
  esp32: {
    name: "ESP32",
    all: new Set(pins("0-19,21-23,25-27,32-39")),
    inputOnly: new Set(pins("34-39")),
    reserved: withReason({
      "1,3": "the serial port through which the board is flashed",
      "6-11": "the flash memory",
      "16-17": "the PSRAM of the modules that have one",
    }),
    delicate: withReason({ "0,2,5,12,15": STRAPPING }),
  },
  esp32c3: {
    name: "ESP32-C3",
    all: new Set(pins("0-21")),
    inputOnly: new Set(),
    reserved: withReason({
      "11": "the flash memory's supply",
      "12-17": "the flash memory",
      "18-19": "USB",
    }),
    delicate: withReason({ "2,8,9": STRAPPING, "20-21": CONSOLE }),
  },
  esp32s3: {
    name: "ESP32-S3",
    all: new Set(pins("0-21,26-48")),
    inputOnly: new Set(),
    reserved: withReason({ "19-20": "USB", "26-32": "flash memory and PSRAM" }),
    delicate: withReason({
      "0,3,45,46": STRAPPING,
      "33-37": "is taken on modules whose memory has eight data lines",
      "43-44": CONSOLE,
    }),
  },
};
