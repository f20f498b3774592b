import { createHash } from "node:crypto";
import { constants, inflateSync } from "node:zlib";
import { CHIPS, type ChipFacts } from "./chips";
import { SlipReader, slipFrame } from "./slip";

/** What the chip is doing: held in reset, in its ROM's loader, in the uploaded loader, or running. */
export type EspState = "reset" | "rom" | "stub" | "app";

/** What can be wrong with a board or its cable. */
export interface EspFaults {
  /** Flash address of a sector that cannot be written. */
  badSector?: number;
  /** Flash address of a byte that loses a bit, without a word of it. */
  weakByte?: number;
  /** The cable is pulled when this part (0 to 1) of a write has arrived. */
  unplugAt?: number;
  /** Of so many bytes on the line, in either direction, one is wrong. */
  noiseEvery?: number;
  /** The chip does not answer at all. */
  silent?: boolean;
}

/** What runs from flash: prints lines, now or later, until the chip is reset. */
export type EspApp = (running: {
  readonly flash: Uint8Array;
  print(line: string): void;
  /** Does something later, unless the chip was reset by then. */
  after(ms: number, action: () => void): void;
}) => void;

export interface EspOptions {
  /** As DeviceScript names it: `esp32`, `esp32s3`, `esp32c3`. */
  readonly chip: string;
  readonly mac: string;
  /** How the computer reaches it: over a bridge chip, or over the chip's own USB. */
  readonly wiring?: "bridge" | "usb";
  /** Size of the flash as a power of two. */
  readonly flashSizeLog2?: number;
  readonly app: EspApp;
  readonly faults?: EspFaults;
}

const ROM_BAUD = 115_200;
/** Status bytes after an answer's data: ROM of these chips, and stub. */
const ROM_STATUS_BYTES = 4;
const STUB_STATUS_BYTES = 2;
/** The answer of a ROM to a command that it does not know comes so often. */
const UNKNOWN_REPEATS = 8;
const CHECKSUM_SEED = 0xef;
const SECTOR = 4096;
const JD_USB_MAGIC = 0xfe;
const JD_USB_LITERAL = 0xf8;

enum Op {
  FlashBegin = 0x02,
  FlashData = 0x03,
  FlashEnd = 0x04,
  MemBegin = 0x05,
  MemEnd = 0x06,
  MemData = 0x07,
  Sync = 0x08,
  WriteReg = 0x09,
  ReadReg = 0x0a,
  SpiAttach = 0x0d,
  ChangeBaud = 0x0f,
  DeflBegin = 0x10,
  DeflData = 0x11,
  DeflEnd = 0x12,
  Md5 = 0x13,
  SecurityInfo = 0x14,
  ReadFlash = 0xd2,
}

/** Errors in the status bytes; `ESP_ROM_...` of esptool's protocol description. */
enum Status {
  Ok = 0,
  InvalidMessage = 0x05,
  Failed = 0x06,
  BadChecksum = 0x07,
  FlashWrite = 0x08,
  Deflate = 0x0b,
}

interface Answer {
  readonly value?: number;
  readonly data?: Uint8Array;
  readonly status?: Status;
}

interface Segment {
  readonly at: number;
  readonly bytes: number[];
  readonly length: number;
}

/**
 * An ESP32, S3 or C3 as its serial line shows it: the ROM's loader, the loader that esptool
 * uploads, and what runs from flash. Protocol: esptool documentation, "Serial Protocol". The
 * machine code of the uploaded loader is not run: its commands are answered here once it has
 * arrived whole.
 */
