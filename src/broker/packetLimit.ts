import { Transform, type TransformCallback } from "node:stream";

/** Bytes of a remaining length at most (MQTT 3.1.1 clause 2.2.3). */
const LENGTH_BYTES_MAX = 4;

/**
 * Passes MQTT packets on as they come and ends the connection at the first one that
 * announces more than `maxBytes`: a broker library reads whole packets into memory.
 */
export class PacketLimit extends Transform {
  readonly #maxBytes: number;
  /** Bytes of the current packet's body still to come. */
  #bodyLeft = 0;
  /** Length bytes seen of the current header; -1 before its first byte. */
  #lengthBytes = -1;
  #length = 0;

  constructor(maxBytes: number) {
    super();
    this.#maxBytes = maxBytes;
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    for (let at = 0; at < chunk.length;) {
      if (this.#bodyLeft > 0) {
        const skipped = Math.min(this.#bodyLeft, chunk.length - at);
        this.#bodyLeft -= skipped;
        at += skipped;
        continue;
      }
      const problem = this.#header(chunk[at++] as number);
      if (problem) return done(new Error(problem));
    }
    done(null, chunk);
  }

  #header(byte: number): string | undefined {
    if (this.#lengthBytes < 0) {
      this.#lengthBytes = 0;
      this.#length = 0;
      return undefined;
    }
    this.#length += (byte & 0x7f) * 128 ** this.#lengthBytes++;
    const more = (byte & 0x80) !== 0;
    if (more && this.#lengthBytes < LENGTH_BYTES_MAX) return undefined;
    if (more) return "a remaining length of more than four bytes";
    if (this.#length > this.#maxBytes)
      return `a packet of ${this.#length} bytes, at most ${this.#maxBytes} are taken`;
    this.#bodyLeft = this.#length;
    this.#lengthBytes = -1;
    return undefined;
  }
}
