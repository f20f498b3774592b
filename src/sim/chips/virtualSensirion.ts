import type { Surroundings } from "../world/surroundings";
import { ModelledChip } from "./virtualChip";

/** A command of a Sensirion chip. */
export interface SensirionCommand {
  /** Time that the data sheet gives the chip for it; until then it acknowledges nothing. */
  readonly executionMs: number;
  /** Words that follow the command. */
  readonly parameterWords?: number;
  /** Carries it out; returns the words of the answer, or nothing when there is none. */
  run(nowMs: number, parameters: readonly number[]): readonly number[] | undefined;
}

/** CRC-8 of two bytes, polynomial 0x31, initialised with 0xFF, bit by bit. */
export function sensirionCrc(high: number, low: number): number {
  let crc = 0xff;
  for (const byte of [high, low]) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 0x80 ? ((crc << 1) ^ 0x31) & 0xff : crc << 1;
  }
  return crc;
}

/** The words of an ASCII text, two characters each, filled up with zeros. */
export function wordsOfText(text: string, words: number): number[] {
  return Array.from(
    { length: words },
    (_, i) => ((text.charCodeAt(2 * i) || 0) << 8) | (text.charCodeAt(2 * i + 1) || 0),
  );
}

/**
 * The protocol that Sensirion's sensors share: 16-bit commands with words as
 * parameters, an execution time during which the chip acknowledges nothing, then an
 * answer of words, each with its CRC, that can be read once.
 */
export abstract class VirtualSensirion extends ModelledChip {
  readonly #commandBytes: 1 | 2;
  #busyUntilMs = 0;
  #answer: Uint8Array | undefined;

  protected constructor(
    name: string,
    address: number,
    surroundings: Surroundings,
    metrics: readonly string[],
    commandBytes: 1 | 2 = 2,
  ) {
    super(name, address, surroundings, metrics, true);
    this.#commandBytes = commandBytes;
  }

  /** The command of that code, or undefined when the chip does not know it. */
  protected abstract command(code: number): SensirionCommand | undefined;

  /** The state after power-on; the chip answers `bootMs` later. */
  protected abstract reset(): void;
  protected abstract readonly bootMs: number;

  override powerCycle(nowMs: number): void {
    this.reset();
    this.#answer = undefined;
    this.#busyUntilMs = nowMs + this.takes(this.bootMs);
  }

  protected override onWrite(bytes: Uint8Array, nowMs: number): boolean {
    if (nowMs < this.#busyUntilMs) return false;
    if (bytes.length === 0) return true;
    if (bytes.length < this.#commandBytes) return false;
    let code = 0;
    for (const byte of bytes.subarray(0, this.#commandBytes)) code = (code << 8) | byte;
    const command = this.command(code);
    if (!command) return false;
    const parameters = this.#parameters(bytes.subarray(this.#commandBytes));
    if (parameters?.length !== (command.parameterWords ?? 0)) return false;
    const words = command.run(nowMs, parameters);
    this.#answer = words && this.#encode(words);
    this.#busyUntilMs = nowMs + this.takes(command.executionMs);
    return true;
  }

  protected override onRead(_length: number, nowMs: number): Uint8Array | undefined {
    if (nowMs < this.#busyUntilMs) return undefined;
    const answer = this.#answer;
    this.#answer = undefined;
    return answer;
  }

  /** The words written after the command; undefined when a CRC is wrong. */
  #parameters(bytes: Uint8Array): number[] | undefined {
    const words: number[] = [];
    for (let i = 0; i < bytes.length; i += 3) {
      const [high = 0, low = 0, crc = -1] = bytes.subarray(i, i + 3);
      if (sensirionCrc(high, low) !== crc) return undefined;
      words.push((high << 8) | low);
    }
    return words;
  }

  #encode(words: readonly number[]): Uint8Array {
    const bytes = new Uint8Array(words.length * 3);
    words.forEach((word, i) => {
      const crc = sensirionCrc((word >> 8) & 0xff, word & 0xff);
      bytes[3 * i] = word >> 8;
      bytes[3 * i + 1] = word;
      bytes[3 * i + 2] = this.faults.settings.badCrc ? crc ^ 0x01 : crc;
    });
    return bytes;
  }
}