export class EmulatedEsp {
  readonly chip: ChipFacts;
  readonly mac: string;
  readonly wiring: "bridge" | "usb";
  readonly flash: Uint8Array;
  faults: EspFaults;
  state: EspState = "reset";
  /** Rate that the computer's side is set to. */
  hostBaud = ROM_BAUD;
  /** Gets what the chip sends. */
  onOutput: (bytes: Uint8Array) => void = () => {};
  /** The cable was pulled. */
  onUnplug: () => void = () => {};
  /** Times that the running program was started. */
  starts = 0;
  app: EspApp;
  readonly #flashId: number;
  readonly #slip = new SlipReader();
  readonly #registers = new Map<number, number>();
  #baud = ROM_BAUD;
  #epoch = 0;
  #inReset = false;
  #downloadLatch = false;
  #bytesOnLine = 0;
  #segments: Segment[] = [];
  #write: { at: number; erase: number; packed: Uint8Array[]; blocks: number; done: number } = {
    at: 0,
    erase: 0,
    packed: [],
    blocks: 0,
    done: 0,
  };

  constructor(options: EspOptions) {
    const chip = CHIPS[options.chip];
    if (!chip) throw new Error(`no such chip: ${options.chip}`);
    this.chip = chip;
    this.mac = options.mac;
    this.wiring = options.wiring ?? "bridge";
    this.app = options.app;
    this.faults = { ...options.faults };
    const log2 = options.flashSizeLog2 ?? 22;
    this.flash = new Uint8Array(2 ** log2).fill(0xff);
    // Manufacturer GigaDevice, type 0x40, capacity.
    this.#flashId = (log2 << 16) | 0x40c8;
    const mac = Buffer.from(options.mac.replaceAll(":", ""), "hex");
    this.#registers.set(chip.macRegister, mac.readUInt32BE(2));
    this.#registers.set(chip.macRegister + 4, mac.readUInt16BE(0));
    this.#registers.set(0x40001000, chip.magic);
    for (const [register, value] of Object.entries(chip.registers))
      this.#registers.set(Number(register), value);
  }

  /** Power comes, with the boot button pressed or not. */
  powerOn(download = false): void {
    this.#boot(download);
  }

  /** Power goes. */
  powerOff(): void {
    this.#epoch++;
    this.state = "reset";
  }

  /**
   * The computer sets its control lines. Over a bridge: EN is low with RTS alone, IO0 with DTR
   * alone (two transistors, as on Espressif's development kits). Over the chip's own USB: the
   * chip's USB Serial/JTAG controller takes the same as commands.
   */
  setLines(dtr: boolean, rts: boolean): void {
    if (this.wiring === "usb") {
      if (dtr && !rts) this.#downloadLatch = true;
      if (!dtr && !rts && !this.#inReset) this.#downloadLatch = false;
      const reset = rts && !dtr;
      if (this.#inReset && !reset) this.#boot(this.#downloadLatch);
      this.#inReset = reset;
      return;
    }
    const reset = rts && !dtr;
    if (reset && !this.#inReset) this.powerOff();
    if (this.#inReset && !reset) this.#boot(dtr && !rts);
    this.#inReset = reset;
  }

  /** The computer sends bytes. */
  receive(bytes: Uint8Array): void {
    if (this.faults.silent || (this.state !== "rom" && this.state !== "stub")) return;
    if (this.#deaf()) return;
    for (const frame of this.#slip.push(this.#noisy(bytes))) this.#command(frame);
  }

  #deaf(): boolean {
    return this.wiring === "bridge" && this.hostBaud !== this.#baud;
  }

  #boot(download: boolean): void {
    const epoch = ++this.#epoch;
    this.#baud = ROM_BAUD;
    this.#slip.reset();
    this.#segments = [];
    this.state = download ? "rom" : "app";
    if (this.faults.silent) return;
    this.#print(download ? this.chip.downloadBoot : this.chip.flashBoot);
    if (download) return;
    if (this.flash[this.chip.bootloaderOffset] !== 0xe9) {
      this.#print("invalid header: 0xffffffff\r\n".repeat(3));
      return;
    }
    this.starts++;
    this.#baud = this.chip.logBaud;
    this.app({
      flash: this.flash,
      print: (line) => {
        if (epoch === this.#epoch) this.#print(`${line}\n`);
      },
      after: (ms, action) => {
        setTimeout(() => {
          if (epoch === this.#epoch) action();
        }, ms);
      },
    });
  }

  /** Text of the log; the running runtime marks the one byte that has a meaning to it. */
  #print(text: string): void {
    const out: number[] = [];
    for (const byte of Buffer.from(text)) {
      out.push(byte);
      if (byte === JD_USB_MAGIC && this.state === "app") out.push(JD_USB_LITERAL);
    }
    this.#output(Uint8Array.from(out));
  }

  #output(bytes: Uint8Array): void {
    const out = this.#deaf() ? bytes.map((byte) => (byte * 37) ^ 0x80) : this.#noisy(bytes);
    this.onOutput(out);
  }

  #noisy(bytes: Uint8Array): Uint8Array {
    const every = this.faults.noiseEvery;
    if (!every) return bytes;
    return bytes.map((byte) => (++this.#bytesOnLine % every === 0 ? byte ^ 0x24 : byte));
  }

  #answer(op: number, { value = 0, data, status = Status.Ok }: Answer): void {
    const statusBytes = this.state === "stub" ? STUB_STATUS_BYTES : ROM_STATUS_BYTES;
    const size = (data?.length ?? 0) + statusBytes;
    const packet = new Uint8Array(8 + size);
    const view = new DataView(packet.buffer);
    packet[0] = 1;
    packet[1] = op;
    view.setUint16(2, size, true);
    view.setUint32(4, value >>> 0, true);
    if (data) packet.set(data, 8);
    packet[8 + size - statusBytes] = status === Status.Ok ? 0 : 1;
    packet[8 + size - statusBytes + 1] = status;
    this.#output(slipFrame(packet));
  }

  #command(frame: Uint8Array): void {
    const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
    // Acknowledgements of the parts of a flash read are frames without a command.
    if (frame.length < 8 || frame[0] !== 0) return;
    const op = frame[1];
    const data = frame.subarray(8);
    if (view.getUint16(2, true) !== data.length) {
      this.#answer(op, { status: Status.InvalidMessage });
      return;
    }
    const word = (i: number) => (4 * i + 4 <= data.length ? view.getUint32(8 + 4 * i, true) : 0);
    const checksum = view.getUint32(4, true);
    const stub = this.state === "stub";
    switch (op as Op) {
      case Op.Sync:
        for (let i = 0; i < (stub ? 1 : 8); i++) this.#answer(op, { value: stub ? 0 : 0x20120707 });
        return;
      case Op.ReadReg:
        return this.#answer(op, { value: this.#registers.get(word(0)) ?? 0 });
      case Op.WriteReg:
        this.#writeRegister(word(0), word(1));
        return this.#answer(op, {});
      case Op.SecurityInfo:
        return this.#securityInfo();
      case Op.SpiAttach:
        return this.#answer(op, {});
      case Op.MemBegin:
        this.#segments.push({ at: word(3), bytes: [], length: word(0) });
        return this.#answer(op, {});
      case Op.MemData: {
        const block = data.subarray(16);
        if (xor(block) !== checksum) return this.#answer(op, { status: Status.BadChecksum });
        this.#segments.at(-1)?.bytes.push(...block);
        return this.#answer(op, {});
      }
      case Op.MemEnd:
        return this.#runFromRam(word(1));
      case Op.ChangeBaud:
        this.#answer(op, {});
        this.#baud = word(0);
        return;
      case Op.FlashBegin:
      case Op.DeflBegin:
        this.#write = { at: word(3), erase: word(0), packed: [], blocks: word(1), done: 0 };
        if (word(3) + word(0) > this.flash.length)
          return this.#answer(op, { status: Status.Failed });
        this.flash.fill(0xff, word(3), word(3) + Math.ceil(word(0) / SECTOR) * SECTOR);
        return this.#answer(op, {});
      case Op.FlashData:
      case Op.DeflData:
        return this.#flashData(op, data, checksum);
      case Op.FlashEnd:
      case Op.DeflEnd:
        return this.#answer(op, {});
      case Op.Md5: {
        const part = this.flash.subarray(word(0), word(0) + word(1));
        const hash = createHash("md5").update(part).digest();
        return this.#answer(op, { data: stub ? hash : Buffer.from(hash.toString("hex")) });
      }
      case Op.ReadFlash:
        if (!stub) break;
        return this.#readFlash(word(0), word(1), word(2));
    }
    this.#refuse();
  }

  /** The answer to a command that the loader does not know; it does not name the command. */
  #refuse(): void {
    for (let i = 0; i < UNKNOWN_REPEATS; i++) this.#answer(0, { status: Status.InvalidMessage });
  }

  #securityInfo(): void {
    const id = this.chip.securityChipId;
    if (id === undefined) return this.#refuse();
    const data = new Uint8Array(20);
    new DataView(data.buffer).setUint32(12, id, true);
    this.#answer(Op.SecurityInfo, { data });
  }

  /** A command to the flash chip through the SPI controller: its identity is all that is asked. */
  #writeRegister(register: number, value: number): void {
    const { spiBase, spiUsr2, spiW0 } = this.chip;
    const START = 1 << 18;
    const READ_ID = 0x9f;
    if (register === spiBase && value & START) {
      const command = (this.#registers.get(spiBase + spiUsr2) ?? 0) & 0xff;
      if (command === READ_ID) this.#registers.set(spiBase + spiW0, this.#flashId);
      return;
    }
    this.#registers.set(register, value);
  }

  /** Starts what was uploaded, if it arrived whole and the entry lies in it. */
  #runFromRam(entry: number): void {
    const whole = this.#segments.every((segment) => segment.bytes.length === segment.length);
    const inside = this.#segments.some((s) => entry >= s.at && entry < s.at + s.length);
    this.#answer(Op.MemEnd, whole && inside ? {} : { status: Status.Failed });
    if (!whole || !inside) return;
    this.state = "stub";
    this.#output(slipFrame(Buffer.from("OHAI")));
  }

  #flashData(op: Op, data: Uint8Array, checksum: number): void {
    const block = data.subarray(16);
    if (xor(block) !== checksum) return this.#answer(op, { status: Status.BadChecksum });
    const write = this.#write;
    if (this.faults.unplugAt !== undefined && ++write.done > write.blocks * this.faults.unplugAt) {
      this.powerOff();
      this.onUnplug();
      return;
    }
    let plain = block;
    let at = write.at;
    if (op === Op.DeflData) {
      // The stream is inflated from its start again, and what is new of it written.
      write.packed.push(block.slice());
      try {
        plain = inflateSync(Buffer.concat(write.packed), { finishFlush: constants.Z_SYNC_FLUSH });
      } catch {
        return this.#answer(op, { status: Status.Deflate });
      }
    } else write.at += block.length;
    if (at + plain.length > this.flash.length) return this.#answer(op, { status: Status.Failed });
    for (const byte of plain) {
      // Writing can only clear bits.
      this.flash[at] &= at === this.faults.weakByte ? byte ^ 0x01 : byte;
      at++;
    }
    const bad = this.faults.badSector;
    if (bad !== undefined && at > bad && write.at <= bad)
      return this.#answer(op, { status: Status.FlashWrite });
    this.#answer(op, {});
  }

  #readFlash(at: number, size: number, blockSize: number): void {
    this.#answer(Op.ReadFlash, {});
    for (let i = 0; i < size; i += blockSize)
      this.#output(slipFrame(this.flash.subarray(at + i, at + Math.min(size, i + blockSize))));
    const part = this.flash.subarray(at, at + size);
    this.#output(slipFrame(createHash("md5").update(part).digest()));
  }
}

function xor(bytes: Uint8Array): number {
  let sum = CHECKSUM_SEED;
  for (const byte of bytes) sum ^= byte;
  return sum;
}
