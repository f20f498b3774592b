/**
 * Bytes in pieces: a message of some kilobytes is never in one place, for after days the
 * free heap has no such place, and an allocation that fails ends the program.
 */

/** Bytes of every piece but the last. */
export const PIECE_BYTES = 1024;

/** Bytes that are read only. Of a message over the limit only their number is known: to read one throws. */
export class PiecedBytes {
  readonly length: number;
  private readonly pieces: Buffer[];
  private readonly from: number;

  /** So many bytes of the pieces from `from` on. Every piece but the last has `PIECE_BYTES`. */
  constructor(pieces: Buffer[], from: number, length: number) {
    this.pieces = pieces;
    this.from = from;
    this.length = length;
  }

  /** Whether the bytes themselves were left out. */
  isLeftOut(): boolean {
    return this.pieces.length === 0;
  }

  /** The byte at an index, 0 to `length` - 1. */
  at(index: number): number {
    const i = this.from + index;
    return (this.pieces[(i / PIECE_BYTES) | 0] as Buffer)[i & (PIECE_BYTES - 1)] as number;
  }

  /** A copy of all bytes, or of the first `most` where there are more. */
  beginning(most: number): Buffer {
    return this.slice(0, Math.min(this.length, most));
  }

  /** A copy of the bytes from `start` up to, not including, `end`. */
  slice(start: number, end: number): Buffer {
    const copy = Buffer.alloc(end - start);
    let at = this.from + start;
    for (let done = 0; done < copy.length;) {
      const piece = this.pieces[(at / PIECE_BYTES) | 0] as Buffer;
      const from = at & (PIECE_BYTES - 1);
      const count = Math.min(piece.length - from, copy.length - done);
      copy.set(piece.slice(from, from + count), done);
      done += count;
      at += count;
    }
    return copy;
  }
}

/** Bytes that are in one place. */
export function piecedBytes(whole: Buffer): PiecedBytes {
  const pieces: Buffer[] = [];
  for (let from = 0; from === 0 || from < whole.length; from += PIECE_BYTES)
    pieces.push(whole.slice(from, Math.min(from + PIECE_BYTES, whole.length)));
  return new PiecedBytes(pieces, 0, whole.length);
}
