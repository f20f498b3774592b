import type { Pixel } from "./mapView";

/** Where a name stands: its middle, and the direction in which it runs, in radians clockwise. */
export interface NamePlace extends Pixel {
  readonly angle: number;
}

/** Half of the height that a name takes, and the marks beside it. */
const HALF_HEIGHT_PX = 14;
/** Where along the piece a name is tried, from its middle (0) to its ends (-1, 1). */
const TRIES = [0, -0.5, 0.5, -1, 1];

/**
 * Finds a place for a street's name along one of its straight pieces: whole in sight, and
 * where it can, clear of what is drawn over it.
 *
 * @param line the street, in pixels of the map
 * @param lengthPx of the name
 * @param size of the map, in pixels
 * @param avoid middles of what would hide the name
 * @returns undefined when no piece in sight is long enough
 */
export function placeOfName(
  line: readonly Pixel[],
  lengthPx: number,
  size: { readonly width: number; readonly height: number },
  avoid: readonly Pixel[],
): NamePlace | undefined {
  let best: NamePlace | undefined;
  let bestHidden = Infinity;
  for (const { from, to } of piecesInSight(line, size)) {
    const spare = (distance(from, to) - lengthPx) / 2;
    if (spare < 0) break;
    const angle = Math.atan2(to.y - from.y, to.x - from.x);
    const [along, across] = [Math.cos(angle), Math.sin(angle)];
    const middle = { x: (from.x + to.x) / 2, y: (from.y + to.y) / 2 };
    for (const share of TRIES) {
      const x = middle.x + share * spare * along;
      const y = middle.y + share * spare * across;
      const hidden = avoid.filter(
        (one) =>
          Math.abs((one.x - x) * along + (one.y - y) * across) <
            lengthPx / 2 + HALF_HEIGHT_PX / 2 &&
          Math.abs((one.y - y) * along - (one.x - x) * across) < HALF_HEIGHT_PX,
      ).length;
      if (hidden >= bestHidden) continue;
      // Never upside down.
      best = { x, y, angle: Math.abs(angle) > Math.PI / 2 ? angle + Math.PI : angle };
      bestHidden = hidden;
      if (hidden === 0) return best;
    }
  }
  return best;
}

interface Piece {
  readonly from: Pixel;
  readonly to: Pixel;
}

/** What is in sight of each piece, the longest first. */
function piecesInSight(
  line: readonly Pixel[],
  size: { readonly width: number; readonly height: number },
): Piece[] {
  return line
    .slice(1)
    .flatMap((to, i) => {
      const from = line[i];
      const piece = from && clipped({ from, to }, size);
      return piece ? [piece] : [];
    })
    .sort((a, b) => distance(b.from, b.to) - distance(a.from, a.to));
}

/** The part of a piece that is on the map, half a name's height from its edges (Liang and Barsky). */
function clipped(
  { from, to }: Piece,
  { width, height }: { readonly width: number; readonly height: number },
): Piece | undefined {
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  let [start, end] = [0, 1];
  for (const [step, room] of [
    [-dx, from.x - HALF_HEIGHT_PX],
    [dx, width - HALF_HEIGHT_PX - from.x],
    [-dy, from.y - HALF_HEIGHT_PX],
    [dy, height - HALF_HEIGHT_PX - from.y],
  ] as const) {
    if (step === 0 && room < 0) return undefined;
    if (step < 0) start = Math.max(start, room / step);
    if (step > 0) end = Math.min(end, room / step);
  }
  if (start >= end) return undefined;
  const at = (share: number): Pixel => ({ x: from.x + share * dx, y: from.y + share * dy });
  return { from: at(start), to: at(end) };
}

function distance(a: Pixel, b: Pixel): number {
  return Math.hypot(b.x - a.x, b.y - a.y);
}
