/**
 * Reads a QR code (ISO/IEC 18004) of version 1 to 6 from its modules. It shares nothing with the library that makes the codes, and corrects no error:
 * a symbol that is drawn by a computer has none, and the Reed-Solomon code must say so.
 *
 * @param dark rows of modules, true where dark, without the quiet zone
 * @throws Error that says what is wrong with the symbol
 */
export function decodeQr(dark: readonly (readonly boolean[])[]): { text: string; level: string } {
  const size = dark.length;
  const version = (size - 17) / 4;
  if (!Number.isInteger(version) || version < 1 || version > 6)
    throw new Error(`no symbol of version 1 to 6: ${size} modules`);
  const at = (row: number, column: number) => dark[row]?.[column] === true;
  checkFinders(at, size);
  const { level, mask } = formatOf(at);
  const codewords = readCodewords(at, version, mask);
  const [eccPerBlock, blocks] = BLOCKS[level]?.[version - 1] ?? [0, 0];
  const data = dataOf(codewords, eccPerBlock, blocks);
  return { text: textOf(data), level };
}

type Modules = (row: number, column: number) => boolean;

/** Error correction codewords a block, and blocks, of versions 1 to 6 (table 9). */
const BLOCKS: Record<string, readonly (readonly [number, number])[]> = {
  L: [
    [7, 1],
    [10, 1],
    [15, 1],
    [20, 1],
    [26, 1],
    [18, 2],
  ],
  M: [
    [10, 1],
    [16, 1],
    [26, 1],
    [18, 2],
    [24, 2],
    [16, 4],
  ],
  Q: [
    [13, 1],
    [22, 1],
    [18, 2],
    [26, 2],
    [18, 4],
    [24, 4],
  ],
  H: [
    [17, 1],
    [28, 1],
    [22, 2],
    [16, 4],
    [22, 4],
    [28, 4],
  ],
};

/** Data masks (table 10); i is the row, j the column. */
const MASKS: readonly ((i: number, j: number) => boolean)[] = [
  (i, j) => (i + j) % 2 === 0,
  (i) => i % 2 === 0,
  (_, j) => j % 3 === 0,
  (i, j) => (i + j) % 3 === 0,
  (i, j) => (Math.floor(i / 2) + Math.floor(j / 3)) % 2 === 0,
  (i, j) => ((i * j) % 2) + ((i * j) % 3) === 0,
  (i, j) => (((i * j) % 2) + ((i * j) % 3)) % 2 === 0,
  (i, j) => (((i + j) % 2) + ((i * j) % 3)) % 2 === 0,
];

function checkFinders(at: Modules, size: number): void {
  for (const [top, left] of [
    [0, 0],
    [0, size - 7],
    [size - 7, 0],
  ] as const)
    for (let row = 0; row < 7; row++)
      for (let column = 0; column < 7; column++) {
        const ring = Math.max(Math.abs(row - 3), Math.abs(column - 3));
        if (at(top + row, left + column) !== (ring !== 2)) throw new Error("no finder pattern");
      }
}

/** Level and mask from the format information beside the upper left finder (clause 7.9). */
function formatOf(at: Modules): { level: string; mask: number } {
  const places = [
    ...[0, 1, 2, 3, 4, 5, 7, 8].map((column) => [8, column] as const),
    ...[7, 5, 4, 3, 2, 1, 0].map((row) => [row, 8] as const),
  ];
  const read = places.reduce((bits, [row, column]) => (bits << 1) | Number(at(row, column)), 0);
  const bits = read ^ 0x5412;
  // BCH (15, 5) with the generator 10100110111: the remainder of a whole word is 0.
  let remainder = bits;
  for (let shift = 4; shift >= 0; shift--)
    if (remainder & (1 << (shift + 10))) remainder ^= 0x537 << shift;
  if (remainder !== 0) throw new Error("bad format information");
  return { level: ["M", "L", "H", "Q"][bits >> 13] ?? "", mask: (bits >> 10) & 7 };
}

