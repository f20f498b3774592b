const END = 0xc0;
const ESC = 0xdb;
const ESC_END = 0xdc;
const ESC_ESC = 0xdd;

/** A frame of SLIP (RFC 1055), with END before and after it. */
export function slipFrame(content: Uint8Array): Uint8Array {
  const out = [END];
  for (const byte of content) {
    if (byte === END) out.push(ESC, ESC_END);
    else if (byte === ESC) out.push(ESC, ESC_ESC);
    else out.push(byte);
  }
  out.push(END);
  return Uint8Array.from(out);
}

/** Takes a stream of bytes apart into SLIP frames; bytes outside of frames are dropped. */
export class SlipReader {
  #content: number[] | undefined;
  #escaped = false;

  push(bytes: Uint8Array): Uint8Array[] {
    const frames: Uint8Array[] = [];
    for (const byte of bytes) {
      if (byte === END) {
        if (this.#content?.length) frames.push(Uint8Array.from(this.#content));
        // An END that closes a frame can also open the next one.
        this.#content = [];
        this.#escaped = false;
      } else if (!this.#content) continue;
      else if (this.#escaped) {
        this.#content.push(byte === ESC_END ? END : byte === ESC_ESC ? ESC : byte);
        this.#escaped = false;
      } else if (byte === ESC) this.#escaped = true;
      else this.#content.push(byte);
    }
    return frames;
  }

  reset(): void {
    this.#content = undefined;
    this.#escaped = false;
  }
}
