import { announcement, encodeFrame, type JacdacPacket } from "./jacdac";
import type { BusDevice } from "./vmHost";

/** Class of the Jacdac Wi-Fi service. */
const WIFI_SERVICE_CLASS = 0x18aae1fa;
/** Command that asks for the register `reading`: the strength of the signal in dBm, one signed byte. */
const GET_READING = 0x1101;
const SERVICE_INDEX = 1;
const ANSWER_MS = 1;

/** A Jacdac device that tells the strength of a Wi-Fi signal, as the runtime of a board does of itself. */
export class WifiService implements BusDevice {
  readonly device = "2d3d4d5d6d7d8d9d";
  readonly #announcement = announcement(this.device, [WIFI_SERVICE_CLASS]);
  readonly #dbm: () => number;

  /** @param dbm gives the strength now; -128 where there is no network. */
  constructor(dbm: () => number) {
    this.#dbm = dbm;
  }

  announcement(): Uint8Array {
    return this.#announcement;
  }

  handle(command: JacdacPacket, reply: (frame: Uint8Array, delayMs: number) => void): void {
    if (command.serviceIndex !== SERVICE_INDEX || command.command !== GET_READING) return;
    const payload = Uint8Array.of(this.#dbm() & 0xff);
    reply(
      encodeFrame({
        device: this.device,
        isCommand: false,
        serviceIndex: SERVICE_INDEX,
        command: GET_READING,
        payload,
      }),
      ANSWER_MS,
    );
  }
}
