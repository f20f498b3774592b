import { Presets, SingleBar } from "cli-progress";
import type { FlashProgress } from "../flash/flashBench";

/** Of the image, in whole percent. */
const WHOLE = 100;

/** Shows on a terminal how far a board is; says nothing when the output is piped. */
export class FlashProgressBar {
  readonly #terminal: boolean;
  #bar: SingleBar | undefined;

  constructor(terminal = process.stderr.isTTY === true) {
    this.#terminal = terminal;
  }

  show({ phase, part = phase === "connecting" ? 0 : 1, port, node }: FlashProgress): void {
    if (!this.#terminal) return;
    if (!this.#bar) {
      this.#bar = new SingleBar(
        {
          format: "{who}  {bar} {percentage}%  {phase}",
          clearOnComplete: true,
          hideCursor: true,
          stream: process.stderr,
        },
        Presets.shades_classic,
      );
      this.#bar.start(WHOLE, 0, { who: port, phase });
    }
    this.#bar.update(Math.floor(part * WHOLE), { who: node ?? port, phase });
  }

  /** Takes the bar away. */
  clear(): void {
    this.#bar?.stop();
    this.#bar = undefined;
  }
}