/** Whether a module belongs to a pattern, not to the data (clause 6.3). */
function isFunction(row: number, column: number, version: number): boolean {
  const size = 17 + 4 * version;
  if (row === 6 || column === 6) return true;
  if ((row < 9 && (column < 9 || column >= size - 8)) || (row >= size - 8 && column < 9))
    return true;
  // Versions 2 to 6 have one alignment pattern that no finder covers.
  const centre = size - 7;
  return version > 1 && Math.abs(row - centre) <= 2 && Math.abs(column - centre) <= 2;
}

/** Two columns at a time, from the right, up and down in turn (clause 7.7.3). */
function readCodewords(at: Modules, version: number, mask: number): number[] {
  const size = 17 + 4 * version;
  const bits: number[] = [];
  let up = true;
  for (let right = size - 1; right > 0; right -= 2) {
    if (right === 6) right--;
    for (let step = 0; step < size; step++) {
      const row = up ? size - 1 - step : step;
      for (const column of [right, right - 1]) {
        if (isFunction(row, column, version)) continue;
        bits.push(Number(at(row, column) !== (MASKS[mask]?.(row, column) ?? false)));
      }
    }
    up = !up;
  }
  const codewords: number[] = [];
  for (let i = 0; i + 8 <= bits.length; i += 8)
    codewords.push(bits.slice(i, i + 8).reduce((byte, bit) => (byte << 1) | bit, 0));
  return codewords;
}

/** Takes the blocks apart (clause 7.6) and checks each one's error correction. */
function dataOf(codewords: readonly number[], eccPerBlock: number, blocks: number): number[] {
  const dataTotal = codewords.length - eccPerBlock * blocks;
  const short = Math.floor(dataTotal / blocks);
  const longBlocks = dataTotal % blocks;
  const parts: number[][] = Array.from({ length: blocks }, () => []);
  let next = 0;
  for (let i = 0; i <= short; i++)
    for (let block = 0; block < blocks; block++)
      if (i < short || block >= blocks - longBlocks) parts[block]?.push(codewords[next++] ?? 0);
  for (let i = 0; i < eccPerBlock; i++)
    for (let block = 0; block < blocks; block++) parts[block]?.push(codewords[next++] ?? 0);
  for (const part of parts) checkReedSolomon(part, eccPerBlock);
  return parts.flatMap((part) => part.slice(0, part.length - eccPerBlock));
}

/** A block, taken as a polynomial over GF(256), is 0 at each root of the generator. */
function checkReedSolomon(block: readonly number[], eccCodewords: number): void {
  for (let root = 0, power = 1; root < eccCodewords; root++, power = times(power, 2))
    if (block.reduce((sum, codeword) => times(sum, power) ^ codeword, 0) !== 0)
      throw new Error("bad error correction");
}

/** Multiplication in GF(256) with x^8 + x^4 + x^3 + x^2 + 1. */
function times(a: number, b: number): number {
  let product = 0;
  for (let bit = 7; bit >= 0; bit--) {
    product = (product << 1) ^ (product & 0x80 ? 0x11d : 0);
    if (b & (1 << bit)) product ^= a;
  }
  return product;
}

const ALPHANUMERIC = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";

/** The text of all segments: numeric, alphanumeric and bytes (clause 7.4). */
function textOf(data: readonly number[]): string {
  const bits = data.map((byte) => byte.toString(2).padStart(8, "0")).join("");
  let next = 0;
  const take = (count: number) => parseInt(bits.slice(next, (next += count)), 2);
  let text = "";
  while (bits.length - next >= 4) {
    const mode = take(4);
    if (mode === 0) break;
    if (mode === 1) {
      for (let left = take(10); left > 0; left -= 3) {
        const digits = Math.min(left, 3);
        text += String(take([0, 4, 7, 10][digits] ?? 0)).padStart(digits, "0");
      }
    } else if (mode === 2) {
      let left = take(9);
      for (; left > 1; left -= 2) {
        const pair = take(11);
        text += `${ALPHANUMERIC[Math.floor(pair / 45)]}${ALPHANUMERIC[pair % 45]}`;
      }
      if (left === 1) text += ALPHANUMERIC[take(6)];
    } else if (mode === 4) {
      text += Buffer.from(Array.from({ length: take(8) }, () => take(8))).toString();
    } else throw new Error(`unknown mode ${mode}`);
  }
  return text;
}
