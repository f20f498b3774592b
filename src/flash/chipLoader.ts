import { createHash } from "node:crypto";
import { ESPLoader, Transport, type FlashSizeValues } from "esptool-js";
import { FlashError } from "./flashError";
import type { FlashImage } from "./flashImage";
import { pause } from "./pause";
import type { PortFacts, SerialAccess } from "./serialPorts";
import { WebSerialPort } from "./webSerialPort";

/** Rate at which the chip's ROM answers, in baud. */
const ROM_BAUD = 115_200;

/** How long EN is held low for a reset; esptool holds it as long. */
const RESET_MS = 100;

/** Status codes of the loader for what a disturbed line does to its input: checksum, deflate, length. */
const DAMAGED_INPUT = new Set([5, 7, 11]);

/** esptool-js's transport without its habit of printing. */
class QuietTransport extends Transport {
  override trace(): void {}
}

/** A chip that answered. */
export interface FoundChip {
  /** As DeviceScript names it: "esp32", "esp32s3", … */
  readonly archId: string;
  /** Espressif's name, such as ESP32-S3. */
  readonly name: string;
  /** Six lower-case hexadecimal bytes with colons. */
  readonly mac: string;
  /** Size of its flash in bytes; undefined when the flash chip cannot be told. */
  readonly flashBytes: number | undefined;
}

/** How to reach a chip. */
export interface ChipLoaderOptions {
  readonly access: SerialAccess;
  readonly facts: PortFacts;
  /** Rate for the image, in baud. */
  readonly baud: number;
  /** The board has no lines for reset and boot: somebody presses its buttons. */
  readonly manualReset?: boolean;
}

/** A chip in its loader: identified, written and restarted with esptool-js. */
export class ChipLoader {
  readonly port: WebSerialPort;
  readonly #options: ChipLoaderOptions;
  readonly #transport: QuietTransport;
  readonly #loader: ESPLoader;

  constructor(options: ChipLoaderOptions) {
    this.#options = options;
    this.port = new WebSerialPort(options.access, options.facts);
    this.#transport = new QuietTransport(this.port as unknown as Transport["device"]);
    this.#loader = new ESPLoader({
      transport: this.#transport,
      baudrate: options.baud,
      romBaudrate: ROM_BAUD,
      // Its own messages are for people who know the protocol.
      terminal: { clean() {}, writeLine() {}, write() {} },
    });
  }

  /**
   * Puts the chip into its loader and asks what it is.
   *
   * @throws FlashError
   */
  async connect(): Promise<FoundChip> {
    const loader = this.#loader;
    return this.#told("connect", async () => {
      await loader.main(this.#options.manualReset ? "no_reset" : "default_reset");
      if (loader.secureDownloadMode)
        throw new FlashError(
          "secure-boot",
          "the chip is locked (secure download mode) and takes no other program",
        );
      const size = (await loader.detectFlashSize()) as FlashSizeValues | undefined;
      return {
        archId: loader.chip.CHIP_NAME.toLowerCase().replaceAll("-", ""),
        name: loader.chip.CHIP_NAME,
        mac: (await loader.chip.readMac(loader)).toLowerCase(),
        flashBytes: size === undefined ? undefined : loader.flashSizeBytes(size),
      };
    });
  }

  /**
   * Writes an image and has the chip itself verify it by its MD5.
   *
   * @param onProgress gets the part written, 0 to 1.
   * @throws FlashError
   */
  async write(image: FlashImage, onProgress: (part: number) => void): Promise<void> {
    await this.#told("write", () =>
      this.#loader.writeFlash({
        fileArray: [{ data: image.content, address: image.offset }],
        flashMode: "keep",
        flashFreq: "keep",
        flashSize: "keep",
        eraseAll: false,
        compress: true,
        reportProgress: (_file, written, total) => onProgress(written / total),
        calculateMD5Hash: (content) => createHash("md5").update(content).digest("hex"),
      }),
    );
  }

  /** Reads a part of the flash. @throws FlashError */
  read(offset: number, bytes: number): Promise<Uint8Array> {
    return this.#told("read", () => this.#loader.readFlash(offset, bytes));
  }

  /** Restarts the chip from its flash, with the port at that rate from then on. @throws FlashError */
  async restart(baud: number): Promise<void> {
    try {
      await this.port.setBaudRate(baud).catch((error: Error) => {
        if (error instanceof FlashError) throw error;
        throw new FlashError(
          "no-boot",
          `the port cannot be set to ${baud} baud, the rate of the runtime's log: use another bridge chip or socket`,
        );
      });
      if (this.#options.manualReset) return;
      await this.port.setSignals({ dataTerminalReady: false, requestToSend: true });
      await pause(RESET_MS);
      await this.port.setSignals({ dataTerminalReady: false, requestToSend: false });
    } catch (error) {
      // A chip's own USB goes with the restart; whoever waits for the log sees that.
      if (!this.port.lost) throw error;
    }
  }

  /** Lets the port go. esptool-js's own way of closing waits for ever when a write had failed. */
  close(): Promise<void> {
    return this.port.release();
  }

  /**
   * Runs a step of esptool-js and tells its failure in the words of this project. The step ends
   * at once when the board is unplugged; esptool-js would first wait for its own time-outs.
   */
  async #told<T>(step: string, run: () => Promise<T>): Promise<T> {
    const work = run();
    // What becomes of a step that was given up is nobody's concern.
    work.catch(() => {});
    try {
      return await Promise.race([work, this.port.gone]);
    } catch (error) {
      if (error instanceof FlashError) throw error;
      throw this.#explain(step, error as Error);
    }
  }

  #explain(step: string, error: Error): FlashError {
    const text = error.message ?? String(error);
    const noise = new FlashError(
      "line-noise",
      `what arrives is damaged (${step}): use a shorter cable or another socket, or --baud 115200`,
    );
    if (/Failed to connect/.test(text))
      return new FlashError(
        "no-answer",
        "no chip answers: use a cable with data lines, or hold BOOT, press EN, and try again",
      );
    if (/magic|chip id/i.test(text))
      return new FlashError("wrong-chip", "the chip is of a kind that is not known");
    if (/MD5/.test(text))
      return new FlashError(
        "verify-failed",
        "the chip read back something else than was written (MD5): try again, then replace the board",
      );
    const status = /failed with status \d+,(\d+)/.exec(text)?.[1];
    if (status !== undefined && !DAMAGED_INPUT.has(Number(status)))
      return new FlashError(
        "write-failed",
        `the chip cannot write its flash (status ${status}): replace the board`,
      );
    return noise;
  }
}
